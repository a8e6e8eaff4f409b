import CTorch

/// The means and variances by which a batch normalization normalizes each channel.
public enum NormalizationStatistics {
    /// Those of the batch itself, which depend on every sample: the means and `1 / sqrt(variance + epsilon)`, both
    /// `[C]`.
    case batch(mean: Tensor, inverseDeviation: Tensor)
    /// Those of the samples of all processes of a group, with the values of a channel that these have in all: likewise.
    case shared(mean: Tensor, inverseDeviation: Tensor, values: Double, processes: ProcessGroup)
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
        let (centred, mean, variance) = centredChannels
        let scale = (variance + epsilon).power(-0.5) * perChannel(weight)
        return (centred * scale + perChannel(bias), mean.flattened(), variance.flattened())
    }

    /// The means and the variances (with divisor n, the values of a channel), both `[C]`, of the samples `[N, C, ...]` of all processes
    /// of a group, and n.
    public func channelStatistics(across processes: ProcessGroup) -> (mean: Tensor, variance: Tensor, values: Double) {
        let (_, mean, variance) = centredChannels
        let values = Tensor.full([size(1)], Double(count / size(1)), dtype: dtype, device: device)
        let all = processes.gathered(.stacked([mean.flattened(), variance.flattened(), values]))
        let total = all.selected(1, 2).sum(along: [0])
        let shares = all.selected(1, 2) / total
        // The variance within the processes, and that between them: no squares are subtracted.
        let wholeMean = (all.selected(1, 0) * shares).sum(along: [0])
        let between = all.selected(1, 0) - wholeMean
        let wholeVariance = ((all.selected(1, 1) + between * between) * shares).sum(along: [0])
        return (wholeMean, wholeVariance, total.selected(0, 0).item())
    }

    /// The samples less the means of their channels, and these means and the variances, both `[1, C, 1, ...]`.
    private var centredChannels: (centred: Tensor, mean: Tensor, variance: Tensor) {
        let values = Double(count / size(1))
        let mean = sum(along: allButChannels, keepingDimensions: true) / values
        let centred = self - mean
        return (centred, mean, (centred * centred).sum(along: allButChannels, keepingDimensions: true) / values)
    }

    /// The dimensions of `[N, C, ...]` but for that of the channels.
    fileprivate var allButChannels: [Int] { (0..<rank).filter { $0 != 1 } }

    /// Numbers of the channels, `[C]`, in a shape that broadcasts to that of this tensor.
    fileprivate func perChannel(_ numbers: Tensor) -> Tensor {
        numbers.reshaped([-1] + Array(repeating: 1, count: rank - 2))
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
        switch statistics {
        case .shared(let mean, let inverseDeviation, let values, let processes):
            sharedPullback(
                cotangent, input: input, weight: weight, mean, inverseDeviation, values, processes, needs: needs)
        case .batch(let mean, let inverseDeviation):
            gradients(needs) { wants, inputGradient, weightGradient, biasGradient in
                ct_native_batch_norm_backward(
                    cotangent.handle, input.handle, weight.handle, nil, nil, mean.handle, inverseDeviation.handle, true,
                    epsilon, wants, &inputGradient, &weightGradient, &biasGradient)
            }
        case .given(let mean, let variance):
            gradients(needs) { wants, inputGradient, weightGradient, biasGradient in
                ct_native_batch_norm_backward(
                    cotangent.handle, input.handle, weight.handle, mean.handle, variance.handle, nil, nil, false,
                    epsilon, wants, &inputGradient, &weightGradient, &biasGradient)
            }
        }
    }

    /// The pull-back through statistics of several processes: `w r (c - (<c> + n <c n>))` with `<>` the mean over all values of a
    /// channel, n the normalized input, r one over the deviation and w the weight. Those of weight and bias are of the samples here.
    private static func sharedPullback(
        _ cotangent: Tensor, input: Tensor, weight: Tensor, _ mean: Tensor, _ inverseDeviation: Tensor,
        _ values: Double, _ processes: ProcessGroup, needs: (input: Bool, weight: Bool, bias: Bool)
    ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
        let perChannel = input.perChannel
        let normalized = (input - perChannel(mean)) * perChannel(inverseDeviation)
        let sums = Tensor.stacked([cotangent, cotangent * normalized].map { $0.sum(along: input.allButChannels) })
        var inputGradient: Tensor?
        if needs.input {
            let all = sums.clone()
            processes.sum(all)
            let means = all / values
            let mixed = perChannel(means.selected(0, 0)) + normalized * perChannel(means.selected(0, 1))
            inputGradient = (cotangent - mixed) * perChannel(inverseDeviation * weight)
        }
        return (
            inputGradient, needs.weight ? sums.selected(0, 1) : nil, needs.bias ? sums.selected(0, 0) : nil
        )
    }
}
