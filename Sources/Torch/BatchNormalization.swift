import CTorch

/// The means and variances by which a batch normalization normalizes each channel.
public enum NormalizationStatistics {
    /// Those of the batch itself, which depend on every sample: the means and `1 / sqrt(variance + epsilon)`, both
    /// `[C]`.
    case batch(mean: Tensor, inverseDeviation: Tensor)
    /// Given ones, both `[C]`.
    case given(mean: Tensor, variance: Tensor)
}

extension Tensor {
    /// The batch normalization of `[N, C, ...]` by the statistics of the batch, in operations that autograd can
    /// differentiate any number of times: libtorch's own takes them for constants in its third derivative.
    ///
    /// - Parameters:
    ///   - weight: What a normalized channel is multiplied by, `[C]`.
    ///   - bias: What is added then, `[C]`.
    ///   - epsilon: What is added to a variance, so that none is zero.
    /// - Returns: The output, and the means and the variances (with divisor n, the values of a channel), both `[C]`.
    public func batchNormalized(
        weight: Tensor, bias: Tensor, epsilon: Double
    ) -> (output: Tensor, mean: Tensor, variance: Tensor) {
        let values = Double(count / size(1))
        let others = (0..<rank).filter { $0 != 1 }
        let perChannel = [-1] + Array(repeating: 1, count: rank - 2)
        let mean = sum(along: others, keepingDimensions: true) / values
        let centred = self - mean
        let variance = (centred * centred).sum(along: others, keepingDimensions: true) / values
        let scale = (variance + epsilon).power(-0.5) * weight.reshaped(perChannel)
        return (centred * scale + bias.reshaped(perChannel), mean.flattened(), variance.flattened())
    }
}

extension Kernels {
    /// The batch normalization of `[N, C, ...]` by the statistics of the batch.
    ///
    /// - Parameters:
    ///   - x: The input.
    ///   - weight: What a normalized channel is multiplied by, `[C]`.
    ///   - bias: What is added then, `[C]`.
    ///   - epsilon: What is added to a variance, so that none is zero.
    ///   - running: Means and variances, `[C]`, that follow those of the batch (the variance with divisor n - 1) in
    ///     place: each goes the share `momentum` of its way.
    public static func batchNormalization(
        _ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Double,
        following running: (mean: Tensor, variance: Tensor, momentum: Double)? = nil
    ) -> (output: Tensor, statistics: NormalizationStatistics) {
        var results: (ct_tensor?, ct_tensor?, ct_tensor?)
        check(
            ct_native_batch_norm(
                x.handle, weight.handle, bias.handle, running?.mean.handle, running?.variance.handle, true,
                running?.momentum ?? 0, epsilon, &results.0, &results.1, &results.2))
        return (Tensor(results.0), .batch(mean: Tensor(results.1), inverseDeviation: Tensor(results.2)))
    }

    /// The batch normalization of `[N, C, ...]` by given means and variances, `[C]`, differentiable by autograd any
    /// number of times.
    public static func batchNormalization(
        _ x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: Double
    ) -> Tensor {
        var results: (ct_tensor?, ct_tensor?, ct_tensor?)
        check(
            ct_native_batch_norm(
                x.handle, weight.handle, bias.handle, mean.handle, variance.handle, false, 0, epsilon, &results.0,
                &results.1, &results.2))
        return Tensor(results.0)
    }

    /// The pull-back of `cotangent` (`[N, C, ...]`) through a batch normalization. The Jacobian with respect to the
    /// input is symmetric, so that the gradient of the input is also the pushforward of `cotangent`.
    ///
    /// - Parameters:
    ///   - cotangent: dL/d(output).
    ///   - input: The input of the normalization.
    ///   - weight: Its weight, `[C]`.
    ///   - statistics: What it normalized by.
    ///   - epsilon: What it added to a variance.
    ///   - needs: Which of the gradients to compute.
    public static func batchNormalizationPullback(
        _ cotangent: Tensor, input: Tensor, weight: Tensor, statistics: NormalizationStatistics, epsilon: Double,
        needs: (input: Bool, weight: Bool, bias: Bool)
    ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
        gradients(needs) { wants, inputGradient, weightGradient, biasGradient in
            switch statistics {
            case .batch(let mean, let inverseDeviation):
                ct_native_batch_norm_backward(
                    cotangent.handle, input.handle, weight.handle, nil, nil, mean.handle, inverseDeviation.handle, true,
                    epsilon, wants, &inputGradient, &weightGradient, &biasGradient)
            case .given(let mean, let variance):
                ct_native_batch_norm_backward(
                    cotangent.handle, input.handle, weight.handle, mean.handle, variance.handle, nil, nil, false,
                    epsilon, wants, &inputGradient, &weightGradient, &biasGradient)
            }
        }
    }
}
