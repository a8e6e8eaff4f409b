import Torch

/// Adam: `m <- beta1 m + (1 - beta1) g`, `v <- beta2 v + (1 - beta2) g^2`,
/// `w <- w - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)` at step t.
///
/// Kingma, Ba 2015, Algorithm 1.
public final class Adam: StatefulOptimizer {
    /// `lr`, the factor of every step.
    public var learningRate: Double
    /// The share of the mean gradient that a step keeps.
    public let beta1: Double
    /// The share of the mean squared gradient that a step keeps.
    public let beta2: Double
    /// What keeps the denominator from zero.
    public let epsilon: Double

    let memory = OptimizerMemory()

    /// Steps along the mean gradient, scaled by the mean squared gradient.
    public init(learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    func initialState(for parameter: Tensor) -> [String: Tensor] {
        ["exp_avg": .zeros(like: parameter), "exp_avg_sq": .zeros(like: parameter)]
    }

    func step(_ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int]) {
        Kernels.adamStep(
            parameters, gradients: gradients, firstMoments: states.map { $0["exp_avg"]! },
            secondMoments: states.map { $0["exp_avg_sq"]! },
            steps: stepCounts(counts.map(Double.init), for: parameters), learningRate: learningRate, beta1: beta1,
            beta2: beta2,
            epsilon: epsilon)
    }

    func preconditioned(_ gradient: Tensor, of parameter: Tensor, state: [String: Tensor], count: Int) -> Tensor? {
        adamPreconditioned(gradient, squares: state["exp_avg_sq"]!, count: count, beta2: beta2, epsilon: epsilon)
    }
}

/// `g / (sqrt(v / (1 - beta2^t)) + epsilon)`, with `v` the mean of the squares as step t makes it of `squares`.
func adamPreconditioned(_ gradient: Tensor, squares: Tensor, count: Int, beta2: Double, epsilon: Double) -> Tensor {
    // A step up from zero, of rate 1, whose first moment is the gradient itself and may stay where the gradient is.
    let product = Tensor.zeros(like: gradient)
    Kernels.adamStep(
        [product], gradients: [gradient], firstMoments: [gradient], secondMoments: [squares],
        steps: stepCounts([Double(count)], for: [product]), learningRate: -1, beta1: 0, beta2: beta2, epsilon: epsilon)
    return product
}
