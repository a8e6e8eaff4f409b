import Reporting
import Teleportation
import TextForms

/// The options of teleports that not every method heeds, as the methods state them.
package struct TeleportOption: Sendable {
    /// The name on the command line, in configuration files and in summaries.
    package let name: String
    /// What it sets, for people.
    package let help: String
    /// What can be given, if it is one of a few words.
    package let choices: [String]
    /// Texts to choose from, or to begin with; empty where a number is asked for.
    package let offers: [String]
    /// The methods that heed it, and what each takes where it is not given.
    package let methods: [(method: TeleportMethod, standard: String)]

    /// All of them, in the order in which the methods name them first.
    package static let all: [TeleportOption] = {
        let statements = TeleportMethod.allCases.flatMap { method in
            method.teleporter.settingDescriptions.map { (method: method, setting: $0) }
        }
        var names: [String] = []
        for (_, setting) in statements where !names.contains(setting.name) { names.append(setting.name) }
        return names.map { name in
            let uses = statements.filter { $0.setting.name == name }
            var helps: [String] = []
            var (choices, offers): ([String], [String]) = ([], [])
            for (_, setting) in uses {
                if !helps.contains(setting.help) { helps.append(setting.help) }
                choices += setting.choices.filter { !choices.contains($0) }
                offers += setting.offers.filter { !offers.contains($0) }
            }
            return TeleportOption(
                name: name, help: helps.joined(separator: "; "), choices: choices, offers: offers,
                methods: uses.map { ($0.method, $0.setting.standard) })
        }
    }()

    /// The option of a name; traps if there is none.
    package static func named(_ name: String) -> TeleportOption {
        guard let option = all.first(where: { $0.name == name }) else { fatalError("no method has a setting \(name)") }
        return option
    }

    /// The methods that heed it, as people list them.
    package var methodNames: String { methods.map(\.method.rawValue).alternatives }

    /// What is taken where the option is not given, as people say it: `overshoot; armijo for level-set`.
    package var standardText: String {
        guard let common = methods.first?.standard else { return "" }
        let others = methods.filter { $0.standard != common }.map { "\($0.standard) for \($0.method.rawValue)" }
        return ([common] + others).joined(separator: "; ")
    }

    /// Checks that some method takes a value.
    ///
    /// - Throws: `TextError` if none does.
    package func check(_ text: String) throws(TextError) {
        var errors: [TextError] = []
        for (method, _) in methods {
            var teleporter: any TextualTeleporter = method.teleporter.standard(heeding: name)
            do throws(TextError) {
                try teleporter.set(name, to: text)
                return
            } catch let refusal {
                if !errors.contains(refusal) { errors.append(refusal) }
            }
        }
        // Where methods differ in what they take, all of it is said.
        throw errors.count == 1 || choices.isEmpty
            ? errors[0] : TextError(text, "give \(choices.alternatives)")
    }

    /// The method of a teleporter and all that is set, by the names of the options; of one that has no text form, its type. Of a
    /// sequence the method is its whole text, and what is set is that in which all are alike that heed it.
    package static func values(of teleporter: any Teleporter) -> [String: JSONValue] {
        if let sequence = teleporter as? TeleporterSequence {
            let parts = sequence.teleporters.map(values)
            let settings = Dictionary(parts.flatMap(\.self).map { ($0.key, [$0.value]) }, uniquingKeysWith: +)
            let alike = settings.compactMapValues { values in values.allSatisfy { $0 == values[0] } ? values[0] : nil }
            return alike.merging(["method": .string("\(sequence)")]) { $1 }
        }
        guard let teleporter = teleporter as? any TextualTeleporter else {
            return ["method": .string("\(type(of: teleporter))")]
        }
        let operand = teleporter.operand.map { ":\($0)" } ?? ""
        var values: [String: JSONValue] = ["method": .string(type(of: teleporter).methodName + operand)]
        for (name, text) in teleporter.settingTexts {
            values[name] =
                Int(text).map { .integer($0) } ?? Double(text).flatMap { $0.isFinite ? .number($0) : nil }
                ?? .string(text)
        }
        return values
    }
}
