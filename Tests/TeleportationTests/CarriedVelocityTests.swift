import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct CarriedVelocityTests {
    /// Vectors of the parameters' shapes.
    private static func velocity(of model: some Layer, seed: UInt64 = 9) -> [Tensor] {
        let generator = Generator(seed: seed)
        return model.parameters.map { Tensor.normal($0.value.shape, using: generator, dtype: .float64) }
    }

    /// Where a pair of layers is after a group element of one's own has acted from the given parameters, and what the walk makes of a
    /// velocity there.
    private func moved(
        _ instance: Instance, _ action: GroupAction, by element: Tensor, from displacement: [Tensor],
        _ velocity: [Tensor]
    ) throws -> (parameters: [Tensor], velocity: [Tensor]) {
        let model = instance.model()
        let landscape = BatchLoss(model, CrossEntropy(), on: instance.batch())
        return try withoutGradients {
            for (parameter, part) in zip(landscape.parameters, displacement) { parameter.addInPlace(part) }
            let walk = SymmetryWalk(
                on: landscape, try Perceptron(model), action: action, element: .exponential)
            var directions = [ParameterGradient.tensor(element)]
            _ = try walk.move(along: &directions, scale: 1)
            walk.bringUpToDate()
            return (landscape.parameters.map { $0.clone() }, walk.carried(velocity))
        }
    }

    @Test(
        "A velocity turns by the derivative of the action of a group element that is held",
        arguments: [Activation.tanh, .leakyReLU(slope: 0.1)], [true, false])
    func exact(activation: Activation, bias: Bool) throws {
        let instance = Instance(hidden: [9], samples: 7, bias: bias, activation: activation)
        let element = Tensor.normal([9, 9], using: Generator(seed: 3), dtype: .float64) * 0.02
        let velocity = Self.velocity(of: instance.model())
        let h = 1e-6
        let none = velocity.map { Tensor.zeros(like: $0) }
        let carried = try moved(instance, .exact, by: element, from: none, velocity).velocity
        let above = try moved(instance, .exact, by: element, from: velocity.map { $0 * h }, none).parameters
        let below = try moved(instance, .exact, by: element, from: velocity.map { $0 * -h }, none).parameters
        for (index, vector) in carried.enumerated() {
            let difference = (above[index] - below[index]) * (0.5 / h)
            #expect(relativeDifference(vector, difference) < 1e-6, "parameter \(index)")
            let isFree = bias && index == 3
            #expect(isFree == (relativeDifference(vector, velocity[index]) < 1e-9), "parameter \(index) turns")
        }
    }

    @Test("The approximate action turns the lower layer by g, and the upper one as its outputs ask")
    func approximate() throws {
        let instance = Instance(hidden: [9], samples: 7)
        let element = Tensor.normal([9, 9], using: Generator(seed: 3), dtype: .float64) * 0.1
        let velocity = Self.velocity(of: instance.model())
        let none = velocity.map { Tensor.zeros(like: $0) }
        let carried = try moved(instance, .approximate, by: element, from: none, velocity).velocity
        let g = element.matrixExponential()
        #expect(relativeDifference(carried[0], g.matmul(velocity[0])) < 1e-12)
        #expect(relativeDifference(carried[1].expanded(at: 1), g.matmul(velocity[1].expanded(at: 1))) < 1e-12)
        // The move is affine in the weights above: a difference is a derivative.
        let upper = [none[0], none[1], velocity[2], none[3]]
        let after = try moved(instance, .approximate, by: element, from: upper, none).parameters
        let before = try moved(instance, .approximate, by: element, from: none, none).parameters
        #expect(relativeDifference(carried[2], after[2] - before[2]) < 1e-10)
        #expect(relativeDifference(carried[3], velocity[3]) == 0)
    }

    @Test("A gauge is linear in the parameters: it makes of them what it makes of a velocity like them")
    func gauge() throws {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .relu)
        let model = instance.model()
        let start = model.parameters.map { $0.value.clone() }
        let context = TeleportContext(before: SGD(learningRate: 0.1))
        let teleporter = GaugeTeleporter(Climb(steps: 3, cap: .none))
        #expect(teleporter.carriesVelocities)
        try withoutGradients {
            let teleport = teleporter.begin(model, CrossEntropy(), in: context)
            let report = teleport.move(on: instance.batch())
            #expect(report.hasMoved && report.steps == 3)
            let end = model.parameters.map { $0.value.clone() }
            for (carried, parameter) in zip(teleport.carried(start), end) {
                #expect(relativeDifference(carried, parameter) < 1e-12)
            }
            for (parameter, before) in zip(model.parameters, end) {
                #expect(relativeDifference(parameter.value, before) == 0, "looking at a velocity moves nothing")
            }
            _ = try #require(zip(end, start).first { relativeDifference($0, $1) > 1e-3 })
        }
    }

    @Test("A climb turns a velocity step by step, and one that is taken back leaves it as it was")
    func climbs() throws {
        let instance = Instance(hidden: [9, 8], samples: 5)
        let model = instance.model()
        let velocity = Self.velocity(of: model)
        let context = TeleportContext(before: SGD(learningRate: 0.1))
        try withoutGradients {
            let teleport = SymmetryTeleporter(Climb(steps: 3, cap: .none)).begin(model, CrossEntropy(), in: context)
            #expect(teleport.move(on: instance.batch()).hasMoved)
            #expect(relativeDifference(teleport.carried(velocity)[0], velocity[0]) > 1e-3)
            let climbing = try #require(teleport as? ClimbingTeleport)
            climbing.restore()
            #expect(relativeDifference(teleport.carried(velocity)[0], velocity[0]) == 0)
        }
    }

    @Test("A session teleports, keeps or resets the velocity as its plan says")
    func session() throws {
        func velocityAfter(_ policy: TeleportPlan.OptimizerStatePolicy) throws -> (before: [Tensor], after: [Tensor]) {
            let instance = Instance(hidden: [9], samples: 40)
            let (model, optimizer) = (instance.model(), Momentum(learningRate: 0.01))
            let batch = instance.batch()
            let samples = Samples(inputs: batch.inputs, targets: batch.targets)
            let plan = TeleportPlan(
                SymmetryTeleporter(Climb(steps: 2, cap: .none)),
                schedule: TeleportSchedule(.steps([1]), batchCount: 1, batchSize: 6), controlSamples: 0, trialSteps: 0,
                optimizerState: policy)
            let session = try TeleportingSession(
                TrainingStep(model, CrossEntropy(), optimizer), plan, samples: samples)
            session.enter(epoch: 0)
            _ = session.takeStep(on: batch)
            func velocity() -> [Tensor] {
                optimizer.state(of: session.trainingStep.parameters).entries.compactMap {
                    $0.tensors[Momentum.velocityName]
                }
            }
            let before = velocity()
            #expect(try #require(session.teleportIfDue()).allSatisfy(\.hasMoved))
            return (before, velocity())
        }
        let kept = try velocityAfter(.keep)
        #expect(zip(kept.after, kept.before).allSatisfy { relativeDifference($0, $1) == 0 })
        #expect(try velocityAfter(.reset).after.isEmpty)
        let teleported = try velocityAfter(.teleport)
        #expect(relativeDifference(teleported.after[0], teleported.before[0]) > 1e-3)
        #expect(relativeDifference(teleported.after[3], teleported.before[3]) == 0)
    }

    @Test("A velocity that stays, or is not there, is refused")
    func refusals() throws {
        let instance = Instance(hidden: [9], samples: 8)
        let batch = instance.batch()
        func session(_ teleporter: some Teleporter, _ optimizer: any Optimizer) throws {
            _ = try TeleportingSession(
                TrainingStep(instance.model(), CrossEntropy(), optimizer),
                TeleportPlan(teleporter, optimizerState: .teleport),
                samples: Samples(inputs: batch.inputs, targets: batch.targets))
        }
        #expect(throws: TeleportPlanRefusal.velocityStays) { try session(NullSpaceTeleporter(), Momentum()) }
        #expect(throws: TeleportPlanRefusal.noVelocity(optimizer: "Adam")) { try session(SymmetryTeleporter(), Adam()) }
        try session(SymmetryTeleporter(), Momentum())
    }
}
