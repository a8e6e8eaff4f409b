import NeuralNetworks
import Torch

/// Muon, for matrices: `b <- mu b + (1 - mu) g`, `w <- w - lr lambda w - lr' O(u)`, with `O(u)` the matrix `u` whose singular
/// values have all been brought to about 1.
///
/// `u` is `mu b + (1 - mu) g`, Nesterov's look ahead, or without it `b`. `lr'` is `lr` times a factor for the matrix's shape,
/// see `RateAdjustment`. Jordan et al. 2024 ("Muon: An optimizer for hidden layers in neural networks"), in PyTorch's form: the
/// iteration for `O(u)` runs in `bfloat16` whatever the parameter's type is.
///
/// A step of a matrix `[m, n]` with `m <= n` takes `k (4 m^2 n + 2 m^3)` floating-point operations for the k iterations, where
/// the forward and the backward pass of B rows take `6 B m n`: where m is larger than the batch, Muon is most of the work.
/// Asking for a displacement or a predicted decrease takes as much as a step.
///
/// A parameter that is no matrix traps; `PartitionedOptimizer` leaves those to another optimizer.
///
/// ```swift
/// let optimizer = PartitionedOptimizer(
///     matrices: Muon(learningRate: 0.02), others: AdamW(learningRate: 3e-4))
/// ```
public final class Muon: StatefulOptimizer {
    /// How the shape of a matrix, `[rows, columns]`, scales the learning rate of its steps; the decay is not scaled.
    public enum RateAdjustment: String, CaseIterable, Sendable {
        /// By `sqrt(max(1, rows / columns))`, as Jordan et al. do.
        case original
        /// By `0.2 sqrt(max(rows, columns))`, which makes a step about as long as one of AdamW, so that learning rate and
        /// weight decay can be those of AdamW; Liu et al. 2025 ("Muon is Scalable for LLM Training"), eq. 4.
        case matchRMSAdamW = "match-rms-adamw"

        /// The factor of the learning rate.
        func factor(rows: Int, columns: Int) -> Double {
            switch self {
            case .original: max(1, Double(rows) / Double(columns)).squareRoot()
            case .matchRMSAdamW: 0.2 * Double(max(rows, columns)).squareRoot()
            }
        }
    }

    /// `lr`, the factor of every step.
    public var learningRate: Double
    /// `mu`, the share of the mean gradient that a step keeps.
    public var momentum: Double
    /// Whether the step looks ahead along the mean gradient.
    public var nesterov: Bool
    /// `lambda`: a step takes the share `lr lambda` of a parameter away.
    public var weightDecay: Double
    /// The least norm that a matrix is divided by before the iteration.
    public var epsilon: Double
    /// `k`, the iterations towards singular values of 1.
    public var iterations: Int
    /// How the shape of a matrix scales the learning rate.
    public var adjustment: RateAdjustment

    let memory = OptimizerMemory()

    /// Steps of the same length in all directions of a matrix.
    public init(
        learningRate: Double = 1e-3, momentum: Double = 0.95, nesterov: Bool = true, weightDecay: Double = 0.1,
        epsilon: Double = 1e-7, iterations: Int = 5, adjustment: RateAdjustment = .original
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.nesterov = nesterov
        self.weightDecay = weightDecay
        self.epsilon = epsilon
        self.iterations = iterations
        self.adjustment = adjustment
    }

    var decay: Double? { learningRate * weightDecay }

    func initialState(for parameter: Tensor) -> [String: Tensor] {
        require(
            parameter.rank == 2,
            "Muon steps on matrices, and a parameter has shape \(parameter.shape); leave it to another optimizer by a "
                + "PartitionedOptimizer")
        return ["momentum_buffer": .zeros(like: parameter)]
    }

    func step(_ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int]) {
        for (index, parameter) in parameters.enumerated() {
            let (gradient, mean) = (gradients[index], states[index]["momentum_buffer"]!)
            mean.interpolateInPlace(to: gradient, share: 1 - momentum)
            let direction = nesterov ? gradient.interpolated(to: mean, share: momentum) : mean
            let step = NewtonSchulz.orthogonalized(direction, iterations: iterations, epsilon: epsilon)
            parameter.multiplyInPlace(by: 1 - learningRate * weightDecay)
            parameter.addInPlace(
                step,
                scale: -learningRate * adjustment.factor(rows: parameter.size(0), columns: parameter.size(1)))
        }
    }

    /// The step scales singular values, not elements.
    public var scalesElements: Bool { false }

    /// Nil, whatever the parameters are.
    public func preconditioned(
        _ vectors: [ParameterGradient], at gradients: [ParameterGradient], of parameters: [Tensor]
    ) -> [ParameterGradient]? {
        nil
    }
}
