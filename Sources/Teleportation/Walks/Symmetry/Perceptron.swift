import NeuralNetworks
import Torch

/// A multi-layer perceptron taken apart: dense layers with an activation between each two.
struct Perceptron {
    let layers: [Dense]
    /// One less than there are layers; `activations[l]` follows `layers[l]`.
    let activations: [Activation]
    private let flattens: Bool

    /// The parts of an `MLP`, or of a `Sequential` that is made like one.
    init(_ model: some Layer) throws(SymmetryRefusal) {
        let sequence: [any Layer]
        if let model = model as? MLP {
            sequence = model.body.layers
        } else if let model = model as? Sequential {
            sequence = model.layers
        } else {
            throw .notAPerceptron(part: "\(type(of: model))")
        }
        flattens = sequence.first is Flatten
        var layers: [Dense] = []
        var activations: [Activation] = []
        for layer in sequence.dropFirst(flattens ? 1 : 0) {
            if layers.count == activations.count, let dense = layer as? Dense {
                layers.append(dense)
            } else if layers.count == activations.count + 1, let activation = Activation(of: layer) {
                activations.append(activation)
            } else {
                throw .notAPerceptron(part: "\(type(of: layer)) at its place")
            }
        }
        for (index, layer) in layers.enumerated()
        where layers[..<index].contains(where: { $0.weight.sharesStorage(with: layer.weight) }) {
            throw .notAPerceptron(part: "a weight that two layers share")
        }
        guard layers.count >= 2, layers.count == activations.count + 1 else {
            throw .notAPerceptron(part: "a sequence of \(layers.count) dense layers, \(activations.count) activations")
        }
        self.layers = layers
        self.activations = activations
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
