import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// A model with layers that behave differently while training, and a batch for it, in float64.
enum ModalInstance: String, CaseIterable, Sendable {
    case residualNetwork
    case perceptron

    /// A network in mid-training: its running statistics are not those it began with.
    func model() -> any Layer {
        let generator = Generator(seed: 3)
        let model: any Layer =
            switch self {
            case .residualNetwork:
                ResidualNetwork(
                    imageShape: [2, 7, 6], channels: [6, 6, 6, 9, 9], outputs: 3, using: generator, dtype: .float64)
            case .perceptron:
                Sequential(
                    Dense(12, 24, bias: false, using: generator, dtype: .float64),
                    BatchNormalization(24, dtype: .float64), ReLU(), Dropout(0.3, using: Generator(seed: 1)),
                    Dense(24, 20, using: generator, dtype: .float64), BatchNormalization(20, dtype: .float64), Tanh(),
                    Dropout(0.3, using: Generator(seed: 2)), Dense(20, 3, using: generator, dtype: .float64))
            }
        let optimizer = SGD(learningRate: 0.05)
        for _ in 0..<3 {
            let loss = LinearizedLoss(model, CrossEntropy(), on: batch())
            optimizer.update(model.parameters.map(\.value), with: loss.gradients(of: model.parameters.map(\.value)))
        }
        return model
    }

    /// A batch; beyond `distinct` samples they repeat, so that many rows leave null space.
    func batch(samples: Int = 4, distinct: Int = 4) -> Batch {
        let generator = Generator(seed: 7)
        let shape = self == .residualNetwork ? [2, 7, 6] : [12]
        let x = Tensor.normal([distinct] + shape, using: generator, dtype: .float64)
        let indices = Tensor((0..<samples).map { Int64($0 % distinct) })
        return Batch(inputs: x.gathered(0, indices), targets: Tensor((0..<samples).map { Int64($0 % 3) }))
    }
}

@Suite struct ResidualTeleportTests {
    @Test(
        "The closed form is the projected Hessian-vector product", arguments: ModalInstance.allCases, [(3, 3), (40, 4)])
    func closedFormMatchesDoubleBackward(instance: ModalInstance, size: (samples: Int, distinct: Int)) {
        let batch = instance.batch(samples: size.samples, distinct: size.distinct)
        let start = instance.model().parameters
        var moved: [[Tensor]] = []
        for method in NullSpaceTeleporter.Derivative.allCases {
            let model = instance.model()
            let report = NullSpaceTeleporter(steps: 4, stepSize: .growth(0.3), cap: .none, derivative: method).teleport(
                model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))[0]
            #expect(report.steps == 4 && report.restored == nil && report.relativeDrift < 1e-10)
            #expect(report.gradientNormSquaredAfter > 1.5 * report.gradientNormSquaredBefore)
            moved.append(model.parameters.map(\.value))
        }
        for (index, (closed, double)) in zip(moved[0], moved[1]).enumerated() {
            let before = start[index].value
            let scale = max(
                before.doubles().map(\.magnitude).max()!, (double - before).doubles().map(\.magnitude).max()!)
            #expect((closed - double).doubles().map(\.magnitude).max()! <= 1e-9 * scale, "\(start[index].name)")
        }
    }

    @Test("Convolutions with a stride and inside connections move; normalizations, and what reads the data, stay")
    func movingLayers() {
        let instance = ModalInstance.residualNetwork
        let (model, start) = (instance.model(), instance.model().parameters)
        let report = NullSpaceTeleporter(cap: .none).teleport(
            model, CrossEntropy(), on: [instance.batch(samples: 3, distinct: 3)], before: SGD(learningRate: 0.1))[0]
        let moved = zip(model.parameters, start).filter { relativeDifference($0.value, $1.value) > 1e-6 }.map(\.0.name)
        #expect(moved == ["3.0.weight", "3.3.weight", "5.weight", "8.0.weight", "11.weight", "11.bias"])
        #expect(report.freeDimensions.keys.sorted() == ["11", "3.0", "3.3", "5", "8.0"])
        #expect(report.freeDimensions.values.allSatisfy { $0 > 0 })
    }

    @Test("A layer without null space stays and is reported with none, while others move", arguments: [false, true])
    func fullRank(byDoubleBackward: Bool) throws {
        // The patches of twelve images span the inputs of the convolutions, and not that of the head.
        let instance = ModalInstance.residualNetwork
        let (model, start) = (instance.model(), instance.model().parameters)
        let report = NullSpaceTeleporter(cap: .none, derivative: byDoubleBackward ? .doubleBackward : .closedForm)
            .teleport(
                model, CrossEntropy(), on: [instance.batch(samples: 12, distinct: 12)], before: SGD(learningRate: 0.1))[
                0]
        #expect(report.steps == 8 && report.restored == nil && report.relativeDrift < 1e-10)
        let moved = zip(model.parameters, start).filter { relativeDifference($0.value, $1.value) > 0 }.map(\.0.name)
        let free = report.freeDimensions
        #expect(free.count == 5 && free["11"] == 37 - 12)
        #expect(free["3.0"] == 0 && !moved.contains("3.0.weight"))
        #expect(free["3.3"] == 0 && !moved.contains("3.3.weight"))
        #expect(moved.suffix(2) == ["11.weight", "11.bias"])
    }

    @Test(
        "A teleport leaves running statistics as they are, drops nothing, and draws nothing",
        arguments: ModalInstance.allCases, NullSpaceTeleporter.Derivative.allCases)
    func state(instance: ModalInstance, method: NullSpaceTeleporter.Derivative) {
        let model = instance.model()
        let buffers = model.buffers.map { $0.value.clone() }
        #expect(!buffers.isEmpty)
        let batch = instance.batch()
        let next = { (model as? Sequential)?.layers.compactMap { ($0 as? Dropout)?.generator.state.doubles() } ?? [] }
        let drawn = next()
        let teleporter = ControlledTeleporter(NullSpaceTeleporter(cap: .none, derivative: method), by: batch)
        let report = teleporter.teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1e-3))[0]
        #expect(report.restored == nil && report.steps == 8)
        #expect(report.relativeDrift < 1e-10)
        for (buffer, before) in zip(model.buffers, buffers) { #expect(buffer.value.doubles() == before.doubles()) }
        #expect(next() == drawn)
        #expect(Mode.current == .training)
    }

    @Test("The null spaces of a data set hold each of its batches")
    func datasetScope() {
        // Normalization ties the samples of a batch to one another: what is held is each batch as it is.
        let instance = ModalInstance.perceptron
        let model = instance.model()
        let samples = instance.batch(samples: 9, distinct: 9)
        let batches = (0..<3).map { index in
            Batch(
                inputs: samples.inputs.narrowed(0, to: 3 * index..<3 * index + 3),
                targets: samples.targets.narrowed(0, to: 3 * index..<3 * index + 3))
        }
        func losses() -> [Double] {
            withMode(.teleportation) { batches.map { CrossEntropy()(model($0.inputs), $0.targets).item() } }
        }
        let before = losses()
        let reports = NullSpaceTeleporter(cap: .none, scope: .dataset).teleport(
            model, CrossEntropy(), on: batches.prefix(1),
            in: TeleportContext(before: SGD(learningRate: 0.1), samples: batches))
        #expect(reports[0].steps == 8 && reports[0].restored == nil)
        #expect(zip(before, losses()).allSatisfy { abs($0 - $1) < 1e-10 * $0 })
    }
}
