import CTorch

extension Kernels {
    /// `log(softmax(x))` along the last dimension, `[N, C]`.
    public static func logSoftmax(_ x: Tensor) -> Tensor { Tensor(ct_log_softmax(x.handle, -1)) }

    /// The pull-back of `cotangent` (`[N, C]`) through `logSoftmax`, given its output.
    public static func logSoftmaxPullback(_ cotangent: Tensor, output: Tensor) -> Tensor {
        Tensor(ct_log_softmax_backward(cotangent.handle, output.handle, -1))
    }

    /// The mean negative log-likelihood of targets (`int64`, `[N]`) under log-probabilities (`[N, C]`), and the number
    /// of targets as a tensor, which the pull-back needs.
    public static func negativeLogLikelihood(
        _ logProbabilities: Tensor, targets: Tensor
    ) -> (value: Tensor, totalWeight: Tensor) {
        var value: ct_tensor?
        var weight: ct_tensor?
        check(ct_nll_loss(logProbabilities.handle, targets.handle, &value, &weight))
        return (Tensor(value), Tensor(weight))
    }

    /// The pull-back of a scalar through `negativeLogLikelihood`: `[N, C]`.
    public static func negativeLogLikelihoodPullback(
        _ cotangent: Tensor, logProbabilities: Tensor, targets: Tensor, totalWeight: Tensor
    ) -> Tensor {
        Tensor(
            ct_nll_loss_backward(cotangent.handle, logProbabilities.handle, targets.handle, totalWeight.handle))
    }

    /// The mean cross-entropy of logits (`[N, C]`) against targets (`int64`, `[N]`), differentiable by autograd.
    public static func crossEntropy(_ logits: Tensor, targets: Tensor) -> Tensor {
        Tensor(ct_cross_entropy(logits.handle, targets.handle))
    }

    /// The mean over all elements of the squared difference, differentiable by autograd.
    public static func meanSquaredError(_ predictions: Tensor, targets: Tensor) -> Tensor {
        Tensor(ct_mse_loss(predictions.handle, targets.handle))
    }

    /// The pull-back of a scalar through `meanSquaredError` to the predictions.
    public static func meanSquaredErrorPullback(
        _ cotangent: Tensor, predictions: Tensor, targets: Tensor
    ) -> Tensor {
        Tensor(ct_mse_loss_backward(cotangent.handle, predictions.handle, targets.handle))
    }
}
