import Foundation
import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct RandomTeleporterTests {
    /// Networks of all kinds of layers that the teleporter knows, in float64.
    enum Network: String, CaseIterable, CustomTestStringConvertible {
        case perceptron, leaky, withoutBias, convolutional, sequential, tokens

        var testDescription: String { rawValue }

        func model() -> any Layer {
            let generator = Generator(seed: 4)
            func dense(_ inputs: Int, _ outputs: Int) -> Dense {
                Dense(inputs, outputs, using: generator, dtype: .float64)
            }
            switch self {
            case .perceptron: return Instance(hidden: [24, 20], samples: 0, activation: .relu).model()
            case .leaky:
                return Instance(hidden: [24, 20, 16], samples: 0, activation: .leakyReLU(slope: 0.2)).model()
            case .withoutBias: return Instance(hidden: [9], samples: 0, bias: false, activation: .relu).model()
            case .convolutional:
                return ConvolutionalNetwork(
                    imageShape: [2, 8, 8], channels: [6, 8], outputs: 5, using: generator, dtype: .float64)
            case .sequential:
                // 8 x 8, 4 x 4 after the stride, 3 x 3 after the second kernel, 2 x 2 after pooling.
                let strided = Convolution(
                    2, 6, kernel: 3, geometry: ConvolutionGeometry(stride: 2, padding: 1), bias: false,
                    using: generator, dtype: .float64)
                return Sequential(
                    Tanh(), Sequential(strided, ReLU()),
                    Convolution(6, 7, kernel: 2, using: generator, dtype: .float64), MaxPooling(kernel: 2, stride: 1),
                    LeakyReLU(), Dropout(0.3, using: Generator(seed: 1)), Flatten(), dense(7 * 4, 10), ReLU(),
                    dense(10, 5), Sigmoid())
            case .tokens: return Sequential(dense(6, 8), ReLU(), dense(8, 4), ReLU(), Flatten(), dense(2 * 4, 5))
            }
        }

        func batch(samples: Int = 9) -> Batch {
            let shape =
                switch self {
                case .perceptron, .leaky, .withoutBias: [12]
                case .convolutional, .sequential: [2, 8, 8]
                case .tokens: [2, 6]
                }
            let generator = Generator(seed: 8)
            return Batch(
                inputs: .normal([samples] + shape, using: generator, dtype: .float64),
                targets: .integers([samples], in: 0..<5, using: generator))
        }
    }

    private func teleporter(
        _ rescaling: RandomTeleporter.Rescaling?, permutes: Bool
    ) -> RandomTeleporter {
        RandomTeleporter(rescaling: rescaling, permutes: permutes)
    }

    private func teleport(
        _ teleporter: RandomTeleporter, _ model: some Layer, on batch: Batch
    ) -> TeleportReport {
        teleporter.teleport(model, CrossEntropy(), on: [batch], in: context(seed: 1))[0]
    }

    private func context(seed: UInt64) -> TeleportContext {
        TeleportContext(before: SGD(learningRate: 1), generator: Generator(seed: seed))
    }

    private func outputs(_ model: some Layer, _ batch: Batch) -> Tensor {
        withMode(.evaluation) { model(batch.inputs) }
    }

    @Test(
        "The function stays and the weights move", arguments: Network.allCases,
        [(RandomTeleporter.Rescaling.logUniform(factor: 3), false), (nil, true), (.uniform(sigma: 0.9), true)])
    func invariance(network: Network, kind: (rescaling: RandomTeleporter.Rescaling?, permutes: Bool)) throws {
        let (model, start, batch) = (network.model(), network.model(), network.batch())
        let teleporter = teleporter(kind.rescaling, permutes: kind.permutes)
        try teleporter.check(model, before: SGD(learningRate: 0.1))
        let report = teleport(teleporter, model, on: batch)
        #expect(report.restored == nil && report.steps == 1 && report.freeDimensions.isEmpty && report.seconds > 0)
        #expect(report.relativeDrift < 1e-12)
        // Samples that the teleport has not seen are held as well.
        let others = network.batch(samples: 30)
        #expect(relativeDifference(outputs(model, others), outputs(start, others)) < 1e-12)

        for (moved, before) in zip(model.parameters, start.parameters) {
            // Nothing acts on the bias of the last layer.
            let stays = moved.value.shape == [5]
            #expect((relativeDifference(moved.value, before.value) == 0) == stays, "\(moved.name)")
        }
        let growth = report.gradientNormSquaredAfter / report.gradientNormSquaredBefore
        if kind.rescaling == nil {
            #expect(abs(growth - 1) < 1e-12)
            for (moved, before) in zip(model.parameters, start.parameters) {
                #expect(moved.value.doubles().sorted() == before.value.doubles().sorted(), "\(moved.name)")
            }
        } else {
            #expect(abs(growth - 1) > 1e-3)
        }
    }

    @Test("The report's gradient norms are those of the loss")
    func gradientNorms() {
        let (model, batch) = (Network.perceptron.model(), Network.perceptron.batch())
        func squaredNorm() -> Double {
            LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: model.parameters.map(\.value)).squaredNorm()
        }
        let before = squaredNorm()
        let report = teleport(teleporter(.logUniform(factor: 2), permutes: false), model, on: batch)
        #expect(abs(report.gradientNormSquaredBefore / before - 1) < 1e-14)
        #expect(abs(report.gradientNormSquaredAfter / squaredNorm() - 1) < 1e-14)
    }

    @Test(
        "What leads to a unit is scaled within the given bounds, what leads away the other way",
        arguments: [
            (RandomTeleporter.Rescaling.logUniform(factor: 4), 0.25...4.0), (.uniform(sigma: 0.5), 0.5...1.5),
        ])
    func scales(rescaling: RandomTeleporter.Rescaling, bounds: ClosedRange<Double>) {
        let instance = Instance(hidden: [400], samples: 0, activation: .relu)
        let (model, start) = (instance.model(), instance.model().parameters.map(\.value))
        let report = teleport(teleporter(rescaling, permutes: false), model, on: Network.perceptron.batch())
        #expect(report.restored == nil)

        let moved = model.parameters.map(\.value)
        let scales = moved[1] / start[1]
        let values = scales.doubles()
        #expect(values.allSatisfy(bounds.contains))
        let reach = (values.max()! - values.min()!) / (bounds.upperBound - bounds.lowerBound)
        #expect(reach > 0.9, "400 scales come near both ends")
        let centre =
            switch rescaling {
            case .logUniform: values.map { log($0) }.reduce(0, +) / 400
            case .uniform: values.reduce(0, +) / 400 - 1
            }
        #expect(abs(centre) < 0.12)
        #expect(relativeDifference(moved[0], start[0] * scales.reshaped([400, 1])) < 1e-12)
        #expect(relativeDifference(moved[2] * scales, start[2]) < 1e-12)
    }

    @Test("Each batch is another move, and the same seed makes the same moves")
    func seeds() {
        func moved(seed: UInt64, batches: Int) -> [[Double]] {
            let network = Network.convolutional
            let model = network.model()
            let reports = teleporter(.logUniform(factor: 2), permutes: true).teleport(
                model, CrossEntropy(), on: [Batch](repeating: network.batch(), count: batches),
                in: context(seed: seed))
            #expect(reports.count == batches && reports.allSatisfy { $0.restored == nil })
            return model.parameters.map { $0.value.doubles() }
        }
        #expect(moved(seed: 3, batches: 2) == moved(seed: 3, batches: 2))
        #expect(moved(seed: 3, batches: 2) != moved(seed: 3, batches: 1))
        #expect(moved(seed: 3, batches: 1) != moved(seed: 4, batches: 1))
    }

    @Test("In single precision the drift is that of rounding")
    func singlePrecision() {
        let model = MLP(inputs: 12, hidden: [64, 64], outputs: 5, using: Generator(seed: 0))
        let batch = Batch(
            inputs: .normal([20, 12], using: Generator(seed: 1)), targets: Tensor((0..<20).map { Int64($0 % 5) }))
        let report = teleport(teleporter(.logUniform(factor: 2), permutes: true), model, on: batch)
        #expect(report.restored == nil && report.relativeDrift < 1e-5)
        #expect(model.parameters.allSatisfy { $0.value.dtype == .float32 })
    }

    @Test("What does not hold the loss is undone to the last bit, and says so")
    func restores() {
        let network = Network.perceptron
        let model = network.model()
        let tooFar = teleporter(.logUniform(factor: 1e250), permutes: false)
        #expect(teleport(tooFar, model, on: network.batch()).restored != nil)
        for (a, b) in zip(model.parameters, network.model().parameters) {
            #expect(a.value.doubles() == b.value.doubles())
        }

        model.parameters[2].value.fill(.nan)
        #expect(teleport(teleporter(nil, permutes: true), model, on: network.batch()).restored == .notFinite)
    }

    @Test(
        "Units are not rescaled before an activation that is not homogeneous, but permuted",
        arguments: [(Activation.tanh, "Tanh"), (.sigmoid, "Sigmoid"), (.gelu, "GELU")])
    func notHomogeneous(activation: Activation, name: String) throws {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: activation)
        let model = instance.model()
        let error = RescalingRefusal.notHomogeneous(activation: name)
        #expect(throws: error) {
            try teleporter(.logUniform(factor: 2), permutes: true).check(model, before: SGD(learningRate: 0.1))
        }
        #expect(error.description.contains(name) && error.description.contains("rescaling: nil, permutes: true"))

        let permuting = teleporter(nil, permutes: true)
        try permuting.check(model, before: SGD(learningRate: 0.1))
        let report = teleport(permuting, model, on: instance.batch())
        #expect(report.restored == nil && report.relativeDrift < 1e-12)
        #expect(abs(report.gradientNormSquaredAfter / report.gradientNormSquaredBefore - 1) < 1e-12)
        #expect(relativeDifference(model.parameters[2].value, instance.model().parameters[2].value) > 0.1)
    }

    @Test("Models without the symmetry are refused, with a word on what to use instead")
    func refusals() {
        let generator = Generator(seed: 0)
        func dense(_ inputs: Int, _ outputs: Int) -> Dense { Dense(inputs, outputs, using: generator) }
        let convolution = Convolution(1, 2, kernel: 3, using: generator)
        let shared = dense(8, 8)
        let refused: [(model: any Layer, error: RescalingRefusal)] = [
            (ModalInstance.residualNetwork.model(), .layer("BatchNormalization")),
            (Sequential(dense(4, 8), Residual(dense(8, 8)), dense(8, 2)), .layer("Residual")),
            (Sequential(dense(4, 8), BatchNormalization(8), ReLU(), dense(8, 2)), .layer("BatchNormalization")),
            (Sequential(dense(4, 8), LayerNormalization(8), dense(8, 2)), .layer("LayerNormalization")),
            (Sequential(convolution, ReLU(), dense(8, 2)), .sequence("Convolution", "Dense")),
            (Sequential(dense(4, 8), ReLU(), convolution), .sequence("Dense", "Convolution")),
            (Sequential(dense(4, 8), MaxPooling(kernel: 2), dense(4, 2)), .sequence("Dense", "MaxPooling")),
            (
                Sequential(convolution, Flatten(), MaxPooling(kernel: 2), dense(4, 2)),
                .sequence("Convolution", "MaxPooling")
            ),
            (Sequential(Flatten(), dense(4, 2), ReLU()), .noHiddenUnits),
            (Sequential(dense(4, 8), ReLU(), shared, ReLU(), shared), .sharedWeights),
        ]
        for (model, error) in refused {
            #expect(throws: error) {
                try teleporter(.logUniform(factor: 2), permutes: true).check(model, before: SGD(learningRate: 0.1))
            }
            #expect(throws: error) { try teleporter(nil, permutes: true).check(model, before: SGD(learningRate: 0.1)) }
            if case .noHiddenUnits = error { continue }
            #expect(error.description.contains("use the null-space or the level-set method"))
        }
    }

    @Test("The perceptrons inside a transformer's blocks are rescaled, and nothing else", arguments: [1, 2])
    func transformer(layers: Int) throws {
        let generator = Generator(seed: 4)
        func model() -> Transformer {
            Transformer.classifier(
                features: 3, classes: 4, length: 5, heads: 2, headDimension: 4, layers: layers,
                using: Generator(seed: 0), dtype: .float64)
        }
        let (moved, start) = (model(), model())
        let batch = Batch(
            inputs: .normal([6, 5, 3], using: generator, dtype: .float64),
            targets: .integers([6], in: 0..<4, using: generator))
        let unseen = Tensor.normal([9, 5, 3], using: generator, dtype: .float64)
        let teleporter = RandomTeleporter()
        try teleporter.check(moved, before: SGD(learningRate: 0.1))
        let report = teleport(teleporter, moved, on: batch)
        #expect(report.restored == nil && report.relativeDrift < 1e-12)
        #expect(relativeDifference(moved(unseen), start(unseen)) < 1e-12)
        let changed = zip(moved.parameters, start.parameters).filter { relativeDifference($0.value, $1.value) > 0 }
        #expect(
            changed.map(\.0.name)
                == (0..<layers).flatMap { layer in
                    ["linear1.weight", "linear1.bias", "linear2.weight"].map { "layers.\(layer).\($0)" }
                })
    }

    @Test("Teleporting a model that is refused ends the program with the same sentence")
    func trap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let instance = Instance(hidden: [8], samples: 2, activation: .tanh)
            _ = RandomTeleporter().teleport(
                instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains(RescalingRefusal.notHomogeneous(activation: "Tanh").description), "\(message)")
    }
}
