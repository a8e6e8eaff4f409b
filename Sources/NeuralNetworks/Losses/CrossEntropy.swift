import Torch

/// The mean of `-log softmax(outputs)[target]`: outputs `[N, C]`, targets `int64` `[N]`.
public struct CrossEntropy: Loss {
    /// The loss.
    public init() {}

    /// The loss, rank 0.
    public func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
        Kernels.crossEntropy(outputs, targets: targets)
    }

    /// The loss, rank 0, and its derivative with respect to the outputs, without a tape.
    public func linearize(_ outputs: Tensor, _ targets: Tensor) -> (value: Tensor, linearization: LossLinearization) {
        let logProbabilities = Kernels.logSoftmax(outputs)
        let (value, totalWeight) = Kernels.negativeLogLikelihood(logProbabilities, targets: targets)
        let cotangent = Kernels.negativeLogLikelihoodPullback(
            Tensor(1, dtype: outputs.dtype, device: outputs.device), logProbabilities: logProbabilities,
            targets: targets, totalWeight: totalWeight)
        return (value, LossLinearization(gradient: Kernels.logSoftmaxPullback(cotangent, output: logProbabilities)))
    }
}
