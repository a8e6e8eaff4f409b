import ArgumentParser
import Experiments
import Teleportation
import TextForms

extension ArgumentHelp {
    /// Of the option that says what becomes of moments.
    static var optimizerState: ArgumentHelp {
        """
        What becomes of the optimizer's moments: keep, reset, or teleport, which moves the velocity of momentum as the weights, with \
        symmetry or gauge.
        """
    }
}

extension CompletionKind {
    /// A configuration file.
    static var yaml: CompletionKind { .file(extensions: ["yaml", "yml"]) }
    /// A file of weights.
    static var safetensors: CompletionKind { .file(extensions: ["safetensors"]) }
}

/// What offers texts to choose from, or to begin with; nil if there are none.
private func completion(offering texts: [String]) -> CompletionKind? { texts.isEmpty ? nil : .list(texts) }

// A value may begin with a dash, as a negative number does: what follows one of these options is its value.
extension Option {
    /// An integer that is not too small.
    init(wrappedValue: Int, help: ArgumentHelp, atLeast minimum: Int) where Value == Int {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: "\(wrappedValue)"),
            transform: { try integer($0, in: minimum...NumberRange.largestInteger) })
    }

    /// An integer that is not too small, if one is given; `effect` is that of leaving the option out.
    init(help: ArgumentHelp, atLeast minimum: Int, orLeftOut effect: String) where Value == Int? {
        self.init(
            parsing: .unconditional, help: help,
            transform: { try given(try integer($0, in: minimum...NumberRange.largestInteger), orLeftOut: effect) })
    }

    /// An integer within bounds, if one is given; `effect` is that of leaving the option out.
    init(help: ArgumentHelp, in range: ClosedRange<Int>, orLeftOut effect: String) where Value == Int? {
        self.init(
            parsing: .unconditional, help: help,
            transform: { try given(try integer($0, in: range), orLeftOut: effect) })
    }

    /// A number of threads, or auto for nil.
    init(threads help: ArgumentHelp) where Value == Int? {
        self.init(
            parsing: .unconditional, help: help,
            transform: { text in
                if text == "auto" { return nil }
                do throws(Remedy) { return try integer(text, in: 1...1024) } catch {
                    throw Remedy(description: "\(error), or auto")
                }
            })
    }

    /// An integer within bounds.
    init(wrappedValue: Int, help: ArgumentHelp, in range: ClosedRange<Int>) where Value == Int {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: "\(wrappedValue)"),
            transform: { try integer($0, in: range) })
    }

    /// A number above zero.
    init(wrappedValue: Double, positiveNumber help: ArgumentHelp) where Value == Double {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: wrappedValue.shortText),
            transform: { try positiveNumber($0) })
    }

    /// A share that is not the whole.
    init(wrappedValue: Double, share help: ArgumentHelp) where Value == Double {
        self.init(wrappedValue: wrappedValue, help: help, remedy: "give a number from 0 to below 1") {
            (0..<1).contains($0)
        }
    }

    /// A share, which may be the whole.
    init(wrappedValue: Double, shareOrWhole help: ArgumentHelp) where Value == Double {
        self.init(wrappedValue: wrappedValue, help: help, remedy: "give a number from 0 to 1") { (0...1).contains($0) }
    }

    /// A number that is accepted; of others the remedy says what to give.
    private init(
        wrappedValue: Double, help: ArgumentHelp, remedy: String, accepts: @escaping @Sendable (Double) -> Bool
    ) where Value == Double {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: wrappedValue.shortText),
            transform: { text throws(Remedy) in
                guard let value = Double(text), accepts(value) else { throw Remedy(description: remedy) }
                return value
            })
    }

    /// A number above zero, if one is given; `effect` is that of leaving the option out.
    init(help: ArgumentHelp, orLeftOut effect: String) where Value == Double? {
        self.init(
            parsing: .unconditional, help: help,
            transform: { try given(try positiveNumber($0), orLeftOut: effect) })
    }

    /// A value that the library reads from a text.
    init(wrappedValue: Value, help: ArgumentHelp) where Value: TextConvertible & SendableMetatype {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: wrappedValue.text),
            completion: completion(offering: Value.offers), transform: { try value($0) })
    }

    /// A value that the library reads from a text, if one is given.
    init<Given: TextConvertible & SendableMetatype>(help: ArgumentHelp) where Value == Given? {
        self.init(
            parsing: .unconditional, help: help, completion: completion(offering: Given.offers),
            transform: { try value($0) })
    }

    /// A value that the library reads from a text, of an option that not every job heeds: nil if it is not given, for which
    /// the default is taken.
    init<Given: TextConvertible & SendableMetatype>(help: ArgumentHelp, default standard: Given) where Value == Given? {
        self.init(help: help.with(default: standard.text))
    }
}

extension Option<TeleportSchedule.Moments> {
    /// Moments for teleports; of a range that goes backwards the refusal says so.
    init(wrappedValue: TeleportSchedule.Moments, moments help: ArgumentHelp) {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: wrappedValue.text),
            completion: completion(offering: TeleportSchedule.Moments.offers),
            transform: { text throws(Remedy) in
                if let remedy = BackwardRange(in: text)?.remedy { throw Remedy(description: remedy) }
                return try value(text)
            })
    }
}

extension Option<Architecture> {
    /// A model: a text that the library reads, or a YAML file of layers.
    init(wrappedValue: Architecture, model help: ArgumentHelp) {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: wrappedValue.text),
            completion: completion(offering: Architecture.offers),
            transform: { text throws(Remedy) in
                guard LayerStackFile.isNamed(by: text) else { return try value(text) }
                return .stack(try LayerStackFile(path: text).stack)
            })
    }
}

extension Option<String?> {
    /// A folder or file, if one is named.
    init(help: ArgumentHelp, naming kind: String, _ completion: CompletionKind = .file()) {
        self.init(
            parsing: .unconditional, help: help, completion: completion,
            transform: { path in
                guard !path.isEmpty else { throw Remedy(description: "name a \(kind), or leave the option out") }
                return path
            })
    }
}

extension Option<String> {
    /// A file that must be named.
    init(help: ArgumentHelp, namingA kind: String, _ completion: CompletionKind = .file()) {
        self.init(
            parsing: .unconditional, help: help, completion: completion,
            transform: { path in
                guard !path.isEmpty else { throw Remedy(description: "name a \(kind)") }
                return path
            })
    }
}

extension Argument where Value: TextConvertible & SendableMetatype {
    /// A value that the library reads from a text.
    init(help: ArgumentHelp) {
        self.init(help: help, completion: completion(offering: Value.offers), transform: { try value($0) })
    }
}

extension Argument {
    /// Values that the library reads from texts, one at least.
    init<Element: TextConvertible & SendableMetatype>(help: ArgumentHelp) where Value == [Element] {
        self.init(help: help, transform: { try value($0) })
    }

    /// Values that the library reads from texts, if any are given.
    init<Element: TextConvertible & SendableMetatype>(wrappedValue: [Element], help: ArgumentHelp)
    where Value == [Element] {
        self.init(wrappedValue: wrappedValue, help: help, transform: { try value($0) })
    }
}

extension Option<String?> {
    /// One of the options that not every method of teleportation heeds: help, default and what it takes are the methods' own.
    init(_ option: TeleportOption) {
        let choices = option.choices.isEmpty ? "" : "\(option.choices.alternatives); "
        self.init(
            name: .customLong(option.name), parsing: .unconditional,
            help: ArgumentHelp(
                "\(option.help). (\(choices)default: \(option.standardText); for \(option.methodNames))"),
            completion: completion(offering: option.offers),
            transform: { text throws(Remedy) in
                do throws(TextError) {
                    try option.check(text)
                } catch {
                    throw Remedy(error, offering: option.offers)
                }
                return text
            })
    }
}

extension Option<String?> {
    /// One of the settings of a course of learning: help, default and what it takes are its own.
    init(_ setting: Setting<LearningCourse>) {
        let choices = setting.choices.isEmpty ? "" : "\(setting.choices.alternatives); "
        self.init(
            name: .customLong(setting.name), parsing: .unconditional,
            help: ArgumentHelp("\(setting.help). (\(choices)default: \(setting.text(of: LearningCourse())))"),
            completion: completion(offering: setting.offers),
            transform: { text throws(Remedy) in
                var course = LearningCourse()
                do throws(TextError) { try setting.set(&course, to: text) } catch {
                    throw Remedy(error, offering: setting.offers)
                }
                return text
            })
    }
}

extension [String] {
    /// The value that arguments give an option last; nil if they give it none.
    func value(of option: String) -> String? {
        var value: String?
        for (index, argument) in enumerated() {
            if argument == "--\(option)" {
                value = index + 1 < count ? self[index + 1] : value
            } else if argument.hasPrefix("--\(option)=") {
                value = String(argument.dropFirst(option.count + 3))
            }
        }
        return value
    }
}

private func value<Value: TextConvertible>(_ text: String) throws(Remedy) -> Value {
    do throws(TextError) {
        return try Value(text: text)
    } catch {
        throw Remedy(error.namingRange, offering: Value.offers)
    }
}

private func integer(_ text: String, in range: ClosedRange<Int>) throws(Remedy) -> Int {
    do throws(TextError) {
        return try NumberRange.integer(text, in: range)
    } catch {
        throw Remedy(description: error.remedy)
    }
}

private func positiveNumber(_ text: String) throws(Remedy) -> Double {
    guard let value = NumberRange.positiveNumber(text) else {
        throw Remedy(description: "give a positive number \(NumberRange.description)")
    }
    return value
}

/// A value of an option that can be left out, which a refusal says.
private func given<Value>(
    _ value: @autoclosure () throws(Remedy) -> Value, orLeftOut effect: String
) throws(Remedy) -> Value {
    do throws(Remedy) { return try value() } catch {
        throw Remedy(description: "\(error), or leave the option out \(effect)")
    }
}

extension ArgumentHelp {
    /// The library prints defaults only of options that it reads itself.
    fileprivate func with(default value: String) -> ArgumentHelp {
        var help = self
        help.abstract += " (default: \(value))"
        return help
    }
}
