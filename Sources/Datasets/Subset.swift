import NeuralNetworks
import Torch

/// Some samples of a data set.
public struct Subset: Dataset {
    private let samples: any Dataset
    /// Which they are, `int64`, `[count]`.
    private let indices: Tensor

    /// The samples at `indices` (`int64`, `[n]`, each in `0..<samples.count`), in that order.
    public init(of samples: any Dataset, at indices: Tensor) {
        require(indices.dtype == .int64 && indices.rank == 1, "Subset: indices of shape \(indices.shape)")
        self.samples = samples
        self.indices = indices
    }

    /// The number of samples.
    public var count: Int { indices.count }
    /// The shape of the input of one sample.
    public var inputShape: [Int] { samples.inputShape }
    /// What is asked of a model.
    public var task: LearningTask { samples.task }

    /// The samples at positions within the subset (`int64`, `[n]`), in that order.
    public func batch(_ positions: Tensor) -> Batch { samples.batch(indices.gathered(0, positions)) }

    /// The first `length` of these samples, or all if there are fewer.
    public func prefix(_ length: Int) -> Subset {
        Subset(of: samples, at: indices.narrowed(0, to: 0..<min(length, count)))
    }

    /// The same samples with inputs of another floating-point type, on another device, or both.
    public func to(dtype: DType?, device: Device?) -> Subset {
        Subset(of: samples.to(dtype: dtype, device: device), at: indices)
    }
}

extension Dataset {
    /// So many samples at equal distances, or all if there are fewer: of samples ordered by class or by time they have all
    /// classes and the whole time.
    public func thinned(to size: Int) -> Subset {
        require(size >= 1, "\(size) of \(count) samples")
        let size = min(size, count)
        return Subset(of: self, at: Tensor((0..<size).map { Int64($0 * count / size) }))
    }
}
