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

    /// `W`, `[out, in]`: the weight as a matrix, to be read; a copy where the weight is a view that has no such shape. Moves
    /// go through `add`.
    public var matrix: Tensor { weight.rank == 2 ? weight : weight.flattened(from: 1) }

    /// The map of a layer at its input.
    public init(weight: Tensor, bias: Tensor?, input: any AffineInput) {
        self.weight = weight
        self.bias = bias
        self.input = input
    }

    /// Moves the map in place: adds `scale` times a direction to weight and bias.
    ///
    /// - Parameters:
    ///   - weight: Of the matrix's shape, `[out, in]`, whatever the shape and the layout of the weight itself.
    ///   - bias: `[out]` or `[out, 1]`; nil leaves the bias alone. Traps if there is none to move.
    ///   - scale: The factor.
    public func add(_ weight: ParameterGradient, bias: Tensor? = nil, scale: Double) {
        if self.weight.rank == 2 {
            weight.add(to: self.weight, scale: scale)
        } else if case let matrix = matrix, matrix.sharesStorage(with: self.weight) {
            weight.add(to: matrix, scale: scale)
        } else {
            self.weight.addInPlace(weight.formed().reshaped(self.weight.shape), scale: scale)
        }
        if let bias {
            guard let own = self.bias else { fatalError("AffineSite: a direction for a bias, but the map has none") }
            own.addInPlace(bias.flattened(), scale: scale)
        }
    }

    /// `[W b]`, `[out, in + 1]`, or W where there is no bias; a copy.
    public var joinedMatrix: Tensor { join(matrix, bias) }

    /// A weight's part, `[r, in]`, and a bias's, `[r]` or `[r, 1]`, side by side: `[r, in + 1]`. Without a bias in the map it is
    /// the first of them; a bias's part that is nil stands for zeros.
    public func join(_ weight: Tensor, _ bias: Tensor?) -> Tensor {
        guard self.bias != nil else { return weight }
        let rows = weight.size(0)
        let column =
            bias?.reshaped([rows, 1]) ?? .zeros([rows, 1], dtype: weight.dtype, device: weight.device)
        return .concatenated([weight, column], along: 1)
    }

    /// The parts of rows `[r, in + 1]`: views of the weight's, `[r, in]`, and of the bias's, `[r, 1]`, where the map has one.
    public func split(_ rows: Tensor) -> (weight: Tensor, bias: Tensor?) {
        guard bias != nil else { return (rows, nil) }
        let columns = rows.size(1) - 1
        return (rows.narrowed(1, to: 0..<columns), rows.narrowed(1, to: columns..<columns + 1))
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
