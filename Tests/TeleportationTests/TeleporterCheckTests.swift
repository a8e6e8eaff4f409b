import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct TeleporterCheckTests {
    private let instance = Instance(hidden: [24, 20], samples: 6)

    private let senseless: [(name: String, setting: String, teleporter: any Teleporter)] = [
        ("tau", "tau", NullSpaceTeleporter(tau: 1.5)),
        ("tau, none", "tau", NullSpaceTeleporter(tau: 0)),
        ("steps", "teleport-steps", NullSpaceTeleporter(Climb(steps: -1))),
        ("tolerance", "tolerance", SymmetryTeleporter(Climb(tolerance: -0.1), action: .approximate)),
        ("tolerance, not a number", "tolerance", LevelSetTeleporter(Climb(tolerance: .nan))),
        ("step size", "step-size", NullSpaceTeleporter(Climb(stepSize: .growth(-1)))),
        ("step size, infinite", "step-size", NullSpaceTeleporter(Climb(stepSize: .fixed(.infinity)))),
        ("cap", "cap", LevelSetTeleporter(Climb(cap: .fixed(-1)))),
        ("scaling", "step-scaling", LevelSetTeleporter(scaling: .unit)),
        ("nothing random", "hidden-units", RandomTeleporter(rescaling: nil, permutes: false)),
        ("random tolerance", "tolerance", RandomTeleporter(tolerance: -1)),
    ]

    @Test("Settings that nothing can teleport by are refused before a teleport, with their names", arguments: 0..<11)
    func settings(index: Int) throws {
        let (name, setting, teleporter) = senseless[index]
        let model = instance.model()
        for checked in [teleporter, ControlledTeleporter(teleporter, by: instance.batch())] {
            let refusal = #expect(throws: SettingRefusal.self, "\(name)") {
                try checked.check(model, before: SGD(learningRate: 0.1))
            }
            #expect(refusal?.setting == setting && refusal?.description.contains(": ") == true)
        }
    }

    @Test("An objective that does not go with the optimizer is refused, also under control")
    func objectives() throws {
        let teleporter = NullSpaceTeleporter(Climb(objective: PreconditionedNorm()))
        let model = instance.model()
        for checked in [teleporter, ControlledTeleporter(teleporter, by: instance.batch())] as [any Teleporter] {
            #expect(throws: ObjectiveRefusal.self) { try checked.check(model, before: Muon(learningRate: 0.1)) }
            try checked.check(model, before: SGD(learningRate: 0.1))
        }
        let published = SymmetryTeleporter(
            Climb(objective: PreconditionedNorm()), action: .approximate, derivative: .published)
        #expect(throws: SymmetryRefusal.publishedObjective) {
            try published.check(model, before: SGD(learningRate: 0.1))
        }
    }

    @Test("A report says why a climb took no further step")
    func endings() throws {
        func report(_ climb: Climb, on batch: Batch? = nil) -> TeleportReport {
            NullSpaceTeleporter(climb).teleport(
                instance.model(), CrossEntropy(), on: [batch ?? instance.batch()], before: SGD(learningRate: 0.1))[0]
        }
        let all = report(Climb(steps: 2, cap: .none))
        #expect(all.ending == .steps && all.description.hasPrefix("2 steps, squared gradient norm "))
        #expect(report(Climb(cap: .fixed(1e-9))).ending == .cap)
        let full = Instance(hidden: [4, 3], samples: 64)
        let stuck = NullSpaceTeleporter().teleport(
            full.model(), CrossEntropy(), on: [full.batch()], before: SGD(learningRate: 0.1))[0]
        #expect(stuck.ending == .noRoom && stuck.steps == 0)
        #expect(stuck.description.hasPrefix("0 steps; nothing is free to move"))
        // Nothing is above the greatest value there is.
        struct Highest: Objective {
            func value(at point: Point) -> Double { point.squaredNorm > 0 && isAtStart(point) ? 1 : 0 }
            func gradient(at point: Point) -> ObjectiveGradient { ObjectiveGradient(hessianAlong: point.gradients) }
            let start: [Double]
            func isAtStart(_ point: Point) -> Bool { point.parameters.flatMap { $0.doubles() } == start }
        }
        let start = instance.model().parameters.flatMap { $0.value.doubles() }
        #expect(report(Climb(objective: Highest(start: start), search: .armijo, cap: .none)).ending == .rejected)
        struct Flat: Objective {
            func value(at point: Point) -> Double { 1 }
            func gradient(at point: Point) -> ObjectiveGradient {
                ObjectiveGradient(explicit: point.parameters.map { .tensor(.zeros(like: $0)) })
            }
        }
        #expect(report(Climb(objective: Flat(), cap: .none)).ending == .stationary)
    }

    @Test("The work of a teleport is what it passes through the model")
    func work() {
        func evaluations(_ teleporter: some Teleporter) -> Double {
            teleporter.teleport(
                instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 0.1))[0]
                .gradientEvaluations
        }
        func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-12 }
        let climb = Climb(steps: 3, stepSize: .growth(0.1), cap: .none)
        // One forward pass, at each of four points the way back, from three of them a product; the loss in the end.
        let plain = evaluations(NullSpaceTeleporter(climb))
        let passes: Double = 2.0 / 3 + 8.0 / 3 + 3
        #expect(isClose(plain, passes), "\(plain)")
        // Twice as many samples, before the teleport and after the step that follows.
        let samples = instance.batch()
        let twice = Batch(
            inputs: .concatenated([samples.inputs, samples.inputs], along: 0),
            targets: .concatenated([samples.targets, samples.targets], along: 0))
        let controlled = evaluations(ControlledTeleporter(NullSpaceTeleporter(climb), by: twice))
        #expect(isClose(controlled, plain + 4.0 / 3), "\(controlled)")
    }
}
