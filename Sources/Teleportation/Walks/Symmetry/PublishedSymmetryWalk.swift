import NeuralNetworks
import Torch

/// The orbit as published: autograd through the transformed weights. It knows the gradient norm alone.
///
/// Where a layer's inputs do not span its space the weights that see them are replaced, and not added to: V becomes
/// `sigma^{-1}(g S) h^+` and U becomes `U S S'^+`. When a step is applied, all pairs read the inputs that they had before it.
/// While its gradient is taken, so do those of the approximate action, whereas the inputs and pseudo-inverses of the exact
/// one are those of the transformed weights, which autograd follows: the gradient with respect to a layer then counts what
/// the layer does to the replaced weights above it. These are the conventions of ST22's experiments for the exact action and
/// of PS24's for the approximate one.
final class PublishedSymmetryWalk: Walk {
    fileprivate let landscape: BatchLoss
    fileprivate let perceptron: Perceptron
    fileprivate let rows: Tensor
    fileprivate let targets: Tensor
    fileprivate let action: GroupAction
    private let groupElement: GroupElement
    private(set) var lossBefore = Double.nan
    private var saved = SavedParameters()

    init(on landscape: BatchLoss, _ perceptron: Perceptron, action: GroupAction, element: GroupElement) {
        self.landscape = landscape
        self.perceptron = perceptron
        self.action = action
        groupElement = element
        let batch = landscape.batch
        rows = perceptron.rows(of: batch.inputs)
        targets = batch.targets
        lossBefore = loss
        for parameter in perceptron.parameters { saved.save(parameter) }
    }

    fileprivate var loss: Double { landscape.loss(outputs(of: weights()), targets).item() }

    func place() -> any Place { PublishedSymmetryPlace(on: self) }

    func restore() { saved.restore() }

    fileprivate func move(along directions: [Tensor], scale: Double) throws(TorchError) {
        let elements = directions.map { groupElement.matrices(of: $0 * scale) }
        let weights = self.weights()
        let moved = try transformed(weights, by: elements, inputs: inputs(weights))
        for (layer, weight) in zip(perceptron.layers, moved) {
            let width = layer.weight.size(1)
            layer.weight.copy(from: weight.narrowed(1, to: 0..<width))
            layer.bias?.copy(from: weight.narrowed(1, to: width..<weight.size(1)).flattened())
        }
    }

    // MARK: The network as a function of its weights

    /// The weights, with the bias as the last column.
    fileprivate func weights() -> [Tensor] {
        perceptron.layers.map { layer in
            layer.bias.map { .concatenated([layer.weight, $0.expanded(at: 1)], along: 1) } ?? layer.weight
        }
    }

    /// The input of each layer, with a one at the end of each row where it has a bias.
    fileprivate func inputs(_ weights: [Tensor]) -> [Tensor] {
        var inputs = [perceptron.layers[0].augmented(rows)]
        for index in perceptron.activations.indices {
            inputs.append(output(of: index, inputs[index], weights[index]))
        }
        return inputs
    }

    fileprivate func outputs(of weights: [Tensor]) -> Tensor {
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
    fileprivate func transformed(
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

/// A place on the published orbit.
private final class PublishedSymmetryPlace: Place {
    private let walk: PublishedSymmetryWalk
    let gradients: [ParameterGradient]

    init(on walk: PublishedSymmetryWalk) {
        self.walk = walk
        walk.landscape.work.count(.forwardAndBack)
        let parameters = walk.perceptron.parameters
        let values = withGradients(of: parameters) {
            gradient(of: walk.landscape.loss(walk.outputs(of: walk.weights()), walk.targets), with: parameters)
        }
        gradients = Gradients(parameters, values.map { .tensor($0) }).values(of: walk.landscape.parameters)
    }

    var loss: Double { walk.loss }

    /// The gradient of `1/2 ||grad L||^2` at the transformed weights, whatever the objective's own.
    func direction(of objective: ObjectiveGradient) throws(TorchError) -> (any Direction)? {
        let (weights, rows) = (walk.weights(), walk.rows)
        let directions = walk.perceptron.layers.dropLast().map { layer in
            Tensor.zeros([layer.weight.size(0), layer.weight.size(0)], dtype: rows.dtype, device: rows.device)
        }
        let before = walk.action == .approximate ? walk.inputs(weights) : nil
        let slopes = try withGradients(of: directions) { () throws(TorchError) in
            let elements = directions.map { t in
                let identity = Tensor.identity(t.size(0), dtype: t.dtype, device: t.device)
                return (identity + t, identity - t)
            }
            let moved = try walk.transformed(weights, by: elements, inputs: before)
            let gradients = gradient(
                of: walk.landscape.loss(walk.outputs(of: moved), walk.targets), with: moved, createGraph: true)
            let zero = Tensor(0, dtype: rows.dtype, device: rows.device)
            let halfSquaredNorm = gradients.reduce(zero) { $0 + ($1 * $1).sum() } * 0.5
            return gradient(of: halfSquaredNorm, with: directions)
        }
        return PublishedSymmetryDirection(slopes, on: walk)
    }
}

/// A direction on the published orbit, whose moves replace weights and cannot be taken back by their inverse.
final class PublishedSymmetryDirection: OrbitDirection {
    private let walk: PublishedSymmetryWalk
    let elements: [Tensor]
    private var start: SavedParameters?

    init(_ elements: [Tensor], on walk: PublishedSymmetryWalk) {
        self.elements = elements
        self.walk = walk
    }

    private(set) lazy var slope = elements.map { $0.squaredNorm() }.total()

    var isZero: Bool { slope == 0 }

    func take(_ eta: Double, part: Double) throws(TorchError) -> Int? {
        if let start { start.restore() } else { start = SavedParameters(walk.perceptron.parameters) }
        if part > 0 { try walk.move(along: elements, scale: eta * part) }
        return 0
    }
}
