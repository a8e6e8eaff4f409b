import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// The point of an orbit where the weights are smallest.
@Suite struct EqualizingTeleporterTests {
    private typealias Network = RandomTeleporterTests.Network

    private func teleport(_ teleporter: EqualizingTeleporter, _ model: some Layer, on batch: Batch) -> TeleportReport {
        teleporter.teleport(model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))[0]
    }

    @Test("Norms become equal, no output changes, and the weights cannot become smaller", arguments: Network.allCases)
    func equality(network: RandomTeleporterTests.Network) throws {
        let (model, start, batch) = (network.model(), network.model(), network.batch())
        let report = teleport(EqualizingTeleporter(cycles: 200), model, on: batch)
        #expect(report.hasMoved && report.steps == 1 && report.relativeDrift < 1e-11)
        let outputs = [model, start].map { model in withMode(.evaluation) { model(batch.inputs) } }
        #expect(relativeDifference(outputs[0], outputs[1]) < 1e-11)
        func size() -> Double { model.parameters.filter { $0.value.rank > 1 }.map { $0.value.squaredNorm() }.total() }
        let smallest = size()
        #expect(smallest < start.parameters.filter { $0.value.rank > 1 }.map { $0.value.squaredNorm() }.total())
        for units in try HiddenUnits.of(model, rescaled: true) {
            let norms = units.squaredNorms
            #expect(relativeDifference(norms.incoming, norms.outgoing) < 1e-6)
            // The minimum is that of a convex function of the logarithms: no scales lead lower.
            let scales = Tensor.uniform([units.count], in: -0.3..<0.3, using: Generator(seed: 2), dtype: .float64)
            units.rescale(by: scales.exponential())
            #expect(size() > smallest)
            units.rescale(by: (scales * -1).exponential())
        }
    }

    @Test("A dead unit stays as it is")
    func deadUnits() throws {
        let model = Instance(hidden: [6], samples: 4, activation: .relu).model()
        model.parameters[0].value.narrowed(0, to: 2..<3).fill(0)
        let column = model.parameters[2].value.narrowed(1, to: 2..<3).clone()
        let report = teleport(EqualizingTeleporter(), model, on: Instance(hidden: [6], samples: 4).batch())
        #expect(report.hasMoved)
        #expect(model.parameters[2].value.narrowed(1, to: 2..<3).doubles() == column.doubles())
    }

    @Test("What has no hidden units, and cycles that are none, are refused")
    func refusals() {
        let smooth = Instance(hidden: [6], samples: 4, activation: .tanh).model()
        #expect(throws: RescalingRefusal.self) { try EqualizingTeleporter().check(smooth, before: SGD()) }
        let model = Instance(hidden: [6], samples: 4, activation: .relu).model()
        let refusal = #expect(throws: SettingRefusal.self) {
            try EqualizingTeleporter(cycles: 0).check(model, before: SGD())
        }
        #expect(refusal?.setting == "cycles")
    }
}
