import Torch

/// AdaGrad: `s <- s + g^2`, `w <- w - lr g / (sqrt(s) + epsilon)`.
///
/// Duchi, Hazan, Singer 2011, the diagonal form of Algorithm 1.
public final class AdaGrad: StatefulOptimizer {
    /// `lr`, the factor of every step.
    public var learningRate: Double
    /// What keeps the denominator from zero.
    public var epsilon: Double

    let memory = OptimizerMemory()

    /// Steps scaled by the squared gradients of all steps so far.
    public init(learningRate: Double = 1e-2, epsilon: Double = 1e-10) {
        self.learningRate = learningRate
        self.epsilon = epsilon
    }

    var isElementwise: Bool { true }

    func initialState(for parameter: Tensor) -> [String: Tensor] {
        ["sum": .zeros(like: parameter)]
    }

    func step(_ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int]) {
        Kernels.adaGradStep(
            parameters, gradients: gradients, sums: states.map { $0["sum"]! },
            steps: stepCounts(counts.map(Double.init), for: parameters), learningRate: learningRate, epsilon: epsilon)
    }

    func preconditioned(
        _ vector: Tensor, at gradient: Tensor, of parameter: Tensor, state: [String: Tensor], count: Int
    ) -> Tensor? {
        vector.scaled(byRootOf: state["sum"]! + gradient * gradient, epsilon: epsilon)
    }
}
