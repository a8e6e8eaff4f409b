import Torch

/// The mean over all elements of the squared difference between outputs and targets, of one shape.
public struct MeanSquaredError: Loss {
    /// The loss.
    public init() {}

    /// The loss, rank 0.
    public func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
        Kernels.meanSquaredError(outputs, targets: targets)
    }

    /// The loss, rank 0, and its gradient with respect to the outputs, without a tape.
    public func linearize(_ outputs: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor) {
        let one = Tensor(1, dtype: outputs.dtype, device: outputs.device)
        return (
            self(outputs, targets),
            Kernels.meanSquaredErrorPullback(one, predictions: outputs, targets: targets)
        )
    }

    /// `2 v / count` for a tangent v.
    public func curvature(_ outputs: Tensor, _ targets: Tensor, along tangent: Tensor) -> Tensor {
        tangent * (2 / Double(outputs.count))
    }
}
