import Torch

/// Samples with targets that can be reached in any order.
///
/// ```swift
/// let samples = Samples(inputs: inputs, targets: labels)
/// for batch in samples.batches(of: 32, shuffledBy: Generator(seed: 1)) { train(on: batch) }
/// ```
public protocol SampleSource {
    /// The number of samples.
    var count: Int { get }

    /// The samples at `indices` (`int64`, `[n]`, each in `0..<count`), in that order.
    func batch(_ indices: Tensor) -> Batch

    /// The targets of all samples, `[N, ...]`, where they are at hand as one tensor; nil, the default, where they would have to
    /// be gathered.
    var targets: Tensor? { get }

    /// The same samples in batches that no process shares with others; itself, the default, where they are so already.
    var whole: any SampleSource { get }
}

extension SampleSource {
    /// Not at hand.
    public var targets: Tensor? { nil }

    /// They are whole.
    public var whole: any SampleSource { self }

    /// Different samples drawn at random, all subsets being equally likely.
    ///
    /// - Parameters:
    ///   - size: The number of samples, in `0...count`.
    ///   - generator: Where the random numbers come from.
    public func randomBatch(of size: Int, using generator: Generator) -> Batch {
        require((0...count).contains(size), "a random batch of \(size) from \(count) samples")
        return batch(Tensor.permutation(count, using: generator).narrowed(0, to: 0..<size))
    }
}
