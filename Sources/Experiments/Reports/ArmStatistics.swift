import Reporting

/// The results of one arm, over its seeds.
///
/// A seed whose training diverged makes the final losses of its arm non-finite, hence null in the JSON: a mean over the
/// others would hide it. The best losses are each seed's lowest finite one, so they stay known.
package struct ArmStatistics: Codable, Equatable, Sendable {
    /// The training loss after the last epoch.
    package var finalTrainLoss: Statistic
    /// The lowest training loss of any epoch.
    package var bestTrainLoss: Statistic
    /// The test loss after the last epoch.
    package var finalTestLoss: Statistic
    /// The lowest test loss of any epoch.
    package var bestTestLoss: Statistic
    /// The fraction of the test data classified correctly after the last epoch; its mean is NaN for regression.
    package var finalTestAccuracy: Statistic
    /// The perplexity of the test data after the last epoch; nil where the model is none of language.
    package var finalTestPerplexity: Statistic?
    /// Wall-clock seconds of the whole training, teleports included.
    package var seconds: Statistic
    /// The seconds that went into teleports.
    package var teleportSeconds: Statistic
    /// Teleport seconds of all seeds as a fraction of all their seconds.
    @JSONNumber package var teleportShare: Double
    /// How many seeds there were.
    package var runs: Int
    /// The seeds whose training diverged.
    package var divergedSeeds: [Int]

    /// The statistics of an arm.
    package init(of arm: ArmRecord) {
        func final(_ value: (EpochRecord) -> Double) -> Statistic {
            Statistic(of: arm.runs.map { $0.epochs.last.map(value) ?? .nan })
        }
        func best(_ value: (EpochRecord) -> Double) -> Statistic {
            Statistic(of: arm.runs.map { $0.epochs.map(value).filter(\.isFinite).min() ?? .nan })
        }
        finalTrainLoss = final(\.trainLoss)
        bestTrainLoss = best(\.trainLoss)
        finalTestLoss = final(\.testLoss)
        bestTestLoss = best(\.testLoss)
        finalTestAccuracy = final { $0.testAccuracy ?? .nan }
        let perplexities = final { $0.testPerplexity ?? .nan }
        finalTestPerplexity = perplexities.mean.isFinite ? perplexities : nil
        seconds = final(\.seconds)
        teleportSeconds = final(\.teleportSeconds)
        teleportShare = teleportSeconds.mean / seconds.mean
        runs = arm.runs.count
        divergedSeeds = zip(arm.seeds, arm.runs).filter { $0.1.hasDiverged }.map(\.0)
    }
}
