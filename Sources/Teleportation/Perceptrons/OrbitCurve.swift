import NeuralNetworks
import Torch

/// The curves `gamma_M(t) = exp(t M) . w` of the exact group action on a perceptron, on one batch, by their derivatives at t = 0;
/// PS24 appendix D.4.
///
/// Of a pair V, U of layers with the input h of V and `S = sigma(V h)`, samples as columns and f the inverse of sigma
///
///     U:  -U M,                       U M^2,                                  -U M^3
///     V:  (f'(S) M S) h^+,   (f'(S) M^2 S + f''(S) (M S)^2) h^+,
///         (f'(S) M^3 S + 3 f''(S) (M S) (M^2 S) + f'''(S) (M S)^3) h^+
///
/// with elementwise products and powers. These are the derivatives of `sigma^{-1}(exp(t M) S) h^+` by the chain rule; PS24 eq. 60
/// has `1 / n!` of Taylor's series twice over, so that its terms with f'' and f''' are two and six times these. Where f is linear
/// in pieces, as for LeakyReLU, there is no difference.
///
/// With several pairs the moves of all are added, each from w, as in the published experiments: a weight between two pairs moves
/// with both. A bias is the last column of V and stays where it is in U.
///
/// All is computed in float64, and in operations that autograd can follow to the weights.
struct OrbitCurve {
    private let layers: [Dense]
    private let pairs: [Pair]

    /// What the derivatives need to know of a pair of layers.
    fileprivate struct Pair {
        /// S, one row for each sample.
        let hidden: Tensor
        /// f and its derivatives, at S.
        let inverse: Activation.InverseDerivatives
        /// `(h^+)^T`, one row for each sample, with the column of the bias.
        let dual: Tensor
        /// U without its bias.
        let upper: Tensor
    }

    /// The curves through the weights as they are.
    ///
    /// - Parameters:
    ///   - perceptron: The network, whose activations are bijective.
    ///   - inputs: The samples, as the model is given them.
    /// - Throws: `TorchError` if a pseudo-inverse cannot be computed.
    init(of perceptron: Perceptron, on inputs: Tensor) throws(TorchError) {
        layers = perceptron.layers
        var rows = perceptron.rows(of: inputs).to(dtype: .float64)
        var pairs: [Pair] = []
        for (index, activation) in perceptron.activations.enumerated() {
            let lower = layers[index]
            let input = lower.augmented(rows)
            // The data do not move with the weights, and a decomposition that autograd need not follow is cheaper.
            let dual = index == 0 ? try PseudoInverse(of: input).dual : try input.pseudoInverse().transposed()
            let preactivation = rows.linear(
                lower.weight.to(dtype: .float64), lower.bias?.to(dtype: .float64))
            rows = activation.layer(preactivation)
            pairs.append(
                Pair(
                    hidden: rows, inverse: activation.inverseDerivatives(at: preactivation, output: rows), dual: dual,
                    upper: layers[index + 1].weight.to(dtype: .float64)))
        }
        self.pairs = pairs
    }

    /// The derivatives along elements M of the pairs' Lie algebras, each `[k, k]`.
    func derivatives(along elements: [Tensor]) -> CurveDerivatives {
        let all = derivatives(along: elements, upTo: 3)
        return CurveDerivatives(first: all[0], second: all[1], third: all[2])
    }

    /// kappa along elements of the Lie algebras, rank 0.
    func curvature(along elements: [Tensor]) -> Tensor {
        let both = derivatives(along: elements, upTo: 2)
        return CurveDerivatives.curvature(both[0], both[1])
    }

    /// The derivatives up to an order, each with one part for each weight and bias.
    private func derivatives(along elements: [Tensor], upTo order: Int) -> [[Tensor]] {
        require(
            elements.map(\.shape) == pairs.map { [$0.hidden.size(1), $0.hidden.size(1)] },
            "elements of shapes \(elements.map(\.shape)) for hidden layers of \(pairs.map { $0.hidden.size(1) }) units")
        let moves = zip(pairs, elements).map { $0.derivatives(along: $1.to(dtype: .float64), upTo: order) }
        return (0..<order).map { order in
            layers.enumerated().flatMap { index, layer in
                let width = layer.weight.size(1)
                let lower = index < moves.count ? moves[index].lower[order] : nil
                let parts = [lower?.narrowed(1, to: 0..<width), index > 0 ? moves[index - 1].upper[order] : nil]
                    .compactMap(\.self)
                let weight = parts.dropFirst().reduce(parts[0]) { $0 + $1 }
                guard let bias = layer.bias else { return [weight] }
                return [weight, lower?.selected(1, width) ?? Tensor.zeros(like: bias).to(dtype: .float64)]
            }
        }
    }
}

extension OrbitCurve.Pair {
    /// The derivatives of V, with the bias as its last column, and of U.
    fileprivate func derivatives(along element: Tensor, upTo order: Int) -> (lower: [Tensor], upper: [Tensor]) {
        var (images, uppers) = ([Tensor](), [Tensor]())
        for _ in 0..<order {
            images.append((images.last ?? hidden).matmul(element.transposed()))
            uppers.append(-(uppers.last ?? upper).matmul(element))
        }
        var changes = images.map { inverse.first * $0 }
        if let second = inverse.second, order > 1 { changes[1] = changes[1] + second * images[0] * images[0] }
        if let second = inverse.second, let third = inverse.third, order > 2 {
            changes[2] =
                changes[2] + second * images[0] * images[1] * 3 + third * images[0] * images[0] * images[0]
        }
        return (changes.map { $0.transposed().matmul(dual) }, uppers)
    }
}
