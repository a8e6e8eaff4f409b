import Torch

/// Batch normalization (Ioffe and Szegedy, 2015): each channel less its mean, over its standard deviation, times a
/// weight, plus a bias; `[N, C, ...]` to the same shape.
///
/// `Mode.current`, where the layer is run or linearized, says which mean and deviation: in training those of the batch,
/// which the running ones follow; in teleportation those of the batch, and nothing changes; in evaluation the running
/// ones. Of a batch that is spread over processes, `BatchStatistics.processes` says whether they take them together.
public struct BatchNormalization: Layer {
    /// What a normalized channel is multiplied by, `[C]`.
    public let weight: Tensor
    /// What is added then, `[C]`.
    public let bias: Tensor
    /// The running means, `[C]`.
    public let runningMean: Tensor
    /// The running variances, `[C]`.
    public let runningVariance: Tensor
    /// What is added to a variance, so that none is zero.
    public let epsilon: Double
    /// The share of its way to a batch's statistics that a running one goes at each training step.
    public let momentum: Double

    /// A layer as PyTorch's `BatchNorm1d` and `BatchNorm2d` begin: weights and running variances one, the rest zero.
    public init(
        _ channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1, dtype: DType = .float32, device: Device = .cpu
    ) {
        weight = .ones([channels], dtype: dtype, device: device)
        bias = .zeros([channels], dtype: dtype, device: device)
        runningMean = .zeros([channels], dtype: dtype, device: device)
        runningVariance = .ones([channels], dtype: dtype, device: device)
        self.epsilon = epsilon
        self.momentum = momentum
    }

    /// The tensors that training changes.
    public var parameters: [Parameter] { [Parameter("weight", weight), Parameter("bias", bias)] }

    /// The running statistics.
    public var buffers: [Parameter] {
        [Parameter("running_mean", runningMean), Parameter("running_var", runningVariance)]
    }

    /// A normalization of each channel.
    public var structure: LayerStructure { .normalization(weight: weight, bias: bias, dimension: 1) }

    /// Through the mean and the variance of the batch.
    public var couplesSamples: Bool { true }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        guard Mode.current != .evaluation && [x, weight, bias].contains(where: \.isFollowed) else {
            return normalized(x).output
        }
        checkShape(x)
        require(
            BatchStatistics.processes == nil,
            "BatchNormalization: statistics of several processes, through which autograd does not differentiate; linearize"
        )
        let (output, mean, variance) = x.batchNormalized(weight: weight, bias: bias, epsilon: epsilon)
        if Mode.current == .training { follow(mean, variance, of: Double(x.count / x.size(1))) }
        return output
    }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let (output, statistics) = normalized(x)
        return (output, BatchNormalizationLinearization(layer: self, input: x, statistics: statistics))
    }

    private func normalized(_ x: Tensor) -> (output: Tensor, statistics: NormalizationStatistics) {
        checkShape(x)
        if Mode.current != .evaluation, let processes = BatchStatistics.processes {
            return normalized(x, across: processes)
        }
        switch Mode.current {
        case .training:
            return Kernels.batchNormalization(
                x, weight: weight, bias: bias, epsilon: epsilon, following: (runningMean, runningVariance, momentum))
        case .teleportation:
            return Kernels.batchNormalization(x, weight: weight, bias: bias, epsilon: epsilon)
        case .evaluation:
            let output = Kernels.batchNormalization(
                x, weight: weight, bias: bias, mean: runningMean, variance: runningVariance, epsilon: epsilon)
            // Copies, since the running ones change in place.
            return (output, .given(mean: runningMean.clone(), variance: runningVariance.clone()))
        }
    }

    private func normalized(
        _ x: Tensor, across processes: ProcessGroup
    ) -> (output: Tensor, statistics: NormalizationStatistics) {
        let (mean, variance, values) = x.channelStatistics(across: processes)
        if Mode.current == .training { follow(mean, variance, of: values) }
        let output = Kernels.batchNormalization(
            x, weight: weight, bias: bias, mean: mean, variance: variance, epsilon: epsilon)
        let inverseDeviation = (variance + epsilon).power(-0.5)
        return (
            output, .shared(mean: mean, inverseDeviation: inverseDeviation, values: values, processes: processes)
        )
    }

    /// Has the running statistics follow those of a batch, with so many values in each channel.
    private func follow(_ mean: Tensor, _ variance: Tensor, of values: Double) {
        withoutGradients {
            runningMean.addInPlace(mean - runningMean, scale: momentum)
            runningVariance.addInPlace(variance * (values / (values - 1)) - runningVariance, scale: momentum)
        }
    }

    private func checkShape(_ x: Tensor) {
        require(
            x.rank >= 2 && x.size(1) == weight.count,
            "BatchNormalization: \(weight.count) channels for an input of shape \(x.shape)")
        require(
            Mode.current == .evaluation || x.count > x.size(1),
            "BatchNormalization: an input of shape \(x.shape) has one value in each channel, which has no variance; "
                + "take larger batches, or evaluate")
    }
}

/// The derivative of batch normalization at x. With `n = (x - mean) / sqrt(variance + epsilon)` and `w` the weight, the
/// tangent x' becomes `w n' + w' n + b'`.
///
/// The mean and variance of a batch depend on each of its samples: there `n' = r (x' - <x'> - n <n x'>)`, with r one
/// over the deviation and `<>` the mean over the values of a channel. This map is symmetric, so that it is its own
/// pull-back.
struct BatchNormalizationLinearization: Linearization {
    let layer: BatchNormalization
    let input: Tensor
    let statistics: NormalizationStatistics

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        let pulled = Kernels.batchNormalizationPullback(
            cotangent, input: input, weight: layer.weight, statistics: statistics, epsilon: layer.epsilon,
            needs: (input: needsInput, weight: collected.needsGradients, bias: collected.needsGradients))
        if let weight = pulled.weight { collected.gradients.add(.tensor(weight), of: layer.weight) }
        if let bias = pulled.bias { collected.gradients.add(.tensor(bias), of: layer.bias) }
        return pulled.input
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        var output = tangent.flatMap {
            Kernels.batchNormalizationPullback(
                $0, input: input, weight: layer.weight, statistics: statistics, epsilon: layer.epsilon,
                needs: (input: true, weight: false, bias: false)
            ).input
        }
        let (weight, bias) = (directions[layer.weight]?.formed(), directions[layer.bias]?.formed())
        if weight != nil || bias != nil {
            let (mean, variance, epsilon) =
                switch statistics {
                // The variance, epsilon included.
                case .batch(let mean, let inverseDeviation), .shared(let mean, let inverseDeviation, _, _):
                    (mean, inverseDeviation.power(-2), 0.0)
                case .given(let mean, let variance): (mean, variance, layer.epsilon)
                }
            let own = Kernels.batchNormalization(
                input, weight: weight ?? .zeros(like: layer.weight), bias: bias ?? .zeros(like: layer.bias), mean: mean,
                variance: variance, epsilon: epsilon)
            if let output { output.addInPlace(own) } else { output = own }
        }
        return output
    }
}
