import Torch

/// The optimizer that moves each parameter by one rule.
public final class RuleOptimizer<Rule: UpdateRule>: StatefulOptimizer {
    /// How a parameter moves.
    public private(set) var rule: Rule

    let memory = OptimizerMemory()

    /// An optimizer of a rule.
    public init(_ rule: Rule) {
        self.rule = rule
    }

    /// The rule's factor of every step.
    public var learningRate: Double {
        get { rule.learningRate }
        set { rule.learningRate = newValue }
    }

    /// A rule may make a step depend on the parameter in any way.
    var decay: Double? { nil }

    func initialState(for parameter: Tensor) -> [String: Tensor] { rule.initialState(for: parameter) }

    func step(_ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int]) {
        for index in parameters.indices {
            rule.step(parameters[index], gradient: gradients[index], state: states[index], count: counts[index])
        }
    }

    func preconditioned(
        _ vector: Tensor, at gradient: Tensor, of parameter: Tensor, state: [String: Tensor], count: Int
    ) -> Tensor? {
        rule.preconditioned(
            vector, at: gradient, of: parameter, state: state.mapValues { $0.clone() }, count: count)
    }
}
