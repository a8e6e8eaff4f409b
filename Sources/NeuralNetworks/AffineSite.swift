import Torch

/// An affine map `z = A W^T + 1 b^T` at the input at which a model was linearized: what null-space teleportation moves.
///
/// Cotangents of its output and tangents of its input are looked up by the object; see `Pullback` and `Pushforward`.
public final class AffineSite {
    /// The layer's parameter, `[out, ...]`.
    public let weight: Tensor
    /// `b`, `[out]`.
    public let bias: Tensor?
    /// `A`, `[m, in]`.
    public let input: any AffineInput

    /// `W`, `[out, in]`: the weight as a matrix, to be read; a copy where the weight is a view that has no such shape, so
    /// that moves must go to the weight.
    public var matrix: Tensor { weight.rank == 2 ? weight : weight.flattened(from: 1) }

    /// The map of a layer at its input.
    public init(weight: Tensor, bias: Tensor?, input: any AffineInput) {
        self.weight = weight
        self.bias = bias
        self.input = input
    }
}
