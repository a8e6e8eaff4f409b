import CTorch

extension Kernels {
    /// The last dimension shifted and scaled to mean 0 and variance 1, times a weight, plus a bias; differentiable by
    /// autograd any number of times.
    ///
    /// - Parameters:
    ///   - x: `[..., D]`.
    ///   - weight: `[D]`; nil stands for ones.
    ///   - bias: `[D]`; nil stands for zeros.
    ///   - epsilon: Added to the variance.
    /// - Returns: The output, `[..., D]`, and the means and the reciprocals of the standard deviations, `[..., 1]`.
    public static func layerNormalization(
        _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Double
    ) -> (output: Tensor, mean: Tensor, reciprocalDeviation: Tensor) {
        var output: ct_tensor?
        var mean: ct_tensor?
        var deviation: ct_tensor?
        check(
            ct_native_layer_norm(
                x.handle, Int64(x.size(-1)), weight?.handle, bias?.handle, epsilon, &output, &mean, &deviation))
        return (Tensor(output), Tensor(mean), Tensor(deviation))
    }

    /// The pull-back of `cotangent` (`[..., D]`) through `layerNormalization`.
    ///
    /// - Parameters:
    ///   - cotangent: dL/d(output).
    ///   - input: The input, `[..., D]`.
    ///   - mean: What the forward pass returned.
    ///   - reciprocalDeviation: What the forward pass returned.
    ///   - weight: The weight, `[D]`; nil stands for ones.
    ///   - bias: The bias, `[D]`, if there is one.
    ///   - needs: Which of the gradients to compute.
    public static func layerNormalizationPullback(
        _ cotangent: Tensor, input: Tensor, mean: Tensor, reciprocalDeviation: Tensor, weight: Tensor?, bias: Tensor?,
        needs: (input: Bool, weight: Bool, bias: Bool)
    ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
        gradients(needs) { wants, inputGradient, weightGradient, biasGradient in
            ct_native_layer_norm_backward(
                cotangent.handle, input.handle, Int64(input.size(-1)), mean.handle, reciprocalDeviation.handle,
                weight?.handle, bias?.handle, wants, &inputGradient, &weightGradient, &biasGradient)
        }
    }
}
