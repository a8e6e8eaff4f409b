import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// A model of a user's own: a struct with a body.
private struct OwnModel: CompositeLayer {
    let body: Sequential

    init(activation: Activation) {
        let generator = Generator(seed: 0)
        body = Sequential(named: [
            "first": Sequential(Flatten(), Dense(6, 10, using: generator, dtype: .float64), activation.layer),
            "second": Sequential(Dense(10, 8, using: generator, dtype: .float64), activation.layer),
            "head": Dense(8, 3, using: generator, dtype: .float64),
        ])
    }
}

@Suite struct OwnModelTests {
    private static var teleporters: [(name: String, teleporter: any Teleporter, activation: Activation)] {
        [
            ("null space", NullSpaceTeleporter(Climb(cap: .none)), .relu),
            ("symmetry, exact", SymmetryTeleporter(Climb(cap: .none)), .tanh),
            ("symmetry, approximate", SymmetryTeleporter(Climb(cap: .none), action: .approximate), .relu),
            ("level set", LevelSetTeleporter(Climb(search: .armijo, cap: .none)), .tanh),
            ("random", RandomTeleporter(), .leakyReLU(slope: 0.1)),
        ]
    }

    @Test("A user's own struct is moved by every method", arguments: teleporters.indices)
    func moves(index: Int) throws {
        let (name, teleporter, activation) = Self.teleporters[index]
        let model = OwnModel(activation: activation)
        let generator = Generator(seed: 1)
        let batch = Batch(
            inputs: .normal([4, 6], using: generator, dtype: .float64),
            targets: .integers([4], in: 0..<3, using: generator))
        let start = model.parameters.map { $0.value.clone() }
        try teleporter.check(model, before: SGD(learningRate: 0.1))
        let context = TeleportContext(before: SGD(learningRate: 0.1), generator: Generator(seed: 3))
        let report = teleporter.teleport(model, CrossEntropy(), on: [batch], in: context)[0]
        #expect(report.restored == nil && report.steps > 0, "\(name): \(report)")
        #expect(report.relativeDrift <= (name == "level set" ? 0.011 : 1e-9), "\(name)")
        #expect(zip(model.parameters, start).contains { relativeDifference($0.value, $1) > 0 }, "\(name)")
    }
}
