import ArgumentParser
import Experiments
import TextForms

/// Why a value is refused, as what to give instead; the name of the option and the value come before it.
struct Remedy: Error, CustomStringConvertible {
    let description: String
}

// A value may begin with a dash, as a negative number does: what follows one of these options is its value.
extension Option {
    /// An integer that is not too small.
    init(wrappedValue: Int, help: ArgumentHelp, atLeast minimum: Int) where Value == Int {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: "\(wrappedValue)"),
            transform: { try integer($0, atLeast: minimum) })
    }

    /// An integer that is not too small, if one is given; `effect` is that of leaving the option out.
    init(help: ArgumentHelp, atLeast minimum: Int, orLeftOut effect: String) where Value == Int? {
        self.init(
            parsing: .unconditional, help: help,
            transform: { try given(try integer($0, atLeast: minimum), orLeftOut: effect) })
    }

    /// An integer within bounds, if one is given; `effect` is that of leaving the option out.
    init(help: ArgumentHelp, in range: ClosedRange<Int>, orLeftOut effect: String) where Value == Int? {
        self.init(
            parsing: .unconditional, help: help,
            transform: { try given(try integer($0, in: range), orLeftOut: effect) })
    }

    /// An integer within bounds.
    init(wrappedValue: Int, help: ArgumentHelp, in range: ClosedRange<Int>) where Value == Int {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: "\(wrappedValue)"),
            transform: { try integer($0, in: range) })
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
            transform: { try value($0) })
    }

    /// A value that the library reads from a text, if one is given.
    init<Given: TextConvertible & SendableMetatype>(help: ArgumentHelp) where Value == Given? {
        self.init(parsing: .unconditional, help: help, transform: { try value($0) })
    }

    /// A value that the library reads from a text, of an option that not every job heeds: nil if it is not given, for which
    /// the default is taken.
    init<Given: TextConvertible & SendableMetatype>(help: ArgumentHelp, default standard: Given) where Value == Given? {
        self.init(help: help.with(default: standard.text))
    }
}

extension Argument where Value: TextConvertible & SendableMetatype {
    /// A value that the library reads from a text.
    init(help: ArgumentHelp) { self.init(help: help, transform: { try value($0) }) }
}

extension Option<String?> {
    /// One of the options that not every method of teleportation heeds: help, default and what it takes are the methods' own.
    init(_ option: TeleportOption) {
        let choices = option.choices.isEmpty ? "" : "\(option.choices.alternatives); "
        self.init(
            name: .customLong(option.name), parsing: .unconditional,
            help: ArgumentHelp(
                "\(option.help). (\(choices)default: \(option.standardText); for \(option.methodNames))"),
            transform: { text throws(Remedy) in
                do throws(TextError) {
                    try option.check(text)
                } catch {
                    throw Remedy(description: error.remedy)
                }
                return text
            })
    }
}

private func value<Value: TextConvertible>(_ text: String) throws(Remedy) -> Value {
    do throws(TextError) {
        return try Value(text: text)
    } catch {
        throw Remedy(description: error.remedy)
    }
}

private func integer(_ text: String, in range: ClosedRange<Int>) throws(Remedy) -> Int {
    guard let value = Int(text), range.contains(value) else {
        throw Remedy(description: "give an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
}

private func integer(_ text: String, atLeast minimum: Int) throws(Remedy) -> Int {
    guard let value = Int(text), value >= minimum else {
        throw Remedy(description: "give an integer of at least \(minimum)")
    }
    return value
}

private func positiveNumber(_ text: String) throws(Remedy) -> Double {
    guard let value = Double(text), value > 0, value.isFinite else {
        throw Remedy(description: "give a positive number")
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
