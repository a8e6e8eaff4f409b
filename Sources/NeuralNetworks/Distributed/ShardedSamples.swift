import Torch

/// Samples whose batches are spread over the processes of a group: each process forms its own part of a batch.
///
/// All processes have the samples at hand and ask for the same batches in the same order. A `LinearizedLoss` of such a batch has the
/// value and the gradients of the whole, the same numbers at each process.
///
/// ```swift
/// let samples = ShardedSamples(all, in: group)
/// for batch in samples.batches(of: 256, shuffledBy: Generator(seed: 1)) { step(on: batch) }
/// ```
///
/// The losses of this library count each sample alike. A loss that leaves samples out, as `CrossEntropy` does those with the label -100,
/// is then the mean over processes, weighted by their samples, of the means over those that count.
public struct ShardedSamples<Base: SampleSource>: SampleSource {
    /// The samples, not spread.
    public let base: Base
    /// The processes.
    public let group: ProcessGroup

    /// Samples that each process of a group has at hand.
    public init(_ base: Base, in group: ProcessGroup) {
        self.base = base
        self.group = group
    }

    /// The number of samples.
    public var count: Int { base.count }

    /// Those of all samples.
    public var targets: Tensor? { base.targets }

    /// The samples, not spread.
    public var whole: any SampleSource { base }

    /// The part of this process of the samples at `indices` (`int64`, `[n]`, at least one, each in `0..<count`), in that order.
    public func batch(_ indices: Tensor) -> Batch {
        let shard = Shard(of: indices.count, in: group)
        let part = base.batch(indices.narrowed(0, to: shard.range))
        return Batch(inputs: part.inputs, targets: part.targets, shard: shard)
    }
}
