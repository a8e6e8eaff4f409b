import Foundation
import Reporting

/// What a search for learning rates found: the contents of `learning-rates.json`.
package struct RangeTestRecord: Record, Codable, Equatable, Sendable {
    /// The options of the search by name, every default written out.
    package var configuration: [String: JSONValue]
    /// How much the files of the data set hold, by `DataQuantity`.
    package var data: [String: Int]
    /// Where and with what it ran.
    package var environment: Summary.Environment
    /// What was measured.
    package var arms: Arms

    /// The range tests without and with teleports.
    package struct Arms: Codable, Equatable, Sendable {
        /// Those without.
        package var baseline: Arm
        /// Those with teleports; nil, and absent from the JSON, where none were asked for.
        package var teleport: Arm?
    }

    /// One range test for each seed.
    package struct Arm: Codable, Equatable, Sendable {
        /// The seeds, one for each run and in the same order.
        package var seeds: [Int]
        /// The runs.
        package var runs: [Run]
        /// What the rules suggest over all runs, by the names of the rules; without those that suggest nothing.
        package var suggestions: [String: Spread]

        /// An arm of runs.
        package init(seeds: [Int], runs: [Run]) {
            self.seeds = seeds
            self.runs = runs
            suggestions = [:]
            for rule in LearningRateRule.allCases {
                suggestions[rule.rawValue] = Spread(of: runs.compactMap { $0.suggestions[rule.rawValue] })
            }
        }

        /// Whether the losses ran away before any rule could suggest a rate.
        package var isWithoutSuggestions: Bool { suggestions.isEmpty && runs.contains(where: \.ending.isRunAway) }
    }

    /// Learning rates over seeds.
    package struct Spread: Codable, Equatable, Sendable {
        /// The geometric mean.
        package var mean: Double
        /// The lowest.
        package var lowest: Double
        /// The highest.
        package var highest: Double

        /// That of some rates; nil for none.
        init?(of rates: [Double]) {
            guard let lowest = rates.min(), let highest = rates.max() else { return nil }
            mean = exp(rates.map { log($0) }.reduce(0, +) / Double(rates.count))
            self.lowest = lowest
            self.highest = highest
        }
    }

    /// One range test.
    package struct Run: Codable, Equatable, Sendable {
        /// The rate of each step.
        package var learningRates: [Double]
        /// The loss of each step's batch before the step.
        package var losses: [Double]
        /// The losses smoothed, by which the rules go.
        package var smoothedLosses: [Double]
        /// Why the test ended.
        package var ending: LearningRateCurve.Ending
        /// What the rules suggest, by their names; without those that suggest nothing.
        package var suggestions: [String: Double]
        /// One record for each teleport, in order.
        package var teleports: [TeleportRecord]
        /// What was computed, in gradients of a training batch: steps, those of trials too, and teleports.
        package var gradientEvaluations: Double
        /// The time that it took.
        package var seconds: Double

        /// What a run that came to a curve found.
        init(_ curve: LearningRateCurve, of run: TrainingRun) {
            learningRates = curve.learningRates
            losses = curve.losses
            smoothedLosses = curve.smoothedLosses
            ending = curve.ending
            suggestions = [:]
            for rule in LearningRateRule.allCases { suggestions[rule.rawValue] = rule.suggestion(for: curve) }
            teleports = run.record.teleports
            gradientEvaluations = run.gradientEvaluations
            seconds = run.seconds
        }
    }
}
