import NeuralNetworks
import Torch

/// Stochastic gradient descent with momentum, in PyTorch's form: `v <- mu v + g`, `w <- w - lr v`.
///
/// Sutskever et al. 2013 ("On the importance of initialization and momentum in deep learning"), with the learning rate
/// outside the velocity. With Nesterov's momentum the step is `w <- w - lr (g + mu v)` instead.
public final class Momentum: StatefulOptimizer {
    /// `lr`, the factor of every step.
    public var learningRate: Double
    /// `mu`, the share of the velocity that a step keeps.
    public let momentum: Double
    /// Whether the step looks ahead along the velocity.
    public let nesterov: Bool

    let memory = OptimizerMemory(momentNames: ["momentum_buffer"])

    /// Gradient descent with a velocity.
    public init(learningRate: Double = 1e-3, momentum: Double = 0.9, nesterov: Bool = false) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.nesterov = nesterov
    }

    func step(_ parameters: [Tensor], gradients: [Tensor], moments: [[Tensor]], count: Int) {
        // A first step may be treated as any other: the velocity starts at zero and there is no dampening.
        Kernels.momentumStep(
            parameters, gradients: gradients, velocities: moments[0], learningRate: learningRate, momentum: momentum,
            nesterov: nesterov, isFirstStep: false)
    }

    /// `lr <g, mu v + g>`, or with Nesterov's momentum `lr <g, mu (mu v + g) + g>`, without forming `g`.
    public func predictedDecrease(of parameters: [Tensor], with gradients: [ParameterGradient]) -> Double {
        checkCounts(parameters, gradients)
        return withoutGradients {
            memory.prepare(for: parameters)
            let squaredNorm = gradients.squaredNorm()
            let alongVelocity = zip(gradients, memory.moments[0]).map { $0.dot($1) }.total()
            let decrease = momentum * alongVelocity + squaredNorm
            return learningRate * (nesterov ? momentum * decrease + squaredNorm : decrease)
        }
    }
}
