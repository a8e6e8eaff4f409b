import NeuralNetworks
import Torch

/// A move of one pair of layers of a perceptron by a group element g, kept for its derivative: what it makes of a velocity of the
/// weights. What the layers read is held, as the group action holds it.
enum PairMove {
    /// ST22 eq. 8, at the layer of an index: the lower layer reads `input` and has the pseudo-inverse of its input; its preactivations
    /// Z become `sigma^{-1}(g sigma(Z))`, from `before` to `after`.
    case exact(
        Int, FactoredGroupElement, Activation, input: Tensor, PseudoInverse, before: Tensor, after: Tensor)
    /// PS24 eq. 46, at the layer of an index: the layer above reads `change` more than before, and has the pseudo-inverse of what it
    /// reads then.
    case approximate(Int, FactoredGroupElement, change: Tensor, PseudoInverse)

    /// Turns a velocity, in place.
    ///
    /// - Parameters:
    ///   - layers: Those of the perceptron.
    ///   - part: The velocity of one of its parameters; nil for one that does not move.
    func turn(_ layers: [Dense], _ part: (Tensor) -> Tensor?) {
        switch self {
        case .exact(let index, let g, let activation, let input, let inverse, let before, let after):
            let (lower, upper) = (layers[index], layers[index + 1])
            // dZ, and dZ' with sigma'(Z') dZ' = g (sigma'(Z) dZ).
            var tangent = Tensor.zeros(like: before)
            if let weight = part(lower.weight) { tangent = input.matmul(weight.transposed()) }
            if let bias = lower.bias.flatMap(part) { tangent = tangent + bias }
            let turned =
                g.applied(toRows: Self.slope(of: activation, at: before) * tangent)
                / Self.slope(of: activation, at: after)
            let change = (turned - tangent).transposed()
            let width = input.size(1)
            if let weight = part(lower.weight) {
                weight.addMatmulInPlace(change, inverse.dual.narrowed(1, to: 0..<width))
            }
            if let bias = lower.bias.flatMap(part) {
                bias.addMatrixVectorInPlace(change, inverse.dual.selected(1, width))
            }
            if let weight = part(upper.weight) { g.applyInverse(toColumnsOf: weight) }
        case .approximate(let index, let g, let change, let inverse):
            let (lower, upper) = (layers[index], layers[index + 1])
            if let weight = part(lower.weight) { g.apply(to: weight) }
            if let bias = lower.bias.flatMap(part) { g.apply(to: bias.expanded(at: 1)) }
            if let weight = part(upper.weight) { Self.takeAway(change, from: weight, inverse) }
        }
    }

    /// Changes a matrix that reads `change` more than before so that what it makes of its input stays, as well as it can.
    static func takeAway(_ change: Tensor, from weight: Tensor, _ inverse: PseudoInverse) {
        weight.addMatmulInPlace(change.matmul(weight.transposed()).transposed(), inverse.dual, scale: -1)
    }

    private static func slope(of activation: Activation, at preactivation: Tensor) -> Tensor {
        activation.derivative(at: preactivation, output: activation.layer(preactivation))
    }
}
