import Torch

/// Inputs of a model and the targets that a loss compares its outputs with.
public struct Batch {
    /// `[N, ...]`.
    public let inputs: Tensor
    /// `[N, ...]`; class indices are `int64` `[N]`.
    public let targets: Tensor

    /// Which part of a batch these are, where its samples are spread over processes; nil where they are all.
    public let shard: Shard?

    /// The number of samples, those of other processes included.
    public var count: Int { shard?.sampleCount ?? inputs.size(0) }

    /// A batch of `N` samples.
    ///
    /// - Parameters:
    ///   - inputs: `[N, ...]`.
    ///   - targets: `[N, ...]`.
    ///   - shard: Which part of a batch they are; nil for all of it.
    public init(inputs: Tensor, targets: Tensor, shard: Shard? = nil) {
        require(
            inputs.size(0) == targets.size(0),
            "a batch of inputs of shape \(inputs.shape) with targets of shape \(targets.shape)")
        self.inputs = inputs
        self.targets = targets
        self.shard = shard
    }
}

extension Batch {
    /// The samples here, without one that stands in where there are none.
    package var ownCount: Int { shard?.ownCount ?? count }

    /// The mean over all samples of the batch, given that over the samples here.
    package func whole(_ mean: Tensor) -> Tensor {
        guard let shard else { return mean }
        return shard.sum(mean * shard.weight)
    }
}
