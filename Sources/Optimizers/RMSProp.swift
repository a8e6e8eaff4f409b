import Torch

/// RMSProp: `v <- alpha v + (1 - alpha) g^2`, `w <- w - lr g / (sqrt(v) + epsilon)`.
///
/// Tieleman, Hinton 2012, Lecture 6.5 of "Neural Networks for Machine Learning".
public final class RMSProp: StatefulOptimizer {
    /// `lr`, the factor of every step.
    public var learningRate: Double
    /// The share of the mean square that a step keeps.
    public var alpha: Double
    /// What keeps the denominator from zero.
    public var epsilon: Double

    let memory = OptimizerMemory()

    /// Steps scaled by a running mean of the squared gradients.
    public init(learningRate: Double = 1e-2, alpha: Double = 0.99, epsilon: Double = 1e-8) {
        self.learningRate = learningRate
        self.alpha = alpha
        self.epsilon = epsilon
    }

    var isElementwise: Bool { true }

    func initialState(for parameter: Tensor) -> [String: Tensor] {
        ["square_avg": .zeros(like: parameter)]
    }

    func step(_ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int]) {
        step(parameters, gradients, states, learningRate: learningRate)
    }

    func preconditioned(
        _ vector: Tensor, at gradient: Tensor, of parameter: Tensor, state: [String: Tensor], count: Int
    ) -> Tensor? {
        vector.scaled(
            byRootOf: state["square_avg"]! * alpha + gradient * gradient * (1 - alpha), epsilon: epsilon)
    }

    private func step(
        _ parameters: [Tensor], _ gradients: [Tensor], _ states: [[String: Tensor]], learningRate: Double
    ) {
        // libtorch has no kernel of this name, but RMSProp is Adam without a first moment (beta1 = 0) and without bias
        // corrections (those of step infinity are 1): one pass, a third of the time of separate operations. The first
        // moment then is the gradient itself, so the kernel may keep it where the gradient is.
        Kernels.adamStep(
            parameters, gradients: gradients, firstMoments: gradients, secondMoments: states.map { $0["square_avg"]! },
            steps: stepCounts(parameters.map { _ in .infinity }, for: parameters), learningRate: learningRate, beta1: 0,
            beta2: alpha, epsilon: epsilon)
    }
}
