import Foundation
import Testing
import Torch

@testable import NeuralNetworks

/// What make-residual.py writes.
struct ResidualFixture: Decodable {
    let normalization: Normalization
    let network: Network

    struct NamedTensors: Decodable {
        private let tensors: [NamedTensor]

        init(from decoder: any Decoder) throws {
            tensors = try decoder.singleValueContainer().decode([NamedTensor].self)
        }

        /// Checks names and shapes and takes over the elements.
        func load(into parameters: [Parameter]) {
            #expect(tensors.map(\.name) == parameters.map(\.name))
            #expect(tensors.map(\.shape) == parameters.map(\.value.shape))
            for (tensor, parameter) in zip(tensors, parameters) {
                parameter.value.copy(from: Tensor(tensor.elements, shape: tensor.shape))
            }
        }

        /// Checks names and elements.
        func expect(_ parameters: [Parameter], within tolerance: Double) {
            #expect(tensors.map(\.name) == parameters.map(\.name))
            for (tensor, parameter) in zip(tensors, parameters) {
                #expect(relativeDifference(parameter.value, tensor.elements) < tolerance, "\(tensor.name)")
            }
        }
    }

    struct NamedTensor: Decodable {
        let name: String
        let shape: [Int]
        let elements: [Double]
    }

    struct Normalization: Decodable {
        let shape: [Int]
        let parameters: NamedTensors
        let steps: [Step]
        let evaluated: [Double]

        struct Step: Decodable {
            let input: [Double]
            let cotangent: [Double]
            let output: [Double]
            let gradients: [[Double]]
            let buffers: NamedTensors
        }
    }

    struct Network: Decodable {
        let imageShape: [Int]
        let channels: [Int]
        let parameters: NamedTensors
        let input: [Double]
        let targets: [Int64]
        let output: [Double]
        let loss: Double
        let gradients: [[Double]]
        let buffers: NamedTensors
        let evaluated: [Double]
    }

    static func load() throws -> ResidualFixture {
        let url = try #require(
            Bundle.module.url(forResource: "residual", withExtension: "json", subdirectory: "Fixtures"))
        return try JSONDecoder().decode(ResidualFixture.self, from: Data(contentsOf: url))
    }
}

/// The greatest difference of elements, relative to the greatest of those expected.
func relativeDifference(_ actual: Tensor, _ expected: [Double]) -> Double {
    relativeDifference(actual.flattened(), Tensor(expected))
}

@Suite struct ResidualNetworkTests {
    @Test("Outputs, gradients, running statistics and names are those of the same network in PyTorch")
    func isPyTorchs() throws {
        let fixture = try ResidualFixture.load().network
        let model = ResidualNetwork(
            imageShape: fixture.imageShape, channels: fixture.channels, outputs: 3, using: Generator(seed: 0),
            dtype: .float64)
        fixture.parameters.load(into: model.parameters)
        let targets = Tensor(fixture.targets)
        let batch = Batch(
            inputs: Tensor(fixture.input, shape: [fixture.targets.count] + fixture.imageShape), targets: targets)
        let linearized = LinearizedLoss(model, CrossEntropy(), on: batch)
        #expect(relativeDifference(linearized.outputs, fixture.output) < 1e-10)
        #expect(abs(linearized.value.item() - fixture.loss) < 1e-10)
        for (own, expected) in zip(linearized.gradients(of: model.parameters.map(\.value)), fixture.gradients) {
            #expect(relativeDifference(own.formed(), expected) < 1e-10)
        }
        fixture.buffers.expect(model.buffers, within: 1e-12)
        #expect(relativeDifference(withMode(.evaluation) { model(batch.inputs) }, fixture.evaluated) < 1e-10)
    }

    /// The convolutions of a network and what is around them, as in `64/2 r(64 64)`: the channels, `/2` for stride 2,
    /// and the residual connections in parentheses.
    private func structure(_ layers: [any Layer]) -> String {
        layers.compactMap { layer in
            switch layer {
            case let convolution as Convolution:
                "\(convolution.weight.size(0))" + (convolution.geometry.stride == 2 ? "/2" : "")
            case let residual as Residual: "r(\(structure((residual.body as? Sequential)?.layers ?? [])))"
            case is BatchNormalization: "n"
            case is ReLU: "+"
            default: nil
            }
        }.joined(separator: " ")
    }

    @Test(
        "Convolutions after one that changes the channels make up residual connections of two",
        arguments: [
            (nil, "64/2 n + r(64 n + 64 n) + 128/2 n + r(128 n + 128 n) + 256/2 n + r(256 n) +"),
            (
                [64, 64, 64, 128, 128, 128, 256, 256, 256],
                "64/2 n + r(64 n + 64 n) + 128/2 n + r(128 n + 128 n) + 256/2 n + r(256 n + 256 n) +"
            ),
            ([3, 3, 3, 3, 3], "3/2 n + r(3 n + 3 n) + r(3 n + 3 n) +"),
            ([3, 3, 3, 3], "3/2 n + r(3 n + 3 n) + r(3 n) +"),
            ([4, 5, 4], "4/2 n + 5/2 n + 4/2 n +"), ([3], "3/2 n +"),
        ])
    func connections(channels: [Int]?, expected: String) {
        let generator = Generator(seed: 0)
        let model =
            channels.map { ResidualNetwork(imageShape: [3, 9, 5], channels: $0, outputs: 2, using: generator) }
            ?? ResidualNetwork(imageShape: [3, 9, 5], outputs: 2, using: generator)
        #expect(structure(model.body.layers) == expected)
        #expect(model.linearize(.normal([2, 3, 9, 5], using: generator)).output.shape == [2, 2])
    }

    @Test("Every convolution and the head is an affine map; there is no bias beside a normalization")
    func maps() {
        let generator = Generator(seed: 0)
        let model = ResidualNetwork(imageShape: [3, 9, 5], channels: [4, 4, 4, 6, 6], outputs: 2, using: generator)
        let maps = model.linearize(.normal([2, 3, 9, 5], using: generator)).linearization.sites
        #expect(maps.map(model.name(of:)) == ["0", "3.0", "3.3", "5", "8.0", "11"])
        #expect(maps.map { $0.bias != nil } == [false, false, false, false, false, true])
        #expect(maps.last?.matrix.shape == [2, 6 * 3 * 2])
    }

    @Test("Images of another rank trap")
    func imageShape() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ResidualNetwork(imageShape: [784], outputs: 10, using: Generator(seed: 0))
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("ResidualNetwork: images of shape [784]"), "\(message)")
    }
}
