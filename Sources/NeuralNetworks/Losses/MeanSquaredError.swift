import Torch

/// The mean over all elements of the squared difference between outputs and targets, of one shape.
public struct MeanSquaredError: Loss {
    /// The loss.
    public init() {}

    /// The loss, rank 0.
    public func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
        requireOneShape(outputs, targets)
        return Kernels.meanSquaredError(outputs, targets: targets)
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
        requireOneShape(outputs, targets)
        return tangent * (2 / Double(outputs.count))
    }

    /// Whether the targets have the shape and the element type of the outputs.
    public func check(outputs: Tensor, targets: Tensor) throws(LossError) {
        guard outputs.shape == targets.shape else {
            throw .shape(outputs: outputs.shape, targets: targets.shape, expected: "\(outputs.shape)")
        }
        guard outputs.dtype == targets.dtype else { throw .elementType(targets.dtype, expected: outputs.dtype) }
    }

    /// libtorch would broadcast them. Asked at every step, so without the arrays of `shape`.
    private func requireOneShape(_ outputs: Tensor, _ targets: Tensor) {
        let rank = outputs.rank
        require(
            targets.rank == rank && (0..<rank).allSatisfy { targets.size($0) == outputs.size($0) },
            "MeanSquaredError: outputs of shape \(outputs.shape) with targets of shape \(targets.shape)")
    }
}
