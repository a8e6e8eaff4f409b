import Optimizers
import TextForms

/// The hyperparameters that an optimizer has beside the learning rate.
extension Setting<any Optimizer> {
    /// A share that is kept from step to step.
    static func share<Rule: Optimizer & SendableMetatype>(_ name: String, _ path: Path<Rule, Double>) -> Setting {
        number(name, "from 0 to below 1", path) { (0..<1).contains($0) }
    }

    /// A number above zero.
    static func positive<Rule: Optimizer & SendableMetatype>(_ name: String, _ path: Path<Rule, Double>) -> Setting {
        number(name, NumberRange.description, path) { NumberRange.positive.contains($0) }
    }

    /// A number of at least zero.
    static func notNegative<Rule: Optimizer & SendableMetatype>(_ name: String, _ path: Path<Rule, Double>) -> Setting {
        number(name, "0 or \(NumberRange.description)", path) { $0 >= 0 && NumberRange.contains($0) }
    }

    /// A number of repetitions.
    static func count<Rule: Optimizer & SendableMetatype>(_ name: String, _ path: Path<Rule, Int>, upTo maximum: Int)
        -> Setting
    {
        hyperparameter(name, "from 1 to \(maximum)", path, text: String.init) { text in
            Int(text).flatMap { (1...maximum).contains($0) ? $0 : nil }
        }
    }

    /// Something that is done or not; the name alone says that it is.
    static func flag<Rule: Optimizer & SendableMetatype>(_ name: String, _ path: Path<Rule, Bool>) -> Setting {
        hyperparameter(name, "true or false", isFlag: true, path, text: String.init) { Bool($0) }
    }

    /// One of several ways.
    static func choice<
        Rule: Optimizer & SendableMetatype, Value: RawRepresentable<String> & CaseIterable & SendableMetatype
    >(
        _ name: String, _ path: Path<Rule, Value>
    ) -> Setting {
        let values = Value.allCases.map(\.rawValue).alternatives
        return hyperparameter(name, values, path, text: { $0.rawValue }) { Value(rawValue: $0) }
    }

    private static func number<Rule: Optimizer & SendableMetatype>(
        _ name: String, _ values: String, _ path: Path<Rule, Double>, isValid: @escaping @Sendable (Double) -> Bool
    ) -> Setting {
        hyperparameter(name, values, path, text: { $0.shortText }) { text in
            Double(text).flatMap { isValid($0) ? $0 : nil }
        }
    }

    /// Where a hyperparameter stands in its optimizer.
    typealias Path<Rule, Value> = ReferenceWritableKeyPath<Rule, Value> & Sendable

    /// A hyperparameter of an optimizer, or of a part of one.
    private static func hyperparameter<Rule: Optimizer & SendableMetatype, Value: SendableMetatype>(
        _ name: String, _ values: String, isFlag: Bool = false, _ path: Path<Rule, Value>,
        text: @escaping @Sendable (Value) -> String, value: @escaping @Sendable (String) -> Value?
    ) -> Setting {
        @Sendable func rule(of optimizer: any Optimizer) -> Rule {
            let parts = (optimizer as? PartitionedOptimizer)?.parts.map(\.optimizer) ?? [optimizer]
            guard let rule = parts.lazy.compactMap({ $0 as? Rule }).first else {
                fatalError("\(name) is a hyperparameter of \(Rule.self), not of \(type(of: optimizer))")
            }
            return rule
        }
        return Setting(name, values, isFlag: isFlag) {
            text(rule(of: $0)[keyPath: path])
        } write: {
            (optimizer, given) throws(TextError) in
            guard let value = value(given) else { throw TextError(given, "give \(name) \(values)") }
            rule(of: optimizer)[keyPath: path] = value
        }
    }
}
