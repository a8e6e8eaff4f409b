import Torch

/// Adam: `m <- beta1 m + (1 - beta1) g`, `v <- beta2 v + (1 - beta2) g^2`,
/// `w <- w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)` at step t.
///
/// Kingma, Ba 2015, Algorithm 1.
public final class Adam: MomentEstimation {
    /// `lr`, the factor of every step.
    public var learningRate: Double
    /// The share of the mean gradient that a step keeps.
    public var beta1: Double
    /// The share of the mean squared gradient that a step keeps.
    public var beta2: Double
    /// What keeps the denominator from zero.
    public var epsilon: Double

    let memory = OptimizerMemory()

    /// Steps along the mean gradient, scaled by the mean squared gradient.
    public init(learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    func step(_ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int]) {
        stepByMoments(parameters, gradients: gradients, states: states, counts: counts)
    }
}
