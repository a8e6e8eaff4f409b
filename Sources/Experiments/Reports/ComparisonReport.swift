import Foundation
import Reporting
import Teleportation
import TextForms

/// A comparison in words: the table of both arms, and what follows from it.
///
/// The sentences say what was measured, also when teleportation is worse, does not get to the baseline's loss, or when
/// the difference is no larger than the spread over seeds.
package struct ComparisonReport: Report, Equatable, Sendable {
    /// A row for each arm.
    package let table: Table
    /// The conclusions, each of them one line or more.
    package let sentences: [String]
    /// The losses over epochs and over time.
    package let figures: [NamedFigure]

    /// The report of a summary.
    package init(_ summary: Summary) {
        figures = LossCurves(summary).figures
        let comparison = summary.comparison
        let arms = [("baseline", comparison.baseline), ("teleport", comparison.teleport)]
        let columns = Self.columns.filter { column in
            column.isAlwaysShown || arms.contains { column.cell($1) != "-" }
        }
        table = Table(
            columns: [.init("", alignment: .left)] + columns.map { .init($0.title) },
            rows: arms.map { name, arm in [name] + columns.map { $0.cell(arm) } })
        let common = ArmRecord.common(summary.arms.baseline, summary.arms.teleport)
        guard !common.first.runs.isEmpty else {
            sentences = ["There is nothing to compare: no seed has finished an epoch in both arms."]
            return
        }
        guard comparison.movedTeleports > 0 else {
            let epochs = common.second.runs.compactMap { $0.epochs.last?.epoch }.max() ?? 0
            sentences =
                Self.interruption(summary, common.first, epochs: epochs) + Self.divergences(comparison)
                + Self.teleports(comparison, common.second)
                + ["Both arms are the same training, and what differs in their times is chance, or time for teleports."]
            return
        }
        let epochs = common.second.runs.compactMap { $0.epochs.last?.epoch }.max() ?? 0
        sentences =
            Self.interruption(summary, common.first, epochs: epochs) + Self.divergences(comparison)
            + Self.reach(
                "training loss", comparison.trainLoss, epochs: epochs,
                comparison.baseline.finalTrainLoss, comparison.teleport.finalTrainLoss)
            + Self.reach(
                "test loss", comparison.testLoss, epochs: epochs,
                comparison.baseline.finalTestLoss, comparison.teleport.finalTestLoss)
            + Self.teleports(comparison, common.second) + Self.spread(comparison)
    }

    /// A column of the table.
    private struct Column {
        let title: String
        /// Whether it is there also where no arm has a value.
        var isAlwaysShown = true
        let cell: (ArmStatistics) -> String
    }

    private static var columns: [Column] {
        // A loss without a value means that training diverged, or else that there is no test data.
        func loss(_ statistic: @escaping (ArmStatistics) -> Statistic) -> (ArmStatistics) -> String {
            { cell(statistic($0), else: $0.divergedSeeds.isEmpty ? "-" : "diverged") }
        }
        return [
            Column(title: "train loss", cell: loss(\.finalTrainLoss)),
            Column(title: "best train loss", cell: loss(\.bestTrainLoss)),
            Column(title: "test loss", cell: loss(\.finalTestLoss)),
            Column(title: "best test loss", cell: loss(\.bestTestLoss)),
            Column(title: "perplexity", isAlwaysShown: false) { $0.finalTestPerplexity?.text() ?? "-" },
            Column(title: "accuracy", isAlwaysShown: false) {
                $0.finalTestAccuracy.mean.isFinite ? $0.finalTestAccuracy.mean.percent() : "-"
            },
            Column(title: "seconds") { cell($0.seconds, else: "-") },
            Column(title: "teleport share") { $0.teleportShare.isFinite ? $0.teleportShare.percent(3) : "-" },
        ]
    }

    private static func cell(_ statistic: Statistic, else missing: String) -> String {
        statistic.mean.isFinite ? statistic.text() : missing
    }

    private static func divergences(_ comparison: Comparison) -> [String] {
        [("The baseline", comparison.baseline), ("Teleport", comparison.teleport)].compactMap { name, arm in
            guard !arm.divergedSeeds.isEmpty else { return nil }
            let seeds = arm.divergedSeeds.map(String.init).joined(separator: ", ")
            let noun = arm.divergedSeeds.count == 1 ? "seed" : "seeds"
            return "\(name) diverged with \(noun) \(seeds) (\(arm.divergedSeeds.count) of \(arm.runs))."
        }
    }

    private static func reach(
        _ name: String, _ reach: Reach?, epochs: Int, _ baseline: Statistic, _ teleport: Statistic
    ) -> [String] {
        guard baseline.mean.isFinite, epochs > 0 else { return [] }
        let target = "the baseline's final \(name) (\(baseline.mean.significant()))"
        let end = ending(baseline, teleport)
        guard let reach else {
            let failure = "Teleport does not reach \(target) in \(epochs) \(epochs == 1 ? "epoch" : "epochs")"
            return [end.map { "\(failure): it \($0)." } ?? "\(failure)."]
        }
        let time = String(format: "%.1f", reach.teleportEpochs)
        let place = reach.isUpperBound ? "by epoch \(time) of \(epochs)" : "in \(time) of \(epochs) epochs"
        // The true moment lies before the first record, so the speed-ups are bounds, unless the baseline is there too.
        func bound(_ speedUp: Double) -> String { reach.isUpperBound && speedUp > 1 ? "at least " : "" }
        var sentence = "Teleport reaches \(target) \(place): "
        sentence += bound(reach.epochSpeedUp)
        sentence += ratio(reach.epochSpeedUp, fewer: "fewer epochs", more: "more epochs", same: "as many epochs")
        sentence += ", " + bound(reach.timeSpeedUp)
        sentence += ratio(reach.timeSpeedUp, fewer: "less time", more: "more time", same: "the same time")
        sentence += "."
        if reach.baselineEpochs < Double(epochs) - 0.05 {
            let first = String(format: "%.1f", reach.baselineEpochs)
            sentence += "\n  The baseline itself was first there after \(first) epochs, which is what counts."
        }
        if let end { sentence += "\n  Teleport \(end)." }
        return [sentence]
    }

    /// `ends at 0.06900, 3.6 % lower`: the teleport arm's end beside the baseline's; nil where it diverged.
    private static func ending(_ baseline: Statistic, _ teleport: Statistic) -> String? {
        guard teleport.mean.isFinite else { return nil }
        let difference = teleport.mean - baseline.mean
        guard difference != 0 else { return "ends at the same loss" }
        var text = "ends at \(teleport.mean.significant())"
        if baseline.mean != 0 {
            text += ", \(abs(100 * difference / baseline.mean).significant(2)) % \(difference < 0 ? "lower" : "higher")"
        }
        let spread = [baseline, teleport].compactMap(\.standardDeviation).max()
        if let spread, abs(difference) <= spread { text += ", which is within the standard deviation over seeds" }
        return text
    }

    /// `1.6x fewer epochs`, the larger of a speed-up and its inverse.
    private static func ratio(_ speedUp: Double, fewer: String, more: String, same: String) -> String {
        let factor = max(speedUp, 1 / speedUp)
        guard factor.isFinite else { return "far " + (speedUp > 1 ? fewer : more) }
        let text = String(format: factor < 9.95 ? "%.1fx" : "%.0fx", factor)
        return text == "1.0x" ? same : "\(text) \(speedUp > 1 ? fewer : more)"
    }

    private static func interruption(_ summary: Summary, _ compared: ArmRecord, epochs: Int) -> [String] {
        let all = [summary.arms.baseline, summary.arms.teleport]
        guard
            all.contains(where: {
                $0.seeds.count > compared.seeds.count || $0.runs.contains { $0.epochs.count > epochs }
            })
        else { return [] }
        let seeds = compared.seeds.map(String.init).joined(separator: ", ")
        return ["Not all runs are complete: the first \(epochs.counted("epoch")) of seeds \(seeds) are compared."]
    }

    private static func teleports(_ comparison: Comparison, _ arm: ArmRecord) -> [String] {
        guard comparison.teleports > 0 else { return ["There were no teleports."] }
        let count = "\(comparison.teleports) \(comparison.teleports == 1 ? "teleport" : "teleports")"
        let restored =
            comparison.restoredTeleports == 0 ? "none was undone" : "\(comparison.restoredTeleports) undone"
        let stays = stays(arm.runs.flatMap(\.teleports)) + undone(arm.runs.flatMap(\.teleports)) + ends(arm)
        guard let drift = comparison.maximumRelativeDrift else { return ["\(count), none moved, \(restored)."] + stays }
        let moved = comparison.movedTeleports == comparison.teleports ? "all" : "\(comparison.movedTeleports)"
        return [
            "\(count), \(moved) moved, \(restored); the loss changed by at most \(drift.significant(2)) of its value."
        ] + stays
    }

    /// Why teleports were undone; of each reason the last that there was.
    private static func undone(_ teleports: [TeleportRecord]) -> [String] {
        var reasons: [(kind: String, count: Int, sentence: String)] = []
        for restored in teleports.compactMap(\.restored) {
            // Sentences of one kind differ in their numbers.
            let kind = restored.description.filter { !$0.isNumber && !".-e+".contains($0) }
            if let index = reasons.firstIndex(where: { $0.kind == kind }) {
                reasons[index].count += 1
                reasons[index].sentence = restored.description
            } else {
                reasons.append((kind, 1, restored.description))
            }
        }
        return reasons.map { "\($0.count) undone: \($0.sentence)." }
    }

    /// Where teleports ended before their batches or their schedule did.
    private static func ends(_ arm: ArmRecord) -> [String] {
        let rounds = arm.runs.flatMap(\.teleports).count { $0.endsTeleport }
        let sentence =
            "\(rounds.counted("round")) of batches ended after eight in a row that the control samples took back."
        return (rounds > 0 ? [sentence] : []) + lostTrials(arm)
    }

    /// Where no more teleports were made after lost trials.
    private static func lostTrials(_ arm: ArmRecord) -> [String] {
        let ended = zip(arm.seeds, arm.runs).compactMap { seed, run in run.teleportsEndedAtStep.map { (seed, $0) } }
        guard !ended.isEmpty else { return [] }
        let places = ended.map { "step \($0.1) of seed \($0.0)" }.joined(separator: ", ")
        return ["A trial was clearly lost, and no more teleports were made from \(places) on; --patience 0 goes on."]
    }

    /// Why teleports took no step, a sentence for each reason.
    static func stays(_ teleports: [TeleportRecord]) -> [String] {
        let endings = teleports.filter { $0.steps == 0 && !$0.isRestored }.compactMap(\.ending)
        return TeleportReport.Ending.allCases.compactMap { ending in
            let count = endings.count { $0 == ending }
            return count > 0 ? "\(count) of them took no step: \(ending)." : nil
        }
    }

    private static func spread(_ comparison: Comparison) -> [String] {
        comparison.baseline.runs > 1
            ? ["± is the standard deviation over \(comparison.baseline.runs) seeds."]
            : ["One seed only: a small difference may be chance."]
    }
}

extension ComparisonReport {
    /// The table and the sentences.
    package var parts: [ReportPart] { [.table(table), .sentences(sentences)] }
}
