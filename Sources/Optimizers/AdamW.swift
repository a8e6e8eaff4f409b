import Torch

/// Adam with decoupled weight decay: `w <- w - lr lambda w`, and then the step of `Adam`.
///
/// Loshchilov, Hutter 2019, Algorithm 2, in PyTorch's form, where the decay is scaled by the learning rate.
public final class AdamW: MomentEstimation {
    /// `lr`, the factor of every step.
    public var learningRate: Double
    /// The share of the mean gradient that a step keeps.
    public var beta1: Double
    /// The share of the mean squared gradient that a step keeps.
    public var beta2: Double
    /// What keeps the denominator from zero.
    public var epsilon: Double
    /// `lambda`: a step takes the share `lr lambda` of a parameter away.
    public var weightDecay: Double

    let memory = OptimizerMemory()

    /// Adam whose parameters decay.
    public init(
        learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 1e-2
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    var decay: Double? { learningRate * weightDecay }

    func step(_ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int]) {
        stepByMoments(
            parameters, gradients: gradients, states: states, counts: counts, weightDecay: weightDecay)
    }
}
