import NeuralNetworks
import Torch

/// The samples of a data set: what they look like, and what is asked about them.
///
/// ```swift
/// let generator = Generator(seed: 1)
/// for epoch in 0..<10 {
///     for batch in digits.batches(of: 32, shuffledBy: generator) { train(on: batch) }
/// }
/// ```
public protocol Dataset: SampleSource {
    /// The shape of the input of one sample: an image `[C, H, W]`, a series `[T, D]`, a text `[T]`.
    var inputShape: [Int] { get }

    /// What is asked of a model.
    var task: LearningTask { get }

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
}

/// A data set whose batches are spread over the processes of a group.
extension ShardedSamples: Dataset where Base: Dataset {
    /// The shape of the input of one sample.
    public var inputShape: [Int] { base.inputShape }

    /// What is asked of a model.
    public var task: LearningTask { base.task }

    /// The first `length` samples, or all if there are fewer.
    public func prefix(_ length: Int) -> ShardedSamples { ShardedSamples(base.prefix(length), in: group) }

    /// The same samples with inputs of another floating-point type, on another device, or both.
    public func to(dtype: DType?, device: Device?) -> ShardedSamples {
        ShardedSamples(base.to(dtype: dtype, device: device), in: group)
    }
}
