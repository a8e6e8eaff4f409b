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
    public var momentum: Double
    /// Whether the step looks ahead along the velocity.
    public var nesterov: Bool

    let memory = OptimizerMemory()

    /// The name of the velocity in the optimizer's state: PyTorch's.
    package static let velocityName = "momentum_buffer"

    /// Gradient descent with a velocity.
    public init(learningRate: Double = 1e-3, momentum: Double = 0.9, nesterov: Bool = false) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.nesterov = nesterov
    }

    var isElementwise: Bool { true }

    func initialState(for parameter: Tensor) -> [String: Tensor] {
        [Self.velocityName: .zeros(like: parameter)]
    }

    func step(_ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int]) {
        // A first step may be treated as any other: the velocity starts at zero and there is no dampening.
        Kernels.momentumStep(
            parameters, gradients: gradients, velocities: states.map { $0[Self.velocityName]! },
            learningRate: learningRate, momentum: momentum, nesterov: nesterov)
    }

    /// `lr <g, mu v + g>`, or with Nesterov's momentum `lr <g, mu (mu v + g) + g>`, without forming `g`.
    public func predictedDecrease(
        of parameters: [Tensor], with gradients: [ParameterGradient], squaredNorm: Double?
    ) -> Double {
        checkLists(parameters, gradients)
        return withoutGradients {
            let squaredNorm = squaredNorm ?? gradients.squaredNorm()
            let alongVelocity = zip(gradients, parameters).compactMap { gradient, parameter in
                memory[parameter].map { gradient.dot($0.tensors[Self.velocityName]!) }
            }.total()
            let decrease = momentum * alongVelocity + squaredNorm
            return learningRate * (nesterov ? momentum * decrease + squaredNorm : decrease)
        }
    }

    /// Every element moves at the same rate.
    public var scalesElements: Bool { false }

    /// The vectors themselves.
    public func preconditioned(
        _ vectors: [ParameterGradient], at gradients: [ParameterGradient], of parameters: [Tensor]
    ) -> [ParameterGradient]? { vectors }
}
