import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// The loss after the optimizer's next step, as what a teleport lowers.
@Suite struct LookaheadTests {
    private let instance = Instance(hidden: [24, 20], samples: 8, activation: .tanh)

    /// Optimizers with a diagonal and without, and one whose rate is far too large.
    private static let optimizers: [@Sendable () -> any Optimizer] = [
        { SGD(learningRate: 0.05) }, { SGD(learningRate: 30) }, { Momentum(learningRate: 0.02, nesterov: true) },
        { AdaGrad(learningRate: 0.02) }, { Adam(learningRate: 3e-3) }, { AdamW(learningRate: 3e-3, weightDecay: 0.1) },
        { PartitionedOptimizer(matrices: Muon(learningRate: 3e-3), others: AdamW(learningRate: 3e-3)) },
    ]

    @Test(
        "The gradient is that of differentiation, through the step or with the step held, at the samples of the batch and at others",
        arguments: Lookahead.OptimizerStep.allCases, Lookahead.Samples.allCases)
    func gradientOfGradientDescent(step: Lookahead.OptimizerStep, samples: Lookahead.Samples) {
        for margin in [1.0, 3] { checkGradient(margin: margin, samples, step) }
    }

    @Test("Parts with learning rates of their own are followed by these")
    func gradientOfParts() { checkGradient(margin: 3, .batch, .followed, rateOfBiases: 0.2) }

    private func checkGradient(
        margin: Double, _ samples: Lookahead.Samples, _ step: Lookahead.OptimizerStep, rateOfBiases: Double = 0.7
    ) {
        let model = instance.model()
        let others = Instance(hidden: [24, 20], samples: 8, activation: .tanh, seed: 5).batch()
        let seen = samples == .batch ? instance.batch() : others
        let (batch, parameters) = (instance.batch(), model.parameters.map(\.value))
        let rate = 0.7
        // L(w - k lr grad L(w)), with the tape of its own gradient where that is followed.
        let expected = withGradients(of: parameters) {
            let loss = CrossEntropy()(model(batch.inputs), batch.targets)
            let slope = gradient(of: loss, with: parameters, createGraph: true).map {
                // That of SGD is held unless told otherwise, but for other samples.
                step == .followed || step == .automatic && samples == .others ? $0 : $0.detached()
            }
            var ahead = seen.inputs
            for layer in 0..<3 {
                let weight = parameters[2 * layer] - slope[2 * layer] * (margin * rate)
                let bias = parameters[2 * layer + 1] - slope[2 * layer + 1] * (margin * rateOfBiases)
                ahead = ahead.matmul(weight.transposed()) + bias
                if layer < 2 { ahead = ahead.tanh() }
            }
            return gradient(of: CrossEntropy()(ahead, seen.targets), with: parameters)
        }
        withoutGradients {
            let landscape = BatchLoss(model, CrossEntropy(), on: batch)
            let walk = NullSpaceWalk(
                on: landscape, in: InputNullSpaces(tau: 1), place: NullSpaceTeleporter.Derivative.closedForm.place(on:))
            let optimizer: any Optimizer =
                rateOfBiases == rate
                ? SGD(learningRate: rate)
                : PartitionedOptimizer(matrices: SGD(learningRate: rate), others: SGD(learningRate: rateOfBiases))
            let point = Point(walk.place(), in: landscape, before: optimizer, others: landscape.onOthers(others))
            let formed = landscape.twiceDifferentiable().formed(
                Lookahead(margin: margin, samples: samples, optimizerStep: step).gradient(at: point), for: parameters)
            for (a, b) in zip(formed!, expected) { #expect(relativeDifference(a, b.detached()) < 1e-9) }
        }
    }

    @Test("The loss of other samples falls, which are drawn once for each batch, and their passes are counted")
    func others() throws {
        let (model, batch) = (instance.model(), instance.batch())
        let others = Instance(hidden: [24, 20], samples: 8, activation: .tanh, seed: 5).batch()
        let optimizer = SGD(learningRate: 0.05)
        var draws: [Int] = []
        let context = TeleportContext(
            before: optimizer,
            drawOthers: { count in
                draws.append(count)
                return others
            })
        func ahead() -> Double {
            let before = Snapshot(of: model, optimizer)
            defer { before.restore() }
            TrainingStep(model, CrossEntropy(), optimizer)(on: batch)
            return CrossEntropy()(model(others.inputs), others.targets).item()
        }
        let before = ahead()
        let teleporter = NullSpaceTeleporter(.lookahead(margin: 1, samples: .others))
        let report = teleporter.teleport(model, CrossEntropy(), on: [batch], in: context)[0]
        #expect(draws == [8] && report.hasMoved && report.relativeDrift < 1e-10)
        #expect(abs(try #require(report.objectiveBefore) / before - 1) < 1e-9)
        #expect(abs(try #require(report.objectiveAfter) / ahead() - 1) < 1e-9)
        #expect(ahead() < before)
        // For each look a way back here and a forward pass of the others, for each step the way back of these and a Hessian-vector
        // product, and two forward passes here, before and after.
        let looks = Double(1 + report.steps + report.halvings.backtracking)
        #expect(abs(report.gradientEvaluations - looks - Double(5 * report.steps + 2) / 3) < 1e-9)
    }

    @Test("A step with the optimizer's step held takes a gradient less than one that follows it")
    func work() throws {
        let reports = [Lookahead.OptimizerStep.held, .followed].map { step in
            NullSpaceTeleporter(.lookahead(optimizerStep: step)).teleport(
                instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 0.05))[0]
        }
        let work = reports.map { report in
            // The look at each place that was tried: the way back, and a forward pass ahead.
            report.gradientEvaluations - Double(1 + report.steps + report.halvings.backtracking)
        }
        #expect(reports.allSatisfy { $0.steps == 8 })
        #expect(abs(work[1] - work[0] - 8) < 1e-9)
    }

    @Test(
        "The step is held of SGD, momentum and Muon, and followed of optimizers that scale each element",
        arguments: optimizers.indices)
    func automaticStep(optimizer: Int) {
        let places = [Lookahead.OptimizerStep.automatic, .held, .followed].map { step in
            let model = instance.model()
            let teleporter = NullSpaceTeleporter(.lookahead(optimizerStep: step))
            _ = teleporter.teleport(
                model, CrossEntropy(), on: [instance.batch()], before: Self.optimizers[optimizer]())
            return model.parameters.flatMap { $0.value.doubles() }
        }
        let isFollowed = (3...5).contains(optimizer)
        #expect(places[0] == places[isFollowed ? 2 : 1])
        // Of Muon there is nothing to follow.
        #expect((places[1] == places[2]) == (optimizer == 6))
    }

    /// Of the wide one the directions stay products of few rows.
    private static let shapes = [
        Instance(hidden: [24, 20], samples: 8), Instance(hidden: [90, 80, 70], samples: 6),
        Instance(hidden: [90, 80, 70], samples: 6, bias: false),
    ]

    @Test(
        "The closed form and double backward lead to the same place", arguments: optimizers.indices, shapes.indices)
    func derivatives(optimizer: Int, shape: Int) {
        for step in [Lookahead.OptimizerStep.held, .followed] {
            compareDerivatives(optimizer: optimizer, shape: shape, step)
        }
    }

    private func compareDerivatives(optimizer: Int, shape: Int, _ step: Lookahead.OptimizerStep) {
        let instance = Self.shapes[shape]
        // AdaGrad and Adam divide by the gradient's magnitude, of which a large network has elements near zero: their rounding is
        // enlarged, in either derivative.
        let dividesByGradient = (3...5).contains(optimizer)
        let models = NullSpaceTeleporter.Derivative.allCases.map { derivative in
            let model = instance.model()
            var teleporter = NullSpaceTeleporter(derivative: derivative)
            teleporter.climb = .lookahead(optimizerStep: step)
            // Where rounding is enlarged at each step, it is not to be at many.
            teleporter.climb.steps = dividesByGradient ? 2 : 4
            let report = teleporter.teleport(
                model, CrossEntropy(), on: [instance.batch()], before: Self.optimizers[optimizer]())[0]
            #expect(report.restored == nil && report.steps > 0 && report.relativeDrift < 1e-10)
            // What reads the data has no room where their gradient lies, and rounding is no direction.
            for (parameter, before) in zip(model.parameters, instance.model().parameters)
            where parameter.name.hasPrefix("1.") {
                #expect(parameter.value.doubles() == before.value.doubles(), "\(parameter.name)")
            }
            return model.parameters.map(\.value)
        }
        let tolerance = shape > 0 && dividesByGradient ? 1e-4 : 1e-8
        for (a, b) in zip(models[0], models[1]) { #expect(relativeDifference(a, b) < tolerance) }
    }

    @Test("Every walk lowers the loss after the next step, and holds the loss before it", arguments: optimizers.indices)
    func walks(optimizer: Int) throws {
        let teleporters: [any ClimbingTeleporter] = [
            NullSpaceTeleporter(), SymmetryTeleporter(), SymmetryTeleporter(action: .approximate), LevelSetTeleporter(),
        ]
        for (var teleporter, step) in teleporters.flatMap({ one in
            [Lookahead.OptimizerStep.held, .followed].map { (one, $0) }
        }) {
            teleporter.climb = .lookahead(margin: 1, optimizerStep: step)
            let (model, batch) = (instance.model(), instance.batch())
            let parameters = model.parameters.map(\.value)
            let optimizer = Self.optimizers[optimizer]()
            func ahead() -> Double {
                let before = Snapshot(of: model, optimizer)
                defer { before.restore() }
                TrainingStep(model, CrossEntropy(), optimizer)(on: batch)
                return CrossEntropy()(model(batch.inputs), batch.targets).item()
            }
            let before = ahead()
            let report = teleporter.teleport(model, CrossEntropy(), on: [batch], before: optimizer)[0]
            let name = "\(teleporter), \(type(of: optimizer)), \(step)"
            #expect(report.restored == nil && report.steps > 0, "\(name): \(report)")
            #expect(report.relativeDrift < (teleporter is LevelSetTeleporter ? 0.011 : 1e-9), "\(name)")
            #expect(abs(try #require(report.objectiveBefore) / before - 1) < 1e-9, "\(name)")
            #expect(abs(try #require(report.objectiveAfter) / ahead() - 1) < 1e-9, "\(name)")
            #expect(ahead() < before, "\(name)")
            #expect(parameters.allSatisfy { $0.doubles().allSatisfy(\.isFinite) })
        }
    }
}
