/// A rule by which people read a learning rate off the curve of a range test.
///
/// As in fastai's `lr_find` all rules look at the smoothed losses without those of the first tenth of the steps that were asked
/// for, which are means of few batches, and without the last five, where the loss runs away.
package enum LearningRateRule: String, CaseIterable, Sendable {
    /// The rate at which the loss falls the most for each decade: fastai's `steep`; Lightning's `suggestion`, with central
    /// differences in the place of these forward ones.
    case steepest
    /// A tenth of the rate at which the loss is least: fastai's `minimum`.
    case minimumTenth = "minimum-tenth"
    /// The rate halfway through the longest valley: with n the length of the longest falling subsequence of the losses, the first
    /// of that length, and e the step at which it ends, the step `e - n + n/3 + n/6`, each share rounded down: fastai's `valley`,
    /// its default, devised by Esri.
    case valley

    /// The rate that the rule suggests; nil where the curve is too short to say, or nowhere falls.
    package func suggestion(for curve: LearningRateCurve) -> Double? {
        let first = curve.range.steps / 10
        let losses = Array(curve.smoothedLosses.dropFirst(first).dropLast(5))
        let differences = zip(losses.dropFirst(), losses).map { $0 - $1 }
        guard differences.contains(where: { $0 < 0 }) else { return nil }
        switch self {
        // The rates grow by equal factors, so that differences of losses are slopes over the logarithm of the rate.
        case .steepest: return curve.range[first + differences.firstIndexOfLeast]
        case .minimumTenth: return curve.range[first + losses.firstIndexOfLeast] / 10
        case .valley: return curve.range[first + Self.valley(of: losses)]
        }
    }

    private static func valley(of losses: [Double]) -> Int {
        // That of the longest falling subsequence that ends at each loss.
        var lengths: [Int] = []
        for loss in losses {
            lengths.append(1 + (lengths.indices.filter { losses[$0] > loss }.map { lengths[$0] }.max() ?? 0))
        }
        let length = lengths.max() ?? 0
        let end = lengths.firstIndex(of: length) ?? 0
        // Where the loss falls all the way, the valley begins before the first step.
        return max(end - length + length / 3 + length / 6, 0)
    }
}

extension [Double] {
    /// Where the first of the least numbers is; the numbers are one or more.
    fileprivate var firstIndexOfLeast: Int { indices.min { self[$0] < self[$1] } ?? startIndex }
}
