import NeuralNetworks
import Torch

/// The direction without second derivatives: `Delta^T (D_g A) (I - B B^T)` for each affine map.
///
/// For an affine map `dL/dW = Delta^T A`, so `(H g)_W = (D_g Delta)^T A + Delta^T (D_g A)`, and the projection takes the
/// first term away. `Delta` is a pull-back, `D_g A` a pushforward along g. A map that reads the data has `D_g A = 0` and
/// never moves. The moves leave all activations of the batch as they are, so that the model is linearized once.
final class ClosedFormAscent: NullSpaceAscent {
    private let linearized: LinearizedLoss
    private let parameters: [Tensor]
    private var pulled: Pullback?

    init(_ linearized: LinearizedLoss, of parameters: [Tensor]) {
        self.linearized = linearized
        self.parameters = parameters
    }

    func differentiate() -> [ParameterGradient] {
        // The cotangents of convolutions are large, and nobody else holds them: the old go before the new come.
        self.pulled = nil
        let pulled = linearized.pullback()
        self.pulled = pulled
        return pulled.gradients.values(of: parameters)
    }

    func direction(in spaces: InputNullSpaces) throws(TorchError) -> [Move] {
        guard let pulled else { fatalError("direction(in:) before differentiate()") }
        let tangents = linearized.model.pushforward(nil, along: pulled.gradients).collected
        var moves: [Move] = []
        for (position, map) in tangents.sites.enumerated() {
            guard let tangent = tangents[map], let delta = pulled[map] else { continue }
            let space = try spaces.of(map, at: position)
            guard space.freeDimensions > 0 else { continue }
            let weight: ParameterGradient
            let bias: Tensor?
            if map.input is Representation, delta.size(0) <= delta.size(1) {
                guard let rows = space.project(tangent) else { continue }
                weight = .product(delta: delta, input: Representation(rows: rows.weight))
                bias = rows.bias.map { delta.transposed().matmul($0) }
            } else {
                // More rows than outputs: the product has fewer rows to project than its factor.
                guard let product = space.projectProduct(delta, tangent, of: map.input) else { continue }
                weight = .tensor(product.weight)
                bias = product.bias
            }
            moves.append(Move(parameter: map.matrix, direction: weight))
            if let parameter = map.bias, let bias {
                moves.append(Move(parameter: parameter, direction: .tensor(bias.flattened())))
            }
        }
        return moves
    }
}
