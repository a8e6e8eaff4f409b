import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct GaugeTeleporterTests {
    private typealias Network = RandomTeleporterTests.Network

    private func teleport(
        _ climb: Climb, _ model: some Layer, on batch: Batch, before optimizer: any Optimizer = SGD(learningRate: 0.1)
    ) -> TeleportReport {
        GaugeTeleporter(climb).teleport(model, CrossEntropy(), on: [batch], before: optimizer)[0]
    }

    @Test(
        "The gradient grows, and no output changes, also of samples that the teleport has not seen",
        arguments: RandomTeleporterTests.Network.allCases)
    func invariance(network: RandomTeleporterTests.Network) throws {
        let (model, start, batch) = (network.model(), network.model(), network.batch())
        try GaugeTeleporter().check(model, before: SGD(learningRate: 0.1))
        let report = teleport(Climb(steps: 4, cap: .none), model, on: batch)
        #expect(report.restored == nil && report.steps == 4 && report.relativeDrift < 1e-12)
        #expect(report.gradientNormSquaredAfter > 2 * report.gradientNormSquaredBefore)
        let others = network.batch(samples: 30)
        let outputs = [model, start].map { model in withMode(.evaluation) { model(others.inputs) } }
        #expect(relativeDifference(outputs[0], outputs[1]) < 1e-12)
        // Nothing acts on the bias of the last layer.
        for (moved, before) in zip(model.parameters, start.parameters) {
            #expect((relativeDifference(moved.value, before.value) == 0) == (moved.value.shape == [5]), "\(moved.name)")
        }
    }

    @Test("The slope is the derivative of the objective along the orbit", arguments: [0.3, 0])
    func slope(weight: Double) throws {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .leakyReLU(slope: 0.1))
        func objective(after eta: Double) throws -> (value: Double, slope: Double) {
            let model = instance.model()
            let landscape = BatchLoss(model, CrossEntropy(), on: instance.batch())
            let walk = GaugeWalk(on: landscape, try HiddenUnits.of(model, rescaled: true))
            func point() -> Point { Point(walk.place(), in: landscape, before: SGD(learningRate: 0.1)) }
            let start = point()
            let objective = Mixed(weight: weight)
            let direction = try #require(try start.place.direction(of: objective.gradient(at: start)))
            let slope = direction.slope
            _ = try direction.take(eta, part: 1)
            return (objective.value(at: point()), slope)
        }
        try withoutGradients {
            let h = 1e-5
            let (above, below) = (try objective(after: h), try objective(after: -h))
            let slope = (above.value - below.value) / (2 * h)
            #expect(abs(slope / above.slope - 1) < 1e-6, "\(slope) \(above.slope)")
        }
    }

    @Test("Half of a way is the half of its log-scales, and a share is a tenth of their root mean square")
    func partsOfAWay() throws {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .relu)
        let (model, start) = (instance.model(), instance.model())
        func logarithms() -> [[Double]] {
            // The bias that leads to a unit tells its scale.
            [1, 3].map { index in
                (model.parameters[index].value / start.parameters[index].value).logarithm().doubles()
            }
        }
        let landscape = BatchLoss(model, CrossEntropy(), on: instance.batch())
        try withoutGradients {
            let walk = GaugeWalk(on: landscape, try HiddenUnits.of(model, rescaled: true))
            let point = Point(walk.place(), in: landscape, before: SGD(learningRate: 0.1))
            let direction = try #require(try point.place.direction(of: GradientNorm().gradient(at: point)))
            _ = try direction.take(0.05 * direction.reach(of: point.parameters), part: 1)
        }
        let whole = logarithms()
        let all = whole.flatMap { $0 }
        #expect(abs((all.map { $0 * $0 }.reduce(0, +) / Double(all.count)).squareRoot() - 0.5) < 1e-9)
        try withoutGradients {
            let walk = GaugeWalk(on: landscape, try HiddenUnits.of(model, rescaled: true))
            let point = Point(walk.place(), in: landscape, before: SGD(learningRate: 0.1))
            let direction = try #require(try point.place.direction(of: GradientNorm().gradient(at: point)))
            let before = logarithms()
            _ = try direction.take(0.02 * direction.reach(of: point.parameters), part: 1)
            let after = logarithms()
            #expect(walk.halve())
            for (half, (a, b)) in zip(logarithms(), zip(before, after)) {
                for (half, (a, b)) in zip(half, zip(a, b)) { #expect(abs(half - (a + b) / 2) < 1e-12) }
            }
            walk.restore()
            #expect(logarithms() == before)
        }
    }

    @Test("The loss ahead falls along it, for any optimizer", arguments: 0..<3)
    func lookahead(index: Int) {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .relu)
        let optimizer: any Optimizer = [
            SGD(learningRate: 0.1), Adam(learningRate: 1e-3), Momentum(learningRate: 0.05),
        ][
            index]
        let report = teleport(.lookahead(), instance.model(), on: instance.batch(), before: optimizer)
        #expect(report.hasMoved && report.objectiveAfter! < report.objectiveBefore!)
    }

    @Test("What cannot be rescaled is refused")
    func refusals() {
        let model = Instance(hidden: [24, 20], samples: 6, activation: .tanh).model()
        #expect(throws: RescalingRefusal.notHomogeneous(activation: "Tanh")) {
            try GaugeTeleporter().check(model, before: SGD(learningRate: 0.1))
        }
    }
}
