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

extension Layer {
    /// The path of a site's layer within this model, for people: the name of its weight up to `weight`, as in `2` for
    /// `2.weight`; empty if the weight is no parameter of the model. A weight that serves two sites has its first name.
    public func name(of site: AffineSite) -> String { name(ofLayerWith: site.weight) }

    /// The path of the layer with a weight within this model; see `name(of:)`.
    package func name(ofLayerWith weight: Tensor) -> String {
        guard let name = parameters.first(where: { $0.value.isIdentical(to: weight) })?.name else { return "" }
        guard name.hasSuffix("weight") else { return name }
        return String(name.dropLast("weight".count + 1))
    }
}
