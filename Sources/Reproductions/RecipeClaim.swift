import Experiments
import Reporting

/// Whether what a paper says was seen, as far as runs from several seeds can tell.
enum Verdict: String, CaseIterable, Sendable {
    case holds
    case doesNotHold = "does not hold"
    /// The seeds differ by more than the arms do.
    case undecided
}

/// By how much the losses of an arm differ from those of another one, seed by seed, as a share of the latter.
struct RelativeDifference: Equatable, Sendable {
    /// The mean over seeds, and its spread.
    let statistic: Statistic
    /// The interval of the mean by Student's distribution; nil for one seed, and where a mean is not finite.
    let interval: ClosedRange<Double>?

    /// The difference of losses, one for each seed in both; what is not finite is of runs that diverged, or are not there yet.
    init(of losses: [Double], from others: [Double]) {
        let differences = zip(losses, others).map { loss, other -> Double in
            switch (loss.isFinite, other.isFinite) {
            case (true, true): loss / other - 1
            case (false, true): .infinity
            case (true, false): -1
            case (false, false): .nan
            }
        }
        statistic = Statistic(of: differences)
        interval = statistic.interval(of: differences.count)
    }

    /// Where the mean is; of one seed, where it is itself.
    private var range: ClosedRange<Double>? {
        interval
            ?? (statistic.standardDeviation == nil && statistic.mean.isFinite ? statistic.mean...statistic.mean : nil)
    }

    /// Whether the losses are lower.
    var isLower: Verdict {
        guard let range else { return statistic.mean == .infinity ? .doesNotHold : .undecided }
        return range.upperBound < 0 ? .holds : range.lowerBound >= 0 ? .doesNotHold : .undecided
    }

    /// Whether the losses are higher.
    var isHigher: Verdict {
        guard let range else { return statistic.mean == .infinity ? .holds : .undecided }
        return range.lowerBound > 0 ? .holds : range.upperBound <= 0 ? .doesNotHold : .undecided
    }

    /// Whether the losses are the same but for a share.
    func isNone(within share: Double) -> Verdict {
        guard let range else { return statistic.mean == .infinity ? .doesNotHold : .undecided }
        if (-share...share).contains(range.lowerBound), (-share...share).contains(range.upperBound) { return .holds }
        return range.upperBound < -share || range.lowerBound > share ? .doesNotHold : .undecided
    }

    /// The mean, as `-23.4 %`.
    var mean: String { statistic.mean.isFinite ? statistic.mean.signedPercent : "no loss" }

    /// The mean and its interval, as `-23.4 % (-25.0 % to -21.8 %)`.
    var text: String {
        interval.map { "\(mean) (\($0.lowerBound.signedPercent) to \($0.upperBound.signedPercent))" } ?? mean
    }

    /// What a file has of it.
    var json: JSONValue {
        [
            "mean": .number(statistic.mean), "standardDeviation": .number(statistic.standardDeviation ?? .nan),
            "interval": interval.map { .numbers([$0.lowerBound, $0.upperBound]) } ?? .null,
        ]
    }
}

extension Double {
    /// `+1.3 %`, and `0.0 %` for what rounds to that.
    fileprivate var signedPercent: String {
        let text = percent(3)
        return self > 0 && text != 0.0.percent(3) ? "+" + text : text
    }
}

/// What NS25 says of the trainings in its figures, in a form that losses can tell.
enum RecipeClaim: String, CaseIterable, Sendable {
    /// The mean training loss of the epochs that teleports come before is lower with them.
    case accelerates = "the training loss falls faster in the epochs that teleports come before"
    /// The training loss of the last epoch is lower.
    case endsLower = "the training loss ends lower"
    /// The training loss is lower when training without teleports has taken its whole time.
    case endsLowerInTime = "the training loss is lower also after equal time"
    /// The test loss of the last epoch is that without teleports.
    case endsAtSameTestLoss = "the test loss ends at the same value"
    /// The training loss of the last epoch is lower than with symmetry teleports.
    case endsBelowSymmetry = "the training loss ends below that of symmetry teleports"
    /// So is the test loss.
    case endsBelowSymmetryInTest = "the test loss ends below that of symmetry teleports"
    /// The training loss of the last epoch is higher with symmetry teleports than without any.
    case symmetrySlows = "symmetry teleports raise the training loss of a large network"

    /// What stands above a column of outcomes.
    var heading: String {
        switch self {
        case .accelerates: "falls faster"
        case .endsLower: "ends lower"
        case .endsLowerInTime: "lower after equal time"
        case .endsAtSameTestLoss: "same test loss"
        case .endsBelowSymmetry: "below symmetry"
        case .endsBelowSymmetryInTest: "below symmetry in test"
        case .symmetrySlows: "symmetry slows"
        }
    }

    /// How far apart two losses are that the paper calls the same; it does not say how far.
    static let sameness = 0.05

    /// Whether the claim is about what training comes to when it has converged.
    var isAboutConvergence: Bool { self == .endsAtSameTestLoss }

    /// The runs of a recipe, from the same seeds in the same order.
    struct Runs {
        let without: [Run]
        let nullSpace: [Run]
        /// Empty where there are none.
        var symmetry: [Run] = []
        /// The epochs of a run.
        let epochs: Int
    }

    /// The difference that tells, and whether the claim holds; nil where there are no runs that could tell.
    func outcome(of runs: Runs) -> (difference: RelativeDifference, verdict: Verdict)? {
        func end(_ run: Run) -> Double { run.lastLoss(ofEpochs: runs.epochs) }
        func test(_ run: Run) -> Double { run.epochs.count == runs.epochs ? run.epochs.last?.testLoss ?? .nan : .nan }
        func early(_ run: Run) -> Double {
            let count = min(PublishedRecipe.teleportEpochs, runs.epochs)
            guard run.epochs.count >= count else { return .nan }
            return Statistic(of: run.epochs.prefix(count).map(\.trainLoss)).mean
        }
        let pair: (losses: [Double], others: [Double])
        switch self {
        case .accelerates: pair = (runs.nullSpace.map(early), runs.without.map(early))
        case .endsLower: pair = (runs.nullSpace.map(end), runs.without.map(end))
        case .endsLowerInTime:
            let losses = zip(runs.nullSpace, runs.without).map { run, plain in
                run.loss(at: plain.epochs.last?.seconds ?? .nan, of: \.seconds, ofEpochs: runs.epochs)
            }
            pair = (losses, runs.without.map(end))
        case .endsAtSameTestLoss: pair = (runs.nullSpace.map(test), runs.without.map(test))
        case .endsBelowSymmetry: pair = (runs.nullSpace.map(end), runs.symmetry.map(end))
        case .endsBelowSymmetryInTest: pair = (runs.nullSpace.map(test), runs.symmetry.map(test))
        case .symmetrySlows: pair = (runs.symmetry.map(end), runs.without.map(end))
        }
        guard !pair.losses.isEmpty, pair.losses.count == pair.others.count else { return nil }
        let difference = RelativeDifference(of: pair.losses, from: pair.others)
        switch self {
        case .symmetrySlows: return (difference, difference.isHigher)
        case .endsAtSameTestLoss: return (difference, difference.isNone(within: Self.sameness))
        case .accelerates, .endsLower, .endsLowerInTime, .endsBelowSymmetry, .endsBelowSymmetryInTest:
            return (difference, difference.isLower)
        }
    }
}
