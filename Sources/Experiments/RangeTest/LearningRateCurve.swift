import Foundation

/// The loss of a range test over the learning rate (Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section
/// 3.3), as fastai and Lightning run it: one training step for each rate, the losses smoothed, and an end where they run away.
package struct LearningRateCurve: Equatable, Sendable {
    /// The rates that were asked for.
    package let range: LearningRateRange
    /// The loss of each step's batch before the step, all of them finite.
    package private(set) var losses: [Double] = []
    /// Their `ExponentialMean` up to each step.
    package private(set) var smoothedLosses: [Double] = []
    /// Why it ended.
    package private(set) var ending: Ending

    /// Why a range test ended.
    package enum Ending: String, Codable, Sendable {
        /// All rates were tried.
        case complete
        /// The smoothed loss had risen to more than four times its least.
        case risen
        /// A loss was infinite or not a number.
        case notFinite = "not-finite"
        /// Somebody stopped it.
        case interrupted

        /// Whether the loss ran away.
        package var isRunAway: Bool { self == .risen || self == .notFinite }
    }

    /// How often its least a smoothed loss is that has run away: fastai's and Lightning's number.
    private static let largestRise = 4.0

    /// The share of its value that the smoothed loss keeps at each step, where nothing else is said: fastai's and Lightning's.
    package static let standardSmoothing = 0.98

    /// The curve of losses up to where they run away; what comes after is left out.
    ///
    /// - Parameters:
    ///   - losses: The loss of each step's batch before the step.
    ///   - range: The rates of the steps, at least as many.
    ///   - smoothing: The share of its value that the smoothed loss keeps at each step.
    package init(_ losses: [Double], over range: LearningRateRange, smoothing: Double = standardSmoothing) {
        precondition(losses.count <= range.steps, "\(losses.count) losses for \(range.steps) learning rates")
        self.range = range
        ending = losses.count < range.steps ? .interrupted : .complete
        var mean = ExponentialMean(beta: smoothing)
        var least = Double.infinity
        for loss in losses {
            let smoothed = mean.add(loss)
            guard smoothed.isFinite else {
                ending = .notFinite
                return
            }
            self.losses.append(loss)
            smoothedLosses.append(smoothed)
            guard smoothed <= Self.largestRise * least else {
                ending = .risen
                return
            }
            least = min(least, smoothed)
        }
    }

    /// The rate of each step.
    package var learningRates: [Double] { losses.indices.map { range[$0] } }
}
