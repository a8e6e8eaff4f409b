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
            let report = NullSpaceTeleporter(Climb(steps: 4, stepSize: .growth(0.3), cap: .none), derivative: method)
                .teleport(
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
        let report = NullSpaceTeleporter(Climb(cap: .none)).teleport(
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
        let report = NullSpaceTeleporter(
            Climb(cap: .none), derivative: byDoubleBackward ? .doubleBackward : .closedForm
        )
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
        let teleporter = ControlledTeleporter(NullSpaceTeleporter(Climb(cap: .none), derivative: method), by: batch)
        let report = teleporter.teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1e-3))[0]
        #expect(report.restored == nil && report.steps == 8)
        #expect(report.relativeDrift < 1e-10)
        for (buffer, before) in zip(model.buffers, buffers) { #expect(buffer.value.doubles() == before.doubles()) }
        #expect(next() == drawn)
        #expect(Mode.current == .training)
    }

    @Test(
        "Where samples see each other the loss of all of them cannot be held, and the teleporter says so",
        arguments: ModalInstance.allCases, [false, true])
    func datasetScope(instance: ModalInstance, isOwn: Bool) {
        let model: any Layer = isOwn ? Own(body: Frozen(Residual(instance.model()))) : instance.model()
        let teleporter = NullSpaceTeleporter(scope: .dataset)
        let name = isOwn ? "Own<Frozen>" : instance == .perceptron ? "Sequential" : "ResidualNetwork"
        let refusal = NullSpaceRefusal.coupledSamples(model: name)
        #expect(throws: refusal) { try teleporter.check(model, before: SGD(learningRate: 0.1)) }
        #expect(throws: refusal) {
            try ControlledTeleporter(teleporter, by: instance.batch()).check(model, before: SGD(learningRate: 0.1))
        }
        #expect(refusal.description.contains("in \(name) ") && refusal.description.contains("use scope batch"))
        #expect(throws: Never.self) {
            try NullSpaceTeleporter(scope: .batch).check(model, before: SGD(learningRate: 0.1))
        }
    }

    @Test("Where samples do not see each other the loss of all of them can be held")
    func datasetScopeOfOthers() {
        let generator = Generator(seed: 0)
        let models: [any Layer] = [
            MLP(inputs: 3, hidden: [4], outputs: 2, using: generator),
            ConvolutionalNetwork(imageShape: [1, 4, 4], channels: [2], outputs: 2, using: generator),
            Transformer.regression(features: 2, outputs: 2, length: 3, heads: 1, layers: 1, using: generator),
            Own(body: Sequential(Dropout(0.5, using: generator), LayerNormalization(3))),
        ]
        for model in models {
            #expect(throws: Never.self) {
                try NullSpaceTeleporter(scope: .dataset).check(model, before: SGD(learningRate: 0.1))
            }
        }
    }

    /// A user's model.
    private struct Own<Body: Layer>: CompositeLayer {
        let body: Body
    }
}
