import Foundation
import NeuralNetworks
import Testing
import Torch

/// Numbers of the papers' own programs, float32. Columns are samples there, as in the papers.
func fixture<Content: Decodable>(_ name: String) throws -> Content {
    let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures"))
    return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url))
}

func matrix(_ rows: [[Double]]) -> Tensor {
    Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count]).to(dtype: .float32)
}

func setWeights(of model: MLP, to weights: [[[Double]]]) {
    for (parameter, weight) in zip(model.parameters, weights) { parameter.value.copy(from: matrix(weight)) }
}

/// PS24's classifier: a perceptron 12-6-5-4 without biases, 30 samples, and what the paper's program makes of it.
struct GoldenClassifier: Decodable {
    struct Teleport: Decodable {
        let learningRate: Double
        let weights: [[[Double]]]
        let loss, gradientNormSquared: Double
    }

    struct Curvature: Decodable {
        let M: [[[Double]]]
        let kappa, gamma1Norm, gamma2Norm: Double
    }

    struct Sharpness: Decodable {
        let displacements: [Double]
        let directions: [[Double]]
        let phi: Double
    }

    let weights: [[[Double]]]
    let X: [[Double]]
    let Y: [Int64]
    let loss, gradientNormSquared: Double
    let teleport: Teleport
    let curvature: Curvature
    let sharpness: Sharpness

    static func load() throws -> GoldenClassifier { try fixture("mlp-2024") }

    func model() -> MLP {
        let model = MLP(
            inputs: 12, hidden: [6, 5], outputs: 4, activation: .leakyReLU(slope: 0.1), bias: false,
            using: Generator(seed: 0))
        setWeights(of: model, to: weights)
        return model
    }

    var batch: Batch { Batch(inputs: matrix(X).transposed().contiguous(), targets: Tensor(Y)) }
}
