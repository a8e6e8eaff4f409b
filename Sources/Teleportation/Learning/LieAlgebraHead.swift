import Torch

/// Elements of a Lie algebra of a set length, from the outputs of a network.
enum LieAlgebraHead {
    /// T for each row: the row as a matrix, scaled to a Frobenius norm.
    ///
    /// - Parameters:
    ///   - outputs: `[B, k k]`.
    ///   - size: k.
    ///   - norm: The Frobenius norm of each T.
    /// - Returns: `[B, k, k]`.
    static func elements(_ outputs: Tensor, size: Int, norm: Double) -> Tensor {
        let lengths = (outputs * outputs).sum(along: [1], keepingDimensions: true).squareRoot()
        return (outputs / lengths * norm).reshaped([-1, size, size])
    }
}
