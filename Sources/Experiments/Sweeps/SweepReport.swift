import Foundation
import Reporting

/// A sweep in words: a table of both arms over the values, and what follows from it.
package struct SweepReport: Report, Sendable {
    private let record: SweepRecord
    private let score: SweepScore

    /// The report of a sweep.
    package init(_ record: SweepRecord) {
        self.record = record
        score = SweepScore(record.values)
    }

    /// The table and the sentences.
    package var parts: [ReportPart] { [.table(table), .sentences(sentences)] }

    /// A row for each value.
    private var table: Table {
        func text(_ losses: [Double]) -> String {
            let statistic = Statistic(of: losses)
            return losses.isEmpty ? "-" : statistic.mean.isFinite ? statistic.text() : "diverged"
        }
        // A run whose first epoch took more than all of the baseline's did not diverge.
        func text(_ losses: [Double], of whole: [Double]) -> String {
            Statistic(of: losses).mean.isFinite || !Statistic(of: whole).mean.isFinite ? text(losses) : "-"
        }
        return Table(
            columns: [
                .init(record.option, alignment: .left), .init("baseline"), .init("teleports"),
                .init("at equal gradients"), .init("at equal time"), .init("time to baseline's loss"),
            ],
            rows: record.values.indices.map { index in
                [
                    record.values[index].value, text(score.baseline[index]), text(score.teleport[index]),
                    text(score.teleportAtEqualWork[index], of: score.teleport[index]),
                    text(score.teleportAtEqualTime[index], of: score.teleport[index]),
                    timeToBaseline(at: index),
                ]
            })
    }

    /// The share of the baseline's time to its final loss; a dash where a run with teleports never gets there.
    private func timeToBaseline(at index: Int) -> String {
        let share = Statistic(of: score.timeToBaseline[index]).mean
        return share.isFinite ? Self.percent(share) : "-"
    }

    private static func percent(_ share: Double) -> String { (100 * share).significant(2) + " %" }

    /// What follows from the losses.
    package var sentences: [String] {
        let best = bestAgainstBest
        return (best.map { [$0] } ?? ["No value trains without teleports."]) + [
            "Regret, the geometric mean over the values of the final loss over the best one of the baseline: "
                + "\(record.regret.baseline.significant(3)) without teleports, \(record.regret.teleport.significant(3)) with them, "
                + "\(record.regretAtEqualWork.teleport.significant(3)) at as many gradients, "
                + "\(record.regretAtEqualTime.teleport.significant(3)) in the same time."
        ]
    }

    /// The best value with teleports, at equal work, against the best without, seed by seed.
    private var bestAgainstBest: String? {
        guard let plain = SweepScore.best(score.baseline) else { return nil }
        guard let best = SweepScore.best(score.teleportAtEqualWork) else {
            return
                "With teleports no run has an epoch within the gradients of the baseline's: give more epochs to compare best against best."
        }
        let ratios = zip(score.teleportAtEqualWork[best], score.baseline[plain]).map { $0 / $1 - 1 }
        let difference = Statistic(of: ratios)
        let places =
            "Best against best at as many gradients (\(record.option) \(record.values[best].value) with teleports, "
            + "\(record.values[plain].value) without): "
        guard let interval = difference.interval(of: ratios.count) else {
            return places + "the training loss is \(Self.percent(difference.mean.magnitude)) "
                + (difference.mean < 0 ? "lower" : "higher") + ", of one seed, which shows no spread."
        }
        let (low, high) = (interval.lowerBound, interval.upperBound)
        if low > 0 {
            return places + "the training loss is higher by \(Self.percent(low)) to \(Self.percent(high)) (95 %)."
        }
        if high < 0 {
            return places + "the training loss is lower by \(Self.percent(-high)) to \(Self.percent(-low)) (95 %)."
        }
        return places + "no difference within \(Self.percent(max(-low, high))) (95 %)."
    }

    /// The final loss of both arms against the value, and the time that teleports take to the baseline's; none where the values are no
    /// numbers.
    package var figures: [NamedFigure] {
        let numbers = record.values.compactMap { Double($0.value) }
        guard numbers.count == record.values.count else { return [] }
        let isLogarithmic = numbers.allSatisfy { $0 > 0 } && (numbers.max() ?? 1) > 10 * (numbers.min() ?? 1)
        let order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
        let lines = [
            ("baseline", score.baseline), ("teleports", score.teleport),
            ("teleports, at as many gradients", score.teleportAtEqualWork),
        ]
        func series(_ name: String, _ values: [[Double]], color: Int, isDashed: Bool = false) -> LineChart.Series {
            LineChart.Series(
                name: name, x: order.map { numbers[$0] }, y: order.map { Statistic(of: values[$0]) }, color: color,
                isDashed: isDashed)
        }
        func figure(_ name: String, _ title: String, _ series: [LineChart.Series]) -> NamedFigure {
            NamedFigure(
                name,
                Figure(panels: [
                    LineChart(
                        title: "\(title) (logarithmic)",
                        horizontalLabel: record.option + (isLogarithmic ? " (logarithmic)" : ""), isLogarithmic: true,
                        isHorizontallyLogarithmic: isLogarithmic, series: series)
                ]))
        }
        let times = score.timeToBaseline
        return [
            figure(
                "loss-over-values", "Final training loss",
                lines.enumerated().map { series($1.0, $1.1, color: min($0, 1), isDashed: $0 == 2) })
        ]
            + (times.contains { Statistic(of: $0).mean.isFinite }
                ? [
                    figure(
                        "time-over-values", "Time to the baseline's final loss, as a share",
                        [
                            series("baseline", times.map { $0.map { _ in 1 } }, color: 0),
                            series("teleports", times, color: 1),
                        ])
                ] : [])
    }
}
