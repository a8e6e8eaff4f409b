import Datasets
import Foundation
import NeuralNetworks
import Teleportation
import TestSupport
import Testing
import Torch

@testable import Experiments

@Suite struct LearningRateFinderTests {
    /// Points on a line through the origin that nobody has told the model: inputs -1 and 1, so that the loss of a linear model
    /// `w x + b` is a quadratic with the curvature 2 in both parameters.
    private struct Line: Dataset {
        var dtype = DType.float64
        var count: Int { 2 }
        var inputShape: [Int] { [1] }
        var task: LearningTask { .regression(outputs: 1) }
        func batch(_ indices: Tensor) -> Batch {
            let inputs = Tensor([-1.0, 1.0], shape: [2, 1]).to(dtype: dtype).gathered(0, indices)
            return Batch(inputs: inputs, targets: inputs * 3 + 5)
        }
        func prefix(_ length: Int) -> Line { self }
        func to(dtype: DType?, device: Device?) -> Line { Line(dtype: dtype ?? self.dtype) }
    }

    private func finder(_ range: LearningRateRange, smoothing: Double, seeds: [Int] = [0]) -> LearningRateFinder {
        LearningRateFinder(
            TrainingConfiguration(architecture: .mlp(hidden: [], activation: .relu), batchSize: 2, dtype: .float64),
            plan: nil, range: range, smoothing: smoothing, seeds: Seeds(seeds),
            on: Split(name: "line", train: Line(), test: Line()).erased)
    }

    /// With gradient descent on a quadratic of curvature lambda the loss is multiplied by (1 - lr lambda)^2 at each step.
    @Test(
        "On a quadratic losses, the steepest descent and the divergence beyond 2 / lambda are those of the closed form")
    func quadratic() throws {
        let curvature = 2.0
        let range = LearningRateRange(from: 1e-3, to: 8, steps: 80)
        let run = try finder(range, smoothing: 0).run().arms.baseline.runs[0]
        var expected = [run.losses[0]]
        for step in 0..<79 { expected.append(expected[step] * pow(1 - range[step] * curvature, 2)) }
        // Beside parameters of 3 and 5 a distance from the minimum is known to 1e-15.
        for (loss, closed) in zip(run.losses, expected) {
            let tolerance: Double = 1e-9 * closed + 1e-13 * closed.squareRoot() + 1e-28
            #expect(abs(loss - closed) <= tolerance)
        }
        // From the first rate beyond 2 / lambda on the loss rises, and not before.
        let first = try #require(range.firstStep(beyond: 2 / curvature))
        #expect(zip(run.losses, run.losses.dropFirst()).prefix(first).allSatisfy { $1 < $0 })
        #expect(run.losses[first + 1] > run.losses[first] && run.ending == .risen)
        #expect(run.learningRates.last! > 2 / curvature)
        // The steepest descent of the closed form, among the steps that the rules look at.
        let seen = 8..<(run.losses.count - 5)
        let steepest = seen.dropLast().min { expected[$0 + 1] - expected[$0] < expected[$1 + 1] - expected[$1] }
        #expect(abs(run.suggestions["steepest"]! / range[steepest!] - 1) < 1e-12)
        #expect(range[steepest!] < 2 / curvature)
    }

    @Test("The optimizer has taken the rates that are recorded")
    func rates() throws {
        let range = LearningRateRange(from: 1e-4, to: 1, steps: 33)
        let data = Split(name: "line", train: Line(), test: Line()).erased
        let training = Training(
            TrainingConfiguration(
                architecture: .mlp(hidden: [], activation: .relu), optimizer: .adam, learningRate: range.lowest,
                batchSize: 2,
                epochs: 33, dtype: .float64), on: data, learningRateGrowth: range.growth)
        let run = try TrainingRun(training, seed: 0)
        for step in 0..<33 {
            #expect(abs(run.optimizer.learningRate / range[step] - 1) < 1e-12)
            while let event = run.next() { if case .step = event { break } }
        }
    }

    /// A perceptron on digits, teleported every six steps.
    private func search(
        trialSteps: Int, teleporter: NullSpaceTeleporter = NullSpaceTeleporter(), range: LearningRateRange,
        seeds: [Int] = [3],
        optimizer: OptimizerOption = .sgd
    ) -> LearningRateFinder {
        let plan = TeleportPlan(
            teleporter, schedule: TeleportSchedule(.every(6), batchCount: 1), controlSamples: 0, trialSteps: trialSteps)
        return LearningRateFinder(
            TrainingConfiguration(architecture: .mlp(hidden: [24, 24], activation: .relu), optimizer: optimizer),
            plan: plan, range: range, seeds: Seeds(seeds), on: digits)
    }

    @Test("Both arms have the same weights and batches, over the ends of epochs, and repeat to the last bit")
    func arms() throws {
        let range = LearningRateRange(from: 1e-3, to: 1, steps: 40)
        let first = try search(trialSteps: 0, range: range, seeds: [3, 4]).run()
        let again = try search(trialSteps: 0, range: range, seeds: [3, 4]).run()
        let teleport = try #require(first.arms.teleport)
        for (index, run) in first.arms.baseline.runs.enumerated() {
            #expect(run.losses == again.arms.baseline.runs[index].losses)
            #expect(run.teleports.isEmpty && run.gradientEvaluations == 40)
            let other = teleport.runs[index]
            #expect(other.losses == again.arms.teleport?.runs[index].losses)
            // A teleport keeps the loss of its own batch and not that of the next; the weights before the first are those.
            #expect(other.teleports.first?.step == 0 && other.teleports.count == 7 && other.gradientEvaluations > 40)
            #expect(run.losses.count == 40 && run.ending == .complete && run.losses != other.losses)
        }
        #expect(first.arms.baseline.runs[0].losses != first.arms.baseline.runs[1].losses)
        let spread = try #require(first.arms.baseline.suggestions["valley"])
        let rates = first.arms.baseline.runs.compactMap { $0.suggestions["valley"] }
        #expect(abs(spread.mean / (rates[0] * rates[1]).squareRoot() - 1) < 1e-12)
        #expect(spread.lowest == rates.min() && spread.highest == rates.max())
    }

    /// Teleports that a trial takes back leave the curve of training without them, to the last bit: the steps that are taken
    /// twice have the same learning rates, and their losses are those of the way that is gone on.
    @Test("Where every trial is lost the curve is that without teleports")
    func lostTrials() throws {
        // Steps of a thousand times the weights' norm along the gradient of the gradient's norm, beyond any tolerance.
        var climb = Climb(stepSize: .fixed(30), cap: .none)
        climb.tolerance = .infinity
        let range = LearningRateRange(from: 0.01, to: 0.5, steps: 45)
        let record = try search(
            trialSteps: 4, teleporter: NullSpaceTeleporter(climb, tau: 0.5), range: range, optimizer: .momentum
        ).run()
        let teleport = try #require(record.arms.teleport?.runs[0])
        #expect(teleport.teleports.count >= 7 && teleport.teleports.allSatisfy(\.isRestored))
        #expect(teleport.losses == record.arms.baseline.runs[0].losses)
    }

    @Test("A search changes no model: the training that follows it is the one without it")
    func leavesTheTrainingAlone() throws {
        let training = Training(
            TrainingConfiguration(architecture: .mlp(hidden: [16], activation: .relu), epochs: 1), on: digits)
        let before = try TrainingRun(training, seed: 3)
        let saved = before.model.parameters.map { $0.value.clone() }
        _ = try search(trialSteps: 3, range: LearningRateRange(from: 1e-3, to: 1, steps: 20)).run()
        for (parameter, old) in zip(before.model.parameters, saved) { #expect(parameter.value.hasElements(of: old)) }
        let other = try TrainingRun(training, seed: 3)
        while before.next() != nil, other.next() != nil {}
        #expect(before.record.epochs.map(\.trainLoss) == other.record.epochs.map(\.trainLoss))
    }

    @Test("A test that is over before its first teleport is refused; one without moments has one arm")
    func schedules() throws {
        let range = LearningRateRange(from: 1e-3, to: 1, steps: 20)
        func finder(_ moments: TeleportSchedule.Moments) -> LearningRateFinder {
            LearningRateFinder(
                TrainingConfiguration(architecture: .mlp(hidden: [8], activation: .relu)),
                plan: TeleportPlan(schedule: TeleportSchedule(moments)), range: range, seeds: Seeds([0]), on: digits)
        }
        let error = #expect(throws: RangeTestError.self) { try finder(.steps([20])).check() }
        #expect(error?.description.contains("no teleport takes place in the 20 steps") == true)
        try finder(.steps([19])).check()
        try finder(.epochs([0])).check()
        try finder(.auto).check()
        try finder(.epochs([])).check()
        let record = try finder(.epochs([])).run()
        #expect(record.arms.teleport == nil && record.arms.baseline.runs.count == 1)
        #expect(record.configuration["schedule"] == "none" && record.configuration["learning-rate"] == nil)
    }
}

extension LearningRateRange {
    /// The first step whose rate is higher than another one.
    fileprivate func firstStep(beyond rate: Double) -> Int? { (0..<steps).first { self[$0] > rate } }
}
