import NeuralNetworks
import Torch

/// Symmetry teleportation without a tape.
///
/// Samples are rows here. For layer l, with a one at the end of each row of `A_l`: `Z_l = A_l W_l^T`,
/// `A_{l+1} = sigma(Z_l)`, `Delta_l = dL/dZ_l`, `g_l = Delta_l^T A_l`, and with `D_g`, the derivative along g,
///
///     (H g)_l = (D_g Delta_l)^T A_l + Delta_l^T (D_g A_l)
///
/// where one pass forwards gives `D_g A` and one backwards `D_g Delta`. The gradient of `1/2 ||g||^2` with respect to the
/// T of the pair V = W_l, U = W_{l+1} with `S = A_{l+1}` is the pull-back of this through `dU` and `dV` at T = 0:
///
///     exact:        dU = -U T,                        dV = (T S^T / sigma'(Z^T)) A^+
///                   (M / sigma'(Z) - (D_g Delta_U) U)^T S - (Delta_U U)^T (D_g S),   M = (A^+)^T (H g)_V^T
///     approximate:  dU = -U (sigma'(Z) (Z T^T))^T S^+, dV = T V
///                   (D_g Delta_V - sigma'(Z) N)^T Z + Delta_V^T (D_g A V^T),         N = (S^+)^T (H g)_U^T U
///
/// These are products of rank 2 m, and are kept as such.
final class ClosedFormSymmetryAscent<Objective: Loss>: SymmetryAscent {
    private let perceptron: Perceptron
    private let loss: Objective
    private let targets: Tensor
    private let action: GroupAction
    private let element: GroupElement

    /// `A_l`, without the ones.
    private var inputs: [Representation] = []
    /// `Z_l`.
    private var preactivations: [Tensor] = []
    /// Those of `A_l`, with the ones for the exact action; computed when first asked for.
    private var pseudoInverses: [PseudoInverse?]
    /// What exact moves have added to `Z_0` since the last `commit()`, and the inverse of the data. No derivative reads
    /// `W_0`, and the data do not move: one update of the largest weight serves all moves until somebody else reads it.
    private var pending: (change: Tensor, inverse: PseudoInverse)?

    /// `sigma'(Z_l)`.
    private var slopes: [Tensor] = []
    /// dL/d(outputs), until these change.
    private var outputDelta: Tensor?
    /// `Delta_l`.
    private var deltas: [Tensor] = []
    /// `Delta_l^T 1`, the gradients of the biases.
    private var biasGradients: [Tensor?] = []
    /// `Delta_l W_l`, dL/dA_l; that of the data is not needed.
    private var pulled: [Tensor?] = []

    /// The most times that a row of T is halved to keep its hidden unit in the range of the activation, before the unit
    /// rests.
    private static var halvings: Int { 8 }

    private var layers: [Dense] { perceptron.layers }
    private var last: Int { layers.count - 1 }

    init(_ perceptron: Perceptron, _ loss: Objective, on batch: Batch, action: GroupAction, element: GroupElement) {
        self.perceptron = perceptron
        self.loss = loss
        targets = batch.targets
        self.action = action
        self.element = element
        pseudoInverses = Array(repeating: nil, count: perceptron.layers.count)
        var rows = perceptron.rows(of: batch.inputs)
        for (index, layer) in perceptron.layers.enumerated() {
            inputs.append(Representation(rows: rows))
            preactivations.append(layer(rows))
            if index < perceptron.activations.count {
                rows = perceptron.activations[index].layer(preactivations[index])
            }
        }
    }

    // MARK: Derivatives

    func currentLoss() -> Double { loss(preactivations[last], targets).item() }

    func differentiate() -> [ParameterGradient] {
        slopes = perceptron.activations.indices.map {
            perceptron.activations[$0].derivative(at: preactivations[$0], output: inputs[$0 + 1].rows)
        }
        let delta = outputDelta ?? loss.linearize(preactivations[last], targets).gradient
        outputDelta = delta
        deltas = Array(repeating: delta, count: layers.count)
        pulled = Array(repeating: nil, count: layers.count)
        for index in (1...last).reversed() {
            let product = deltas[index].matmul(layers[index].weight)
            pulled[index] = product
            deltas[index - 1] = product * slopes[index - 1]
        }
        biasGradients = layers.indices.map { layers[$0].bias == nil ? nil : deltas[$0].sum(along: [0]) }
        return layers.indices.flatMap { index -> [ParameterGradient] in
            let weight = ParameterGradient.product(delta: deltas[index], input: inputs[index])
            return [weight] + (biasGradients[index].map { [.tensor($0)] } ?? [])
        }
    }

    func direction() throws(TorchError) -> [ParameterGradient] {
        let forward = pushforward()
        let backward = pullback(forward)
        var directions: [ParameterGradient] = []
        for index in 0..<last {
            let (left, right) =
                switch action {
                case .exact: try exactDirection(index, forward, backward)
                case .approximate: try approximateDirection(index, forward, backward)
                }
            directions.append(
                .product(
                    delta: .concatenated(left, along: 0), input: Representation(rows: .concatenated(right, along: 0))))
        }
        return directions
    }

    /// What the derivative along the gradient does to the forward pass; nil is zero, as at the data.
    private struct Forward {
        /// `D_g A_l`.
        var inputs: [Tensor?] = []
        /// `(D_g A_l) W_l^T`.
        var products: [Tensor?] = []
        /// `D_g Z_l`.
        var preactivations: [Tensor] = []
    }

    private func pushforward() -> Forward {
        var forward = Forward()
        var tangent: Tensor?
        for (index, layer) in layers.enumerated() {
            let product = tangent?.matmul(layer.weight.transposed())
            let output = gradientTimesInput(index)
            if let product { output.addInPlace(product) }
            forward.inputs.append(tangent)
            forward.products.append(product)
            forward.preactivations.append(output)
            if index < last { tangent = output * slopes[index] }
        }
        return forward
    }

    /// `A_l g_l^T = A_l A_l^T Delta_l`, with the ones.
    private func gradientTimesInput(_ index: Int) -> Tensor {
        let (input, delta) = (inputs[index], deltas[index])
        let product =
            input.rowCount < 2 * input.columnCount
            ? input.gram.matmul(delta) : input.rows.matmul(input.rows.transposed().matmul(delta))
        if let bias = biasGradients[index] { product.addInPlace(bias) }
        return product
    }

    /// What the derivative along the gradient does to the backward pass.
    private struct Backward {
        /// `D_g Delta_l`.
        var deltas: [Tensor]
        /// `(D_g Delta_l) W_l`; that of the first layer is not needed.
        var products: [Tensor?]
    }

    private func pullback(_ forward: Forward) -> Backward {
        let curvature = loss.curvature(preactivations[last], targets, along: forward.preactivations[last])
        var backward = Backward(
            deltas: Array(repeating: curvature, count: layers.count),
            products: Array(repeating: nil, count: layers.count))
        for index in (1...last).reversed() {
            let moved = backward.deltas[index].matmul(layers[index].weight)
            backward.products[index] = moved
            let (delta, input) = (deltas[index], inputs[index].rows)
            // D_g (Delta W) = (D_g Delta) W + Delta g, and g = Delta^T A.
            let total = moved + delta.matmul(delta.transposed(), input)
            var below = total * slopes[index - 1]
            if let second = perceptron.activations[index - 1].secondDerivative(
                at: preactivations[index - 1], output: input), let pulled = pulled[index]
            {
                below = below + second * forward.preactivations[index - 1] * pulled
            }
            backward.deltas[index - 1] = below
        }
        return backward
    }

    // MARK: Directions

    private func exactDirection(
        _ index: Int, _ forward: Forward, _ backward: Backward
    ) throws(TorchError) -> (left: [Tensor], right: [Tensor]) {
        let inverse = try pseudoInverse(index)
        // The projection A A^+ is symmetric.
        var image = inverse.fit(backward.deltas[index])
        if let tangent = forward.inputs[index] {
            let weights = inverse.dual.narrowed(1, to: 0..<tangent.size(1))
            image = image + weights.matmul(tangent.transposed(), deltas[index])
        }
        guard let upper = pulled[index + 1], let moved = backward.products[index + 1],
            let tangent = forward.inputs[index + 1]
        else { fatalError("direction() before differentiate()") }
        let left = [image / slopes[index] - moved, -upper]
        // The inverse has no derivative there. The elements that leave a unit alone are a group of their own.
        for unit in perceptron.activations[index].saturatedUnits(slopes[index]) {
            for part in left { part.selected(1, unit).fill(0) }
        }
        return (left, [inputs[index + 1].rows, tangent])
    }

    private func approximateDirection(
        _ index: Int, _ forward: Forward, _ backward: Backward
    ) throws(TorchError) -> (left: [Tensor], right: [Tensor]) {
        let inverse = try pseudoInverse(index + 1)
        guard let upper = pulled[index + 1], let moved = backward.products[index + 1],
            let tangent = forward.inputs[index + 1]
        else { fatalError("direction() before differentiate()") }
        let image = inverse.fit(moved) + inverse.dual.matmul(tangent.transposed(), upper)
        let left = backward.deltas[index] - slopes[index] * image
        guard let seen = forward.products[index] else { return ([left], [preactivations[index]]) }
        return ([left, deltas[index]], [preactivations[index], seen])
    }

    private func pseudoInverse(_ index: Int) throws(TorchError) -> PseudoInverse {
        if let known = pseudoInverses[index] { return known }
        let rows = inputs[index].rows
        let inverse = try PseudoInverse(of: action == .exact ? layers[index].augmented(rows) : rows)
        pseudoInverses[index] = inverse
        return inverse
    }

    // MARK: Moves

    /// Moves one pair after the other from the first layer up, each one with the input that the pair below leaves it, so
    /// that what one changes the next one knows.
    @discardableResult
    func move(along directions: [ParameterGradient], scale: Double) throws(TorchError) -> Int? {
        var halvings: Int?
        // Whether the layers above have not seen any move so far. The exact action needs the inverse of g for that, and
        // both need few samples.
        var isInvariant = action == .approximate || element == .exponential
        for (index, direction) in directions.enumerated() {
            switch action {
            case .exact:
                if let count = try moveExactly(index, along: direction, scale: scale) {
                    halvings = (halvings ?? 0) + count
                    if isInvariant { isInvariant = try pseudoInverse(index).hasIndependentRows }
                }
            case .approximate:
                try moveApproximately(index, by: FactoredGroupElement(element, of: direction, scale: scale))
                halvings = 0
                if isInvariant { isInvariant = try pseudoInverse(index + 1).hasIndependentRows }
            }
            if isInvariant { continue }
            let preactivation = layers[index + 1](inputs[index + 1].rows)
            if index + 1 < last {
                setHidden(index + 1, preactivation)
            } else {
                preactivations[last] = preactivation
                outputDelta = nil
            }
        }
        return halvings
    }

    /// - Returns: How often rows of T were halved; nil if that did not help, and the pair stays as it is.
    private func moveExactly(
        _ index: Int, along direction: ParameterGradient, scale: Double
    ) throws(TorchError) -> Int? {
        let activation = perceptron.activations[index]
        let hidden = inputs[index + 1].rows
        var g = FactoredGroupElement(element, of: direction, scale: scale)
        var moved = g.applied(toRows: hidden)
        // What the extension of tanh attains and tanh does not, the network does not attain. A row of T moves one unit, and
        // with rows of other lengths T still leads up: one unit at the end of its range need not hold up the others.
        var shares = Array(repeating: 1.0, count: hidden.size(1))
        var halvings = 0
        while case let units = activation.unitsOutOfRange(moved), !units.isEmpty {
            guard halvings < 2 * Self.halvings else { return nil }
            for unit in units { shares[unit] = halvings < Self.halvings ? shares[unit] / 2 : 0 }
            halvings += 1
            g = FactoredGroupElement(element, of: shortened(direction, to: shares), scale: scale)
            moved = g.applied(toRows: hidden)
        }
        guard shares.contains(where: { $0 > 0 }) else { return nil }
        let change = activation.inverse(moved) - activation.inverse(hidden)
        let inverse = try pseudoInverse(index)
        if index == 0 {
            if let pending { pending.change.addInPlace(change) } else { pending = (change, inverse) }
        } else {
            add(change, to: index, by: inverse)
        }
        g.applyInverse(toColumnsOf: layers[index + 1].weight)
        setHidden(index, preactivations[index] + inverse.fit(change))
        return halvings
    }

    /// Adds a change to `Z_l` by its weights: `W_l += change^T A_l^+`.
    private func add(_ change: Tensor, to index: Int, by inverse: PseudoInverse) {
        let (layer, dual, width) = (layers[index], inverse.dual, inputs[index].columnCount)
        layer.weight.addMatmulInPlace(change.transposed(), dual.narrowed(1, to: 0..<width))
        layer.bias?.addMatrixVectorInPlace(change.transposed(), dual.selected(1, width))
    }

    func commit() {
        if let pending { add(pending.change, to: 0, by: pending.inverse) }
        pending = nil
    }

    /// A matrix of the Lie algebra with shares of its rows.
    private func shortened(_ direction: ParameterGradient, to shares: [Double]) -> ParameterGradient {
        let shares = Tensor(shares).to(dtype: inputs[0].dtype, device: inputs[0].device)
        return switch direction {
        case .tensor(let matrix): .tensor(matrix * shares.expanded(at: 1))
        case .product(let delta, let input): .product(delta: delta * shares, input: input)
        }
    }

    private func moveApproximately(_ index: Int, by g: FactoredGroupElement) throws(TorchError) {
        let (lower, upper) = (layers[index], layers[index + 1])
        let hidden = inputs[index + 1].rows
        g.apply(to: lower.weight)
        if let bias = lower.bias { g.apply(to: bias.expanded(at: 1)) }
        setHidden(index, g.applied(toRows: preactivations[index]))
        let change = (inputs[index + 1].rows - hidden).matmul(upper.weight.transposed())
        upper.weight.addMatmulInPlace(change.transposed(), try pseudoInverse(index + 1).dual, scale: -1)
    }

    private func setHidden(_ index: Int, _ preactivation: Tensor) {
        preactivations[index] = preactivation
        inputs[index + 1] = Representation(rows: perceptron.activations[index].layer(preactivation))
        pseudoInverses[index + 1] = nil
    }
}
