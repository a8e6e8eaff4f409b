import Torch

/// Inputs of a model and the targets that a loss compares its outputs with.
public struct Batch {
    /// `[N, ...]`.
    public let inputs: Tensor
    /// `[N, ...]`; class indices are `int64` `[N]`.
    public let targets: Tensor

    /// The number of samples.
    public var count: Int { inputs.size(0) }

    /// A batch of `N` samples.
    public init(inputs: Tensor, targets: Tensor) {
        require(
            inputs.size(0) == targets.size(0),
            "a batch of inputs of shape \(inputs.shape) with targets of shape \(targets.shape)")
        self.inputs = inputs
        self.targets = targets
    }
}
