import NeuralNetworks
import Torch

/// Symmetry teleportation as published: autograd through the transformed weights.
///
/// Where a layer's inputs do not span its space the weights that see them are replaced, and not added to: V becomes
/// `sigma^{-1}(g S) h^+` and U becomes `U S S'^+`. When a step is applied, all pairs read the inputs that they had before it.
/// While its gradient is taken, so do those of the approximate action, whereas the inputs and pseudo-inverses of the exact
/// one are those of the transformed weights, which autograd follows: the gradient with respect to a layer then counts what
/// the layer does to the replaced weights above it. These are the conventions of ST22's experiments for the exact action and
/// of PS24's for the approximate one.
final class PublishedSymmetryAscent<Objective: Loss>: SymmetryAscent {
    private let perceptron: Perceptron
    private let loss: Objective
    private let rows: Tensor
    private let targets: Tensor
    private let action: GroupAction
    private let element: GroupElement

    init(_ perceptron: Perceptron, _ loss: Objective, on batch: Batch, action: GroupAction, element: GroupElement) {
        self.perceptron = perceptron
        self.loss = loss
        rows = perceptron.rows(of: batch.inputs)
        targets = batch.targets
        self.action = action
        self.element = element
    }

    func currentLoss() -> Double { loss(outputs(of: weights()), targets).item() }

    func differentiate() -> [ParameterGradient] {
        let parameters = perceptron.parameters
        return withGradients(of: parameters) {
            gradient(of: loss(outputs(of: weights()), targets), with: parameters).map { .tensor($0) }
        }
    }

    func direction() throws(TorchError) -> [ParameterGradient] {
        let weights = self.weights()
        let directions = perceptron.layers.dropLast().map { layer in
            Tensor.zeros([layer.weight.size(0), layer.weight.size(0)], dtype: rows.dtype, device: rows.device)
        }
        let before = action == .approximate ? inputs(weights) : nil
        return try withGradients(of: directions) { () throws(TorchError) in
            let elements = directions.map { t in
                let identity = Tensor.identity(t.size(0), dtype: t.dtype, device: t.device)
                return (identity + t, identity - t)
            }
            let moved = try transformed(weights, by: elements, inputs: before)
            let gradients = gradient(of: loss(outputs(of: moved), targets), with: moved, createGraph: true)
            let zero = Tensor(0, dtype: rows.dtype, device: rows.device)
            let halfSquaredNorm = gradients.reduce(zero) { $0 + ($1 * $1).sum() } * 0.5
            return gradient(of: halfSquaredNorm, with: directions).map { .tensor($0) }
        }
    }

    @discardableResult
    func move(along directions: [ParameterGradient], scale: Double) throws(TorchError) -> Int? {
        let elements = directions.map { direction in
            let t = direction.formed() * scale
            switch element {
            case .firstOrder:
                let identity = Tensor.identity(t.size(0), dtype: t.dtype, device: t.device)
                return (identity + t, identity - t)
            case .exponential: return (t.matrixExponential(), (-t).matrixExponential())
            }
        }
        let weights = self.weights()
        let moved = try transformed(weights, by: elements, inputs: inputs(weights))
        for (layer, weight) in zip(perceptron.layers, moved) {
            let width = layer.weight.size(1)
            layer.weight.copy(from: weight.narrowed(1, to: 0..<width))
            layer.bias?.copy(from: weight.narrowed(1, to: width..<weight.size(1)).flattened())
        }
        return 0
    }

    // MARK: The network as a function of its weights

    /// The weights, with the bias as the last column.
    private func weights() -> [Tensor] {
        perceptron.layers.map { layer in
            layer.bias.map { .concatenated([layer.weight, $0.expanded(at: 1)], along: 1) } ?? layer.weight
        }
    }

    /// The input of each layer, with a one at the end of each row where it has a bias.
    private func inputs(_ weights: [Tensor]) -> [Tensor] {
        var inputs = [perceptron.layers[0].augmented(rows)]
        for index in perceptron.activations.indices {
            inputs.append(output(of: index, inputs[index], weights[index]))
        }
        return inputs
    }

    private func outputs(of weights: [Tensor]) -> Tensor {
        let last = weights.count - 1
        return linear(inputs(weights)[last], weights[last])
    }

    private func output(of index: Int, _ input: Tensor, _ weight: Tensor) -> Tensor {
        perceptron.layers[index + 1].augmented(perceptron.activations[index].layer(linear(input, weight)))
    }

    private func linear(_ input: Tensor, _ weight: Tensor) -> Tensor { input.matmul(weight.transposed()) }

    /// The weights after the action of g on each pair, from the first layer up.
    ///
    /// - Parameter inputs: The inputs of the layers; nil for those of the transformed weights.
    private func transformed(
        _ weights: [Tensor], by elements: [(g: Tensor, inverse: Tensor)], inputs: [Tensor]?
    ) throws(TorchError) -> [Tensor] {
        var moved = weights
        var input = perceptron.layers[0].augmented(rows)
        for (index, (g, inverse)) in elements.enumerated() {
            if let inputs { input = inputs[index] }
            let activation = perceptron.activations[index]
            let upper = moved[index + 1]
            let width = perceptron.layers[index + 1].weight.size(1)
            let columns = upper.narrowed(1, to: 0..<width)
            let replaced: Tensor
            switch action {
            case .exact:
                let hidden = activation.layer(linear(input, moved[index]))
                let image = activation.inverse(hidden.matmul(g.transposed()))
                moved[index] = try image.transposed().matmul(input.pseudoInverse().transposed())
                replaced = columns.matmul(inverse)
            case .approximate:
                let preactivation = linear(input, weights[index])
                let image = activation.layer(preactivation.matmul(g.transposed()))
                replaced = try columns.matmul(
                    image.pseudoInverse().matmul(activation.layer(preactivation)).transposed())
                moved[index] = g.matmul(moved[index])
            }
            moved[index + 1] = .concatenated([replaced, upper.narrowed(1, to: width..<upper.size(1))], along: 1)
            if inputs == nil { input = output(of: index, input, moved[index]) }
        }
        return moved
    }
}
