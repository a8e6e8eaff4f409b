import Datasets
import Reporting
import Teleportation
import Testing
import Torch

@testable import Experiments

@Suite struct CompareExperimentTests {
    private func experiment(learningRate: Double = 0.05, epochs: Int = 2) -> CompareExperiment {
        CompareExperiment(
            training(epochs: epochs, learningRate: learningRate).configuration, plan: teleports(0..<1),
            seeds: Seeds([4, 7]), on: digits)
    }

    @Test func runsBothArmsForEachSeed() throws {
        let summary = try experiment().run()
        #expect(summary.arms.baseline.seeds == [4, 7] && summary.arms.teleport.seeds == [4, 7])
        #expect(summary.arms.baseline.runs.allSatisfy { $0.epochs.count == 2 && $0.teleports.isEmpty })
        #expect(summary.arms.teleport.runs.allSatisfy { $0.epochs.count == 2 && $0.teleports.count == 2 })
        #expect(summary.comparison.teleports == 4)
        // The arms are those that a training alone gives.
        let training = training(epochs: 2)
        #expect(try summary.arms.baseline.runs[1].withoutTimes == training.run(seed: 7).withoutTimes)
        let teleported = try training.run(seed: 7, plan: teleports(0..<1))
        #expect(summary.arms.teleport.runs[1].withoutTimes == teleported.withoutTimes)
    }

    @Test func tellsItsOptionsAsTheyAreWritten() throws {
        let configuration = try experiment().run(isCancelled: { true }).configuration
        #expect(configuration["model"] == "mlp:64,64")
        #expect(configuration["learning-rate"] == 0.05)
        #expect(configuration["seeds"] == [4, 7])
        #expect(configuration["schedule"] == "0")
        #expect(configuration["step-size"] == "growth:0.5")
        #expect(configuration["cap"] == "predicted:0.1")
        #expect(configuration["dtype"] == "float64")
        #expect(configuration["derivative"] == "closed-form")
        #expect(configuration["objective"] == "gradient-norm" && configuration["line-search"] == "overshoot")
        #expect(configuration["group-action"] == nil, "what the method does not heed is not recorded")
    }

    @Test func cancellationKeepsWhatIsFinished() throws {
        // Ten batches an epoch, and eight steps of teleports: the baseline of the first seed is done, its other arm within the
        // second epoch.
        var asked = 0
        let summary = try experiment().run(isCancelled: {
            asked += 1
            return asked > 51
        })
        #expect(summary.arms.baseline.seeds == [4])
        #expect(summary.arms.baseline.runs.map(\.epochs.count) == [2])
        #expect(summary.arms.teleport.seeds == [4])
        #expect(summary.arms.teleport.runs.map(\.epochs.count) == [1])
    }

    @Test func cancellationBeforeTheFirstEpochLeavesNothing() throws {
        let summary = try experiment().run(isCancelled: { true })
        #expect(summary.arms.baseline.runs.isEmpty && summary.arms.teleport.runs.isEmpty)
        #expect(summary.comparison.baseline.divergedSeeds.isEmpty, "stopping is not diverging")
        #expect(!"\(ComparisonReport(summary))".isEmpty)
    }

    @Test func marksTheSeedsThatDiverged() throws {
        let comparison = try experiment(learningRate: 1e200).run().comparison
        #expect(comparison.baseline.divergedSeeds == [4, 7] && comparison.teleport.divergedSeeds == [4, 7])
    }

    @Test func announcesTheSizeOfTheJob() throws {
        #expect(experiment(epochs: 3).job == ProgressLine.Job(runs: 4, epochs: 3, batches: 10))
    }
}
