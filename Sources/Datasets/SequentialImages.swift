import NeuralNetworks
import Torch

/// Labelled images as sequences of their pixels, row by row, as in sequential MNIST (NS25, section 5).
public struct SequentialImages: Dataset {
    /// The images.
    public let images: ImageDataset

    /// The images of a data set as sequences.
    public init(_ images: ImageDataset) { self.images = images }

    /// The number of images.
    public var count: Int { images.count }

    /// The shape of one sequence, `[H W, C]`.
    public var inputShape: [Int] {
        let shape = images.inputShape
        return [shape[1] * shape[2], shape[0]]
    }

    /// Classification.
    public var task: LearningTask { images.task }

    /// The images at `indices` (`int64`, `[n]`) as `[n, H W, C]`, scaled as the images are, and their classes, `[n]`.
    public func batch(_ indices: Tensor) -> Batch {
        let batch = images.batch(indices)
        return Batch(inputs: batch.inputs.flattened(from: 2).transposed().contiguous(), targets: batch.targets)
    }

    /// The first `length` images, or all if there are fewer; they share the storage of this data set.
    public func prefix(_ length: Int) -> SequentialImages { SequentialImages(images.prefix(length)) }

    /// The same images with batches of another floating-point type, on another device, or both.
    public func to(dtype: DType?, device: Device?) -> SequentialImages {
        SequentialImages(images.to(dtype: dtype, device: device))
    }
}
