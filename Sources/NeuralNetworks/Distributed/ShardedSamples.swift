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
public struct ShardedSamples: SampleSource {
    /// The samples, not spread.
    public let whole: any SampleSource
    private let group: ProcessGroup

    /// Samples spread over the processes of a group.
    public init(_ whole: any SampleSource, in group: ProcessGroup) {
        self.whole = whole
        self.group = group
    }

    /// The number of samples.
    public var count: Int { whole.count }

    /// Those of all samples.
    public var targets: Tensor? { whole.targets }

    /// The part of this process of the samples at `indices` (`int64`, `[n]`, at least one, each in `0..<count`), in that order.
    public func batch(_ indices: Tensor) -> Batch { Shard(of: indices.count, in: group).part(at: indices, of: whole) }
}

extension Shard {
    /// The samples of this process, of those at `indices` of a source.
    package func part(at indices: Tensor, of samples: any SampleSource) -> Batch {
        let part = samples.batch(indices.narrowed(0, to: range))
        return Batch(inputs: part.inputs, targets: part.targets, shard: self)
    }
}
