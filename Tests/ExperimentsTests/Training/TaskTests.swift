import Datasets
import Foundation
import NeuralNetworks
import Teleportation
import Testing
import Torch

@testable import Experiments

@Suite("Every task can be trained, with and without teleports") struct TaskTests {
    private let plan = TeleportPlan(
        NullSpaceTeleporter(Climb(steps: 2)), schedule: TeleportSchedule(epochs: [0, 1], batchCount: 2, batchSize: 4),
        controlSamples: 8, largestOwnProgress: 1)

    private func configuration(
        _ model: String, _ optimizer: OptimizerOption, _ learningRate: Double, batchSize: Int = 8, epochs: Int = 3
    ) throws -> TrainingConfiguration {
        TrainingConfiguration(
            architecture: try Architecture(text: model), optimizer: optimizer, learningRate: learningRate,
            batchSize: batchSize, epochs: epochs, dtype: .float64)
    }

    @Test("A series is predicted better and better, and has no accuracy")
    func regression() throws {
        let training = Training(
            try configuration("transformer:heads=2,head-size=4,layers=2", .adam, 3e-3), on: sines)
        for plan in [nil, self.plan] {
            let run = try training.run(seed: 0, plan: plan)
            #expect(run.epochs.count == 3)
            #expect(run.epochs[2].trainLoss < 0.8 * run.epochs[0].trainLoss)
            #expect(run.epochs.allSatisfy { $0.testAccuracy == nil && $0.testPerplexity == nil })
            #expect(run.teleports.count == (plan == nil ? 0 : 4))
            #expect(run.teleports.allSatisfy { !$0.isRestored && $0.relativeDrift < 1e-9 })
        }
    }

    @Test("A text's perplexity falls from the size of the vocabulary to that of the choice there is")
    func languageModel() throws {
        let training = Training(
            try configuration("transformer:heads=1,head-size=8,layers=1", .adam, 1e-2), on: cycleOfWords)
        let run = try training.run(seed: 1, plan: plan)
        let perplexities = run.epochs.compactMap(\.testPerplexity)
        #expect(perplexities.count == 3)
        #expect(perplexities[0] < 6 && perplexities[2] < 1.5)
        #expect(abs(log(perplexities[2]) - run.epochs[2].testLoss) < 1e-12)
        #expect(try #require(run.epochs[2].testAccuracy) > 0.9)
    }

    @Test("A residual network is evaluated with its running statistics, whatever the test data are")
    func residualNetwork() throws {
        let test = noise.test
        let training = try Training(configuration("resnet:4,4,4", .sgd, 0.05), on: noise)
        let plan = TeleportPlan(
            NullSpaceTeleporter(Climb(steps: 2, cap: .none)), schedule: self.plan.schedule, controlSamples: 0,
            largestOwnProgress: 1)
        let underWay = try TrainingRun(training, seed: 0, plan: plan)
        while underWay.next() != nil {}
        let (model, run) = (underWay.model, underWay.record)
        // With the statistics of a batch, each of the two images would change what the other one is taken for.
        let apart = withMode(.evaluation) {
            (0..<2).map { index in
                let one = Subset(of: test.to(dtype: .float64), at: Tensor([Int64(index)]))
                return Evaluation(of: model, CrossEntropy(), on: one).loss
            }
        }
        #expect(abs(try #require(run.epochs.last).testLoss - (apart[0] + apart[1]) / 2) < 1e-12)
        #expect(abs(apart[0] - apart[1]) > 1e-6)
        // The head has more dimensions than there are samples; the convolutions have more patches than dimensions.
        #expect(run.teleports.allSatisfy { $0.freeDimensions["6"] == 65 - 4 }, "\(run.teleports.map(\.freeDimensions))")
        #expect(run.teleports.contains { $0.steps > 0 }, "\(run.teleports.map(\.steps))")
    }
}
