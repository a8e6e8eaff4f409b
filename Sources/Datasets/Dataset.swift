import NeuralNetworks
import Torch

/// Samples with targets that can be reached in any order.
///
/// ```swift
/// let generator = Generator(seed: 1)
/// for epoch in 0..<10 {
///     for batch in digits.batches(of: 32, shuffledBy: generator) { train(on: batch) }
/// }
/// ```
public protocol Dataset {
    /// The number of samples.
    var count: Int { get }

    /// The shape of the input of one sample: an image `[C, H, W]`, a series `[T, D]`, a text `[T]`.
    var inputShape: [Int] { get }

    /// What is asked of a model.
    var task: LearningTask { get }

    /// The samples at `indices` (`int64`, `[n]`, each in `0..<count`), in that order.
    func batch(_ indices: Tensor) -> Batch

    /// The first `length` samples, or all if there are fewer; they share the storage of this data set.
    func prefix(_ length: Int) -> Self

    /// The same samples with inputs of another floating-point type, on another device, or both.
    func to(dtype: DType?, device: Device?) -> Self
}

extension Dataset {
    /// The same samples with inputs of another floating-point type.
    public func to(dtype: DType) -> Self { to(dtype: dtype, device: nil) }

    /// The same samples on another device.
    public func to(device: Device) -> Self { to(dtype: nil, device: device) }

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
