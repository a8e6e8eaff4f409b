import Optimizers
import TextForms

/// A number or choice that an optimizer has beside the learning rate, as texts name it.
struct Hyperparameter: Sendable {
    /// Its name.
    let name: String
    /// The values that it can have, as people read it.
    let values: String
    /// What it is in an optimizer.
    let text: @Sendable (any Optimizer) -> String
    /// Sets it to the value of a text, nil where the name stands alone; false, and nothing is set, if that is none.
    let set: @Sendable (any Optimizer, String?) -> Bool

    /// A share that is kept from step to step.
    static func share<Rule: Optimizer>(_ name: String, _ path: Path<Rule, Double>) -> Hyperparameter {
        number(name, "from 0 to below 1", path) { (0..<1).contains($0) }
    }

    /// A number above zero.
    static func positive<Rule: Optimizer>(_ name: String, _ path: Path<Rule, Double>) -> Hyperparameter {
        number(name, "above 0", path) { $0 > 0 && $0.isFinite }
    }

    /// A number of at least zero.
    static func notNegative<Rule: Optimizer>(_ name: String, _ path: Path<Rule, Double>) -> Hyperparameter {
        number(name, "at least 0", path) { $0 >= 0 && $0.isFinite }
    }

    /// A number of repetitions.
    static func count<Rule: Optimizer>(
        _ name: String, _ path: Path<Rule, Int>, upTo maximum: Int
    ) -> Hyperparameter {
        Hyperparameter(name, "from 1 to \(maximum)", path, text: String.init) { text in
            text.flatMap { Int($0) }.flatMap { (1...maximum).contains($0) ? $0 : nil }
        }
    }

    /// Something that is done or not; the name alone says that it is.
    static func flag<Rule: Optimizer>(_ name: String, _ path: Path<Rule, Bool>) -> Hyperparameter {
        Hyperparameter(name, "true or false", path, text: String.init) { text in Bool(text ?? "true") }
    }

    /// One of several ways.
    static func choice<Rule: Optimizer, Value: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ path: Path<Rule, Value>
    ) -> Hyperparameter {
        let values = Value.allCases.map(\.rawValue).joined(separator: " or ")
        return Hyperparameter(name, values, path, text: \.rawValue) { $0.flatMap(Value.init) }
    }

    private static func number<Rule: Optimizer>(
        _ name: String, _ values: String, _ path: Path<Rule, Double>, isValid: @escaping @Sendable (Double) -> Bool
    ) -> Hyperparameter {
        Hyperparameter(name, values, path, text: \.shortText) { text in
            text.flatMap { Double($0) }.flatMap { isValid($0) ? $0 : nil }
        }
    }

    /// Where a hyperparameter stands in its optimizer.
    typealias Path<Rule, Value> = ReferenceWritableKeyPath<Rule, Value> & Sendable

    /// A hyperparameter of an optimizer, or of a part of one.
    private init<Rule: Optimizer, Value>(
        _ name: String, _ values: String, _ path: Path<Rule, Value>, text: @escaping @Sendable (Value) -> String,
        value: @escaping @Sendable (String?) -> Value?
    ) {
        @Sendable func rule(of optimizer: any Optimizer) -> Rule {
            let parts = (optimizer as? PartitionedOptimizer)?.parts.map(\.optimizer) ?? [optimizer]
            guard let rule = parts.lazy.compactMap({ $0 as? Rule }).first else {
                fatalError("\(name) is a hyperparameter of \(Rule.self), not of \(type(of: optimizer))")
            }
            return rule
        }
        self.name = name
        self.values = values
        self.text = { text(rule(of: $0)[keyPath: path]) }
        self.set = { optimizer, text in
            guard let value = value(text) else { return false }
            rule(of: optimizer)[keyPath: path] = value
            return true
        }
    }
}
