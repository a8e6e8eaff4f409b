import ArgumentParser
import Experiments
import Reproductions
import Teleportation
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

    /// An integer that is not too small, if one is given.
    init(help: ArgumentHelp, atLeast minimum: Int) where Value == Int? {
        self.init(parsing: .unconditional, help: help, transform: { try integer($0, atLeast: minimum) })
    }

    /// An integer within bounds, if one is given.
    init(help: ArgumentHelp, in range: ClosedRange<Int>) where Value == Int? {
        self.init(parsing: .unconditional, help: help, transform: { try integer($0, in: range) })
    }

    /// An integer within bounds.
    init(wrappedValue: Int, help: ArgumentHelp, in range: ClosedRange<Int>) where Value == Int {
        self.init(
            wrappedValue: wrappedValue, parsing: .unconditional, help: help.with(default: "\(wrappedValue)"),
            transform: { try integer($0, in: range) })
    }

    /// A number above zero, and not above a maximum where there is one, if one is given.
    init(help: ArgumentHelp, positiveUpTo maximum: Double = .infinity) where Value == Double? {
        self.init(parsing: .unconditional, help: help, transform: { try number($0, positiveUpTo: maximum) })
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
}

extension Option<String?> {
    /// One of the options that not every method of teleportation heeds: help, default and what it takes are the methods' own.
    init(_ option: TeleportOption) {
        let choices = option.choices.isEmpty ? "" : " (values: \(option.choices.joined(separator: ", ")))"
        self.init(
            name: .customLong(option.name), parsing: .unconditional,
            help: ArgumentHelp(
                "\(option.help).\(choices) (default: \(option.standardText); for \(option.methodNames))"),
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

private func number(_ text: String, positiveUpTo maximum: Double) throws(Remedy) -> Double {
    guard let value = Double(text), value > 0, value.isFinite, value <= maximum else {
        throw Remedy(description: "give a positive number" + (maximum.isFinite ? ", at most \(maximum)" : ""))
    }
    return value
}

extension ArgumentHelp {
    /// The library prints defaults only of options that it reads itself.
    fileprivate func with(default value: String) -> ArgumentHelp {
        var help = self
        help.abstract += " (default: \(value))"
        return help
    }
}

extension TeleportPlan.OptimizerStatePolicy: ExpressibleByArgument {}
extension BenchmarkSuite: ExpressibleByArgument {}
extension Scale: ExpressibleByArgument {}
