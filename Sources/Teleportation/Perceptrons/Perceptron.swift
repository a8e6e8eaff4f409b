import NeuralNetworks
import Torch

/// A multi-layer perceptron taken apart: dense layers with an activation between each two.
struct Perceptron {
    let layers: [Dense]
    /// One less than there are layers; `activations[l]` follows `layers[l]`.
    let activations: [Activation]
    private let flattens: Bool

    /// The parts of a model that is made of such layers, however they are put together.
    init(_ model: some Layer) throws(SymmetryRefusal) {
        var parts = Parts()
        try parts.add(model)
        let (layers, activations) = (parts.layers, parts.activations)
        for (index, layer) in layers.enumerated()
        where layers[..<index].contains(where: { $0.weight.sharesStorage(with: layer.weight) }) {
            throw .notAPerceptron(part: "a weight that two layers share")
        }
        guard layers.count >= 2, layers.count == activations.count + 1 else {
            throw .notAPerceptron(part: "a sequence of \(layers.count) dense layers, \(activations.count) activations")
        }
        self.layers = layers
        self.activations = activations
        flattens = parts.flattens
    }

    /// The parts of a model that is made of such layers, with activations that can be inverted.
    init(bijective model: some Layer) throws(SymmetryRefusal) {
        try self.init(model)
        if let activation = activations.first(where: { !$0.isBijective }) { throw .notBijective(activation) }
    }

    /// The parts found so far.
    private struct Parts {
        var layers: [Dense] = []
        var activations: [Activation] = []
        var flattens = false

        mutating func add(_ layer: any Layer) throws(SymmetryRefusal) {
            switch layer.structure {
            case .sequence(let parts): for part in parts { try add(part) }
            // A teleport drops nothing.
            case .identity: break
            case .flattening where layers.isEmpty && activations.isEmpty: flattens = true
            case .affine(let weight, let bias) where weight.rank == 2 && layers.count == activations.count:
                layers.append(Dense(weight: weight, bias: bias))
            case .activation(let activation) where layers.count == activations.count + 1:
                activations.append(activation)
            default: throw .notAPerceptron(part: "\(type(of: layer)) at its place")
            }
        }
    }

    /// The tensors that training changes, in the model's order.
    var parameters: [Tensor] { layers.flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) } }

    /// Inputs of the model as those of its first layer, `[N, ...]` to `[N, D]`.
    func rows(of inputs: Tensor) -> Tensor {
        let rows = flattens ? inputs.flattened(from: 1) : inputs
        require(
            rows.rank == 2,
            "symmetry teleportation takes one row for each sample, but the inputs have shape \(rows.shape)")
        return rows
    }
}

extension Dense {
    /// Inputs of the layer, `[N, in]`, with a one at the end of each row if there is a bias.
    func augmented(_ rows: Tensor) -> Tensor {
        bias == nil ? rows : rows.appendingOnes()
    }
}
