import Torch

/// AdaGrad: `s <- s + g^2`, `w <- w - lr g / (sqrt(s) + epsilon)`.
///
/// Duchi, Hazan, Singer 2011, the diagonal form of Algorithm 1.
public final class AdaGrad: StatefulOptimizer {
    /// `lr`, the factor of every step.
    public var learningRate: Double
    /// What keeps the denominator from zero.
    public let epsilon: Double

    let memory = OptimizerMemory(momentNames: ["sum"])

    /// Steps scaled by the squared gradients of all steps so far.
    public init(learningRate: Double = 1e-2, epsilon: Double = 1e-10) {
        self.learningRate = learningRate
        self.epsilon = epsilon
    }

    func step(_ parameters: [Tensor], gradients: [Tensor], moments: [[Tensor]], count: Int) {
        Kernels.adaGradStep(
            parameters, gradients: gradients, sums: moments[0], steps: stepCounts(Double(count), for: parameters),
            learningRate: learningRate, epsilon: epsilon)
    }
}
