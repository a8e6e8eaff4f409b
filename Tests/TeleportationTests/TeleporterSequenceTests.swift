import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// One teleporter after the other.
@Suite struct TeleporterSequenceTests {
    private let instance = Instance(hidden: [24, 20], samples: 8, activation: .relu)
    private let optimizer = SGD(learningRate: 0.05)

    private func teleport(_ teleporter: some Teleporter, _ model: MLP) -> TeleportReport {
        teleporter.teleport(model, CrossEntropy(), on: [instance.batch()], before: optimizer)[0]
    }

    @Test("It leads where the teleporters lead by hand, and its report is that of one move")
    func byHand() {
        let (model, other) = (instance.model(), instance.model())
        let report = teleport(TeleporterSequence(NullSpaceTeleporter(), GaugeTeleporter()), model)
        let parts = [teleport(NullSpaceTeleporter(), other), teleport(GaugeTeleporter(), other)]
        for (a, b) in zip(model.parameters, other.parameters) { #expect(a.value.doubles() == b.value.doubles()) }
        #expect(report.hasMoved && report.steps == parts[0].steps + parts[1].steps)
        #expect(report.lossBefore == parts[0].lossBefore && report.lossAfter == parts[1].lossAfter)
        #expect(report.objectiveBefore == parts[0].objectiveBefore && report.objectiveAfter == parts[1].objectiveAfter)
        #expect(report.gradientNormSquaredBefore == parts[0].gradientNormSquaredBefore)
        #expect(report.gradientNormSquaredAfter == parts[1].gradientNormSquaredAfter)
        #expect(report.freeDimensions == parts[0].freeDimensions && !report.freeDimensions.isEmpty)
        #expect(report.gradientEvaluations == parts[0].gradientEvaluations + parts[1].gradientEvaluations)
    }

    @Test("What one of them took back leaves the report of the other", arguments: [0, 1])
    func oneTakenBack(place: Int) {
        // A drift that no rounding has: the parameters stay where they are.
        let drifting = SymmetryTeleporter(
            Climb(steps: 2, stepSize: .fixed(50), cap: .none, tolerance: 0), element: .firstOrder)
        let gauge = GaugeTeleporter()
        let (model, other) = (instance.smooth(), instance.smooth())
        let report = teleport(
            TeleporterSequence(place == 0 ? [drifting, gauge] : [gauge, drifting]), model)
        let alone = teleport(gauge, other)
        for (a, b) in zip(model.parameters, other.parameters) { #expect(a.value.doubles() == b.value.doubles()) }
        #expect(report.restored == nil && report.steps == alone.steps && report.hasMoved)
        #expect(report.gradientEvaluations > alone.gradientEvaluations)
        let none = teleport(TeleporterSequence(drifting, drifting), instance.smooth())
        #expect(none.restored != nil && !none.hasMoved)
    }

    @Test("Under control each move is shortened by itself")
    func control() {
        let samples = Instance(hidden: [24, 20], samples: 64, activation: .relu, seed: 9).batch()
        let sequence = TeleporterSequence(NullSpaceTeleporter(), GaugeTeleporter())
        #expect(ControlledTeleporter(sequence, by: samples).hasDivisibleMoves)
        let (model, other) = (instance.model(), instance.model())
        _ = teleport(ControlledTeleporter(sequence, by: samples), model)
        let parts = TeleporterSequence(
            ControlledTeleporter(NullSpaceTeleporter(), by: samples),
            ControlledTeleporter(GaugeTeleporter(), by: samples))
        _ = teleport(parts, other)
        for (a, b) in zip(model.parameters, other.parameters) { #expect(a.value.doubles() == b.value.doubles()) }
        #expect(TeleporterSequence(NullSpaceTeleporter(), RandomTeleporter()).hasDivisibleMoves == false)
    }

    @Test("It refuses what one of them refuses")
    func refusal() {
        let model = Instance(hidden: [24], samples: 4, activation: .tanh).model()
        #expect(throws: RescalingRefusal.self) {
            try TeleporterSequence(NullSpaceTeleporter(), GaugeTeleporter()).check(model, before: optimizer)
        }
    }
}

extension Instance {
    /// The model with an activation that can be inverted and rescaled.
    fileprivate func smooth() -> MLP {
        MLP(
            inputs: Self.inputs, hidden: hidden, outputs: Self.outputs, activation: .leakyReLU(slope: 0.1),
            using: Generator(seed: seed), dtype: .float64)
    }
}
