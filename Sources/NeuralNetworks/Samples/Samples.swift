import Torch

/// Samples that are held in two tensors.
public struct Samples: SampleSource {
    /// All of them as one batch.
    public let all: Batch

    /// Samples of the given inputs `[N, ...]` and targets `[N, ...]`, on one device.
    public init(inputs: Tensor, targets: Tensor) {
        all = Batch(inputs: inputs, targets: targets)
    }

    /// The number of samples.
    public var count: Int { all.count }

    /// All of them.
    public var targets: Tensor? { all.targets }

    /// The samples at `indices` (`int64`, `[n]`, each in `0..<count`), in that order.
    public func batch(_ indices: Tensor) -> Batch {
        let rows = indices.to(device: all.inputs.device)
        return Batch(inputs: all.inputs.gathered(0, rows), targets: all.targets.gathered(0, rows))
    }
}
