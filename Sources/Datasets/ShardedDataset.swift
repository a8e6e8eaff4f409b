import NeuralNetworks
import Torch

/// A data set whose batches are spread over the processes of a group; see `ShardedSamples`.
public struct ShardedDataset: Dataset {
    private let base: any Dataset
    private let group: ProcessGroup

    /// A data set that each process of a group has at hand.
    public init(_ base: any Dataset, in group: ProcessGroup) {
        self.base = base
        self.group = group
    }

    /// The number of samples.
    public var count: Int { base.count }
    /// The targets of all samples.
    public var targets: Tensor? { base.targets }
    /// The shape of the input of one sample.
    public var inputShape: [Int] { base.inputShape }
    /// What is asked of a model.
    public var task: LearningTask { base.task }
    /// The samples, not spread.
    public var whole: any SampleSource { base }

    /// The part of this process of the samples at `indices` (`int64`, `[n]`, at least one, each in `0..<count`), in that order.
    public func batch(_ indices: Tensor) -> Batch { Shard(of: indices.count, in: group).part(at: indices, of: base) }

    /// The first `length` samples, or all if there are fewer.
    public func prefix(_ length: Int) -> ShardedDataset { ShardedDataset(base.prefix(length), in: group) }

    /// The same samples with inputs of another floating-point type, on another device, or both.
    public func to(dtype: DType?, device: Device?) -> ShardedDataset {
        ShardedDataset(base.to(dtype: dtype, device: device), in: group)
    }
}
