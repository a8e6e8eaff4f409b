import Torch

/// The mean of `-log softmax(outputs)[target]`: outputs `[N, C]` and targets `int64` `[N]`, or for each token `[N, T, C]` and
/// `[N, T]`.
public struct CrossEntropy: Loss {
    /// The loss.
    public init() {}

    /// The loss, rank 0.
    public func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
        Kernels.crossEntropy(rows(outputs), targets: targets.flattened())
    }

    /// The loss, rank 0, and its gradient with respect to the outputs, without a tape.
    public func linearize(_ outputs: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor) {
        let targets = targets.flattened()
        let logProbabilities = Kernels.logSoftmax(rows(outputs))
        let (value, totalWeight) = Kernels.negativeLogLikelihood(logProbabilities, targets: targets)
        let cotangent = Kernels.negativeLogLikelihoodPullback(
            Tensor(1, dtype: outputs.dtype, device: outputs.device), logProbabilities: logProbabilities,
            targets: targets, totalWeight: totalWeight)
        let gradient = Kernels.logSoftmaxPullback(cotangent, output: logProbabilities)
        return (value, outputs.rank == 2 ? gradient : gradient.reshaped(outputs.shape))
    }

    /// `p (v - <p, v>) / N` for each row v of the tangent and the probabilities p there.
    public func curvature(_ outputs: Tensor, _ targets: Tensor, along tangent: Tensor) -> Tensor {
        let logProbabilities = Kernels.logSoftmax(outputs)
        // Through log softmax, c comes back as c - p <1, c>.
        let product = Kernels.logSoftmaxPullback(
            logProbabilities.exponential() * tangent, output: logProbabilities)
        return product / Double(targets.count)
    }

    /// `[..., C]` to `[m, C]`.
    private func rows(_ outputs: Tensor) -> Tensor {
        outputs.rank == 2 ? outputs : outputs.reshaped([-1, outputs.size(-1)])
    }
}
