import Reporting

/// How a training went wrong: it ended with a loss that is no number, or far above that of the untrained model.
package enum Divergence: Error, Equatable, Sendable {
    /// A loss is infinite or not a number.
    case notFinite
    /// The loss was finite, and rose.
    case risen(to: Double, from: Double)

    /// How often the loss before training a loss is that nobody trains for: of classes the first is a few units, of series about
    /// one, and an optimizer that works ends below.
    private static let largestRise = 1000.0

    /// What went wrong with some of the runs; nil if nothing did.
    ///
    /// - Parameters:
    ///   - runs: Whose last epochs count.
    ///   - startingLoss: The loss of the untrained model.
    package init?(of runs: [Run], from startingLoss: Double) {
        let losses = runs.compactMap(\.epochs.last).flatMap { [$0.trainLoss, $0.testLoss] }
        if losses.contains(where: { !$0.isFinite }) {
            self = .notFinite
        } else if let highest = losses.max(), highest > Self.largestRise * startingLoss {
            self = .risen(to: highest, from: startingLoss)
        } else {
            return nil
        }
    }
}

extension Divergence {
    /// Whether a loss is of this kind, too.
    func isReached(by loss: Double) -> Bool {
        switch self {
        case .notFinite: !loss.isFinite
        case .risen(_, let start): !(loss <= Self.largestRise * start)
        }
    }
}

extension Divergence: CustomStringConvertible {
    /// What happened, without what to do.
    package var description: String {
        switch self {
        case .notFinite: "a loss stopped being finite"
        case .risen(let end, let start): "a loss ended at \(end.significant()), which began at \(start.significant())"
        }
    }
}

/// Samples on which an untrained model has no loss to lower.
package struct StartingLossError: Error, Hashable, CustomStringConvertible {
    /// The name of the data set.
    package let dataset: String
    /// The loss.
    package let loss: Double

    /// Which data set it is, and what to do.
    package var description: String {
        "'\(dataset)': the loss of the untrained model is \(loss.significant()), as its values are too large or none; scale or mend "
            + "them, or give --dtype float64"
    }
}
