import NeuralNetworks
import Torch

/// Labelled images, kept as bytes and converted batch by batch: 60,000 images of MNIST take 47 MB and not 188.
public struct ImageDataset: Dataset {
    /// The pixels, `uint8`, `[N, C, H, W]`.
    public let images: Tensor
    /// The class of each image, `int64`, `[N]`, in `0..<classCount`.
    public let labels: Tensor
    /// The number of classes.
    public let classCount: Int
    /// The floating-point type of the inputs of a batch.
    public let dtype: DType
    /// What the bytes become.
    public let scaling: PixelScaling

    /// A data set of images.
    ///
    /// - Parameters:
    ///   - images: `uint8`, `[N, C, H, W]`.
    ///   - labels: `int64`, `[N]`, on the same device, in `0..<classCount`.
    ///   - classCount: The number of classes.
    ///   - dtype: The type of the inputs of a batch, `float32` or `float64`.
    ///   - scaling: What the bytes become.
    public init(
        images: Tensor, labels: Tensor, classCount: Int, dtype: DType = .float32, scaling: PixelScaling = .unit
    ) {
        require(
            images.dtype == .uint8 && images.rank == 4, "images are [N, C, H, W] of uint8, not \(images.shape)")
        require(
            labels.dtype == .int64 && labels.shape == [images.size(0)],
            "labels of \(images.size(0)) images are [\(images.size(0))] of int64, not \(labels.shape)")
        require(images.device == labels.device, "images on \(images.device), labels on \(labels.device)")
        require(dtype == .float32 || dtype == .float64, "inputs of \(dtype)")
        self.images = images
        self.labels = labels
        self.classCount = classCount
        self.dtype = dtype
        self.scaling = scaling
    }

    /// The number of images.
    public var count: Int { images.size(0) }

    /// The shape of one image, `[C, H, W]`.
    public var inputShape: [Int] { Array(images.shape.dropFirst()) }

    /// Classification.
    public var task: LearningTask { .classification(classes: classCount) }

    /// The images at `indices` (`int64`, `[n]`) as `[n, C, H, W]` of `dtype`, scaled, and their classes, `[n]`.
    public func batch(_ indices: Tensor) -> Batch {
        let rows = indices.to(device: images.device)
        // The rows are gathered while they are bytes.
        let inputs = scaling.applied(to: images.gathered(0, rows).to(dtype: dtype))
        return Batch(inputs: inputs, targets: labels.gathered(0, rows))
    }

    /// The first `length` images, or all if there are fewer; they share the storage of this data set.
    public func prefix(_ length: Int) -> ImageDataset {
        let range = 0..<min(length, count)
        return ImageDataset(
            images: images.narrowed(0, to: range), labels: labels.narrowed(0, to: range), classCount: classCount,
            dtype: dtype, scaling: scaling)
    }

    /// The same images with other inputs made of their bytes.
    public func scaled(_ scaling: PixelScaling) -> ImageDataset {
        ImageDataset(images: images, labels: labels, classCount: classCount, dtype: dtype, scaling: scaling)
    }

    /// The same images with batches of another floating-point type, on another device, or both.
    public func to(dtype: DType?, device: Device?) -> ImageDataset {
        ImageDataset(
            images: images.to(device: device), labels: labels.to(device: device), classCount: classCount,
            dtype: dtype ?? self.dtype, scaling: scaling)
    }
}
