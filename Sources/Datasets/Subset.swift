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

    /// The same of the samples that no process shares with others.
    public var whole: any SampleSource {
        (samples.whole as? any Dataset).map { Subset(of: $0, at: indices) } ?? self
    }

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
    /// So many samples drawn at random, the same ones each time, in the order of the data set; all if there are fewer.
    ///
    /// Samples at equal distances could all be of one class, or of one hour of the day.
    public func thinned(to size: Int) -> Subset {
        require(size >= 1, "\(size) of \(count) samples")
        let order = Tensor.permutation(count, using: Generator(seed: 0)).elements(as: Int64.self)
        return Subset(of: self, at: Tensor(order.prefix(size).sorted()))
    }
}
