import Foundation
import Reporting

extension Run {
    /// The last training loss; NaN if the run diverged, which ends it early.
    ///
    /// - Parameter epochs: Of how many epochs the run is.
    package func lastLoss(ofEpochs epochs: Int) -> Double {
        guard let last = self.epochs.last, self.epochs.count == epochs, last.testLoss.isFinite else { return .nan }
        return last.trainLoss
    }

    /// The training loss at a place, as after so much work, linear between epochs; NaN if the run diverged, or its first epoch came
    /// later.
    ///
    /// - Parameters:
    ///   - budget: The place.
    ///   - place: What is counted, as seconds.
    ///   - epochs: Of how many epochs the run is.
    package func loss(at budget: Double, of place: (EpochRecord) -> Double, ofEpochs epochs: Int) -> Double {
        guard lastLoss(ofEpochs: epochs).isFinite, let first = self.epochs.first, place(first) <= budget else {
            return .nan
        }
        return MeanCurve(of: \.trainLoss, over: place, of: [self]).mean(at: budget)
    }
}

/// What a wrong choice costs: the geometric mean, over the values of an option, of the final loss over the best one of the baseline.
package enum Regret {
    /// The regret of losses, one for each value.
    ///
    /// - Parameters:
    ///   - losses: The losses; what is not finite is of runs that diverged.
    ///   - best: The lowest loss of the baseline.
    ///   - worst: What stands for a run that diverged: it has learned as little as the one that learned the least.
    package static func of(_ losses: [Double], best: Double, worst: Double) -> Double {
        let ratios = losses.map { ($0.isFinite ? $0 : worst) / best }
        return exp(ratios.map { log($0) }.reduce(0, +) / Double(ratios.count))
    }
}
