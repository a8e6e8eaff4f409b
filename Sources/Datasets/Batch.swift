import Torch

/// Some samples of a data set, with what a model should say about them.
public struct Batch {
    /// The samples, joined along the first dimension: `[n, ...]`.
    public let inputs: Tensor
    /// The targets in the order of the samples: `[n]` for classes (`int64`), `[n, ...]` otherwise.
    public let targets: Tensor

    /// A batch of inputs and targets, whose first extents are equal.
    public init(inputs: Tensor, targets: Tensor) {
        precondition(
            inputs.size(0) == targets.size(0), "inputs \(inputs.shape) and targets \(targets.shape) of different counts"
        )
        self.inputs = inputs
        self.targets = targets
    }

    /// The number of samples.
    public var count: Int { inputs.size(0) }
}
