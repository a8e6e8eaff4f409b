/// One of the numbers or choices that a value is made of, under the name that it has on the command line, in configuration
/// files and in texts such as `null-space:tau=0.99`.
package struct Setting<Owner>: Sendable {
    /// The name.
    package let name: String
    /// What it sets, or what it takes, for people.
    package let help: String
    /// Whether the name alone stands for `true`.
    package let isFlag: Bool
    /// What can be given, if it is one of a few words.
    package let choices: [String]
    /// Texts to choose from, or to begin with: the choices, if there are some.
    package let offers: [String]
    /// What must be set for it to mean anything, as the objective that it is a number of; nil if it always does.
    package let companion: Companion?
    private let heeds: @Sendable (Owner) -> Bool
    private let read: @Sendable (Owner) -> String
    private let write: @Sendable (inout Owner, String) throws(TextError) -> Void

    /// Another setting, and the value of it without which one is not heeded.
    package struct Companion: Hashable, Sendable {
        /// The name of the other setting.
        package let name: String
        /// Its value.
        package let value: String

        /// The other setting and its value.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A setting that is read and written by functions; of one with a companion `heeds` says whether that is set, and nothing
    /// is written where it is not.
    package init(
        _ name: String, _ help: String, choices: [String] = [], offers: [String] = [], isFlag: Bool = false,
        with companion: Companion? = nil,
        heeds: @escaping @Sendable (Owner) -> Bool = { _ in true }, read: @escaping @Sendable (Owner) -> String,
        write: @escaping @Sendable (inout Owner, String) throws(TextError) -> Void
    ) {
        self.name = name
        self.help = help
        self.choices = choices
        self.offers = choices.isEmpty ? offers : choices
        self.isFlag = isFlag
        self.companion = companion
        self.heeds = heeds
        self.read = read
        self.write = write
    }

    /// What sets it to a value, as `tau=0.99`.
    package func assignment(of value: String) -> String { isFlag && value == "true" ? name : "\(name)=\(value)" }

    /// What it is set to.
    package func text(of owner: Owner) -> String { read(owner) }

    /// Whether it means anything to a value.
    package func isHeeded(by owner: Owner) -> Bool { heeds(owner) }

    /// Sets it.
    package func set(_ owner: inout Owner, to text: String) throws(TextError) {
        if let companion, !heeds(owner) {
            throw TextError(text, "it goes with the \(companion.name) \(companion.value) alone; give that too")
        }
        do throws(TextError) { try write(&owner, text) } catch { throw error.namingRange }
    }

    /// The same setting of a value that holds this one.
    package func within<Whole>(_ path: WritableKeyPath<Whole, Owner> & Sendable) -> Setting<Whole> {
        Setting<Whole>(
            name, help, choices: choices, offers: offers, isFlag: isFlag,
            with: companion.map { .init($0.name, $0.value) },
            heeds: { heeds($0[keyPath: path]) }
        ) {
            read($0[keyPath: path])
        } write: {
            (whole, text) throws(TextError) in
            try write(&whole[keyPath: path], text)
        }
    }
}

extension Setting {
    /// A part that has a text form.
    package init<Value: TextConvertible & SendableMetatype>(
        _ name: String, _ path: WritableKeyPath<Owner, Value> & Sendable, _ help: String
    ) {
        self.init(name, help, offers: Value.offers) {
            $0[keyPath: path].text
        } write: { (owner, text) throws(TextError) in
            owner[keyPath: path] = try Value(text: text)
        }
    }

    /// A part that is one of a few words.
    package init<Value: RawRepresentable<String> & CaseIterable & SendableMetatype>(
        _ name: String, _ path: WritableKeyPath<Owner, Value> & Sendable, _ help: String
    ) {
        let choices = Value.allCases.map(\.rawValue)
        self.init(name, help, choices: choices) {
            $0[keyPath: path].rawValue
        } write: { (owner, text) throws(TextError) in
            guard let value = Value(rawValue: text) else {
                throw TextError(text, "give \(choices.alternatives)")
            }
            owner[keyPath: path] = value
        }
    }

    /// A part that is an integer of at least a minimum.
    package init(
        _ name: String, _ path: WritableKeyPath<Owner, Int> & Sendable, atLeast minimum: Int, _ help: String
    ) {
        self.init(name, help) {
            String($0[keyPath: path])
        } write: { (owner, text) throws(TextError) in
            owner[keyPath: path] = try NumberRange.integer(text, in: minimum...NumberRange.largestInteger)
        }
    }

    /// A part that is a number above zero, and not above a maximum; without one it may be `inf`.
    package init(
        _ name: String, _ path: WritableKeyPath<Owner, Double> & Sendable, positiveUpTo maximum: Double = .infinity,
        _ help: String
    ) {
        self.init(name, help) {
            $0[keyPath: path].shortText
        } write: { (owner, text) throws(TextError) in
            guard let value = Double(text), value >= NumberRange.positive.lowerBound, value <= maximum else {
                throw TextError(
                    text, "give a positive number" + (maximum.isFinite ? ", at most \(maximum.shortText)" : ""))
            }
            owner[keyPath: path] = value
        }
    }
}

/// The settings of a value in a text: `tau=0.99,scope=dataset`.
package enum SettingList {
    /// What differs from another value, in the order of the settings; empty if nothing does.
    package static func text<Owner>(_ settings: [Setting<Owner>], of owner: Owner, besides standard: Owner) -> String {
        // What follows from a setting that came before need not be said.
        var said = standard
        return settings.filter { $0.isHeeded(by: owner) }.compactMap { setting in
            let text = setting.text(of: owner)
            guard text != setting.text(of: said) else { return nil }
            do throws(TextError) { try setting.set(&said, to: text) } catch {}
            return setting.assignment(of: text)
        }.joined(separator: ",")
    }

    /// The parts of a list, in their order: what stands before an equals sign, and what stands behind it if there is one.
    package static func parts(of list: Substring) -> [(text: Substring, name: String, value: String?)] {
        list.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (part, pair.first ?? "", pair.count > 1 ? pair[1] : nil)
        }
    }

    /// Sets what a text says.
    ///
    /// - Throws: `TextError` with the part of the text that is none of the settings, sets one to what it does not take, or sets
    ///   it twice.
    package static func set<Owner>(
        _ settings: [Setting<Owner>], of owner: inout Owner, from text: Substring
    ) throws(TextError) {
        var found: [(index: Int, part: Substring, value: String)] = []
        for (part, name, value) in parts(of: text) {
            guard let index = settings.firstIndex(where: { $0.name == name }), value != nil || settings[index].isFlag
            else {
                throw TextError(
                    String(part), "give SETTING=VALUE with the setting \(settings.map(\.name).alternatives)")
            }
            guard !found.contains(where: { $0.index == index }) else {
                throw TextError(String(part), "give \(name) once")
            }
            found.append((index, part, value ?? "true"))
        }
        // In the order of the settings: one that brings others along comes before these.
        for (index, part, value) in found.sorted(by: { $0.index < $1.index }) {
            do throws(TextError) { try settings[index].set(&owner, to: value) } catch {
                throw TextError(String(part), "for \(settings[index].name), \(error.remedy)")
            }
        }
    }
}
