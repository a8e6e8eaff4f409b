import Foundation
import Reporting

/// What a sweep found: the contents of `sweep.json`.
package struct SweepRecord: Record, Codable, Equatable, Sendable {
    /// The option that was swept.
    package var option: String
    /// The options of the first comparison, with the swept one.
    package var configuration: [String: JSONValue]
    /// Where and with what it ran.
    package var environment: Summary.Environment
    /// Both arms at each value.
    package var values: [Cell]
    /// The geometric mean over the values of the final training loss over the best one of the baseline.
    package var regret: Pair
    /// The same where the arm with teleports ends when it has computed as many gradients as the baseline at the same value.
    package var regretAtEqualWork: Pair
    /// The same where it ends when it has taken as many seconds.
    package var regretAtEqualTime: Pair

    /// Both arms at one value of the option.
    package struct Cell: Codable, Equatable, Sendable {
        /// The value.
        package var value: String
        /// The epochs of each run.
        package var epochs: Int
        /// What was measured.
        package var arms: Summary.Arms

        /// A cell.
        package init(value: String, epochs: Int, arms: Summary.Arms) {
            self.value = value
            self.epochs = epochs
            self.arms = arms
        }
    }

    /// A number of both arms; null where there is none.
    package struct Pair: Codable, Equatable, Sendable {
        @JSONNumber package var baseline: Double
        @JSONNumber package var teleport: Double
    }

    /// The record of a sweep.
    package init(
        option: String, configuration: [String: JSONValue], environment: Summary.Environment, values: [Cell]
    ) {
        self.option = option
        self.configuration = configuration
        self.environment = environment
        self.values = values
        let score = SweepScore(values)
        regret = Pair(baseline: score.regret(score.baseline), teleport: score.regret(score.teleport))
        regretAtEqualWork = Pair(
            baseline: regret.baseline, teleport: score.regret(score.teleportAtEqualWork))
        regretAtEqualTime = Pair(
            baseline: regret.baseline, teleport: score.regret(score.teleportAtEqualTime))
    }
}

/// The final training losses of a sweep, seed by seed, for each value.
package struct SweepScore: Sendable {
    /// Those without teleports.
    package let baseline: [[Double]]
    /// Those with teleports, after as many epochs.
    package let teleport: [[Double]]
    /// Those after as many gradients.
    package let teleportAtEqualWork: [[Double]]
    /// Those after as many seconds.
    package let teleportAtEqualTime: [[Double]]
    /// The seconds that the runs with teleports take to the final loss of the run without, over the seconds that this one takes to it; not a
    /// number where they never get there, or one of the two diverged.
    package let timeToBaseline: [[Double]]

    /// The losses of cells, of the seeds that are there in both arms.
    package init(_ cells: [SweepRecord.Cell]) {
        let common = cells.map { cell in
            let arms = cell.arms
            let baseline = Dictionary(zip(arms.baseline.seeds, arms.baseline.runs)) { run, _ in run }
            return zip(arms.teleport.seeds, arms.teleport.runs).compactMap { seed, run in
                baseline[seed].map { (baseline: $0, teleport: run) }
            }
        }
        func losses(_ loss: (Run, Run, Int) -> Double) -> [[Double]] {
            zip(cells, common).map { cell, runs in runs.map { loss($0.baseline, $0.teleport, cell.epochs) } }
        }
        timeToBaseline = losses { baseline, teleport, epochs in
            guard baseline.lastLoss(ofEpochs: epochs).isFinite, teleport.lastLoss(ofEpochs: epochs).isFinite else {
                return .nan
            }
            return Reach(of: \.trainLoss, baseline: [baseline], teleport: [teleport]).map { 1 / $0.timeSpeedUp } ?? .nan
        }
        func atEqual(_ place: @escaping (EpochRecord) -> Double) -> (Run, Run, Int) -> Double {
            { baseline, teleport, epochs in
                guard let end = baseline.epochs.last, baseline.epochs.count == epochs else {
                    return teleport.lastLoss(ofEpochs: epochs)
                }
                return teleport.loss(at: place(end), of: place, ofEpochs: epochs)
            }
        }
        baseline = losses { baseline, _, epochs in baseline.lastLoss(ofEpochs: epochs) }
        teleport = losses { _, teleport, epochs in teleport.lastLoss(ofEpochs: epochs) }
        teleportAtEqualWork = losses(atEqual { $0.gradientEvaluations ?? .nan })
        teleportAtEqualTime = losses(atEqual(\.seconds))
    }

    /// The place of the value with the lowest mean loss; nil if none is finite.
    package static func best(_ losses: [[Double]]) -> Int? {
        let means = losses.map { Statistic(of: $0).mean }
        return means.indices.filter { means[$0].isFinite }.min { means[$0] < means[$1] }
    }

    /// The regret of losses; not a number if no value of the baseline trains.
    package func regret(_ losses: [[Double]]) -> Double {
        guard let best = Self.best(baseline) else { return .nan }
        let worst = (baseline + teleport).joined().filter(\.isFinite).max() ?? .nan
        return Regret.of(
            losses.map { Statistic(of: $0).mean }, best: Statistic(of: baseline[best]).mean, worst: worst)
    }
}
