import Foundation
import Reporting

/// A search for learning rates in words: a table of what the rules suggest for each arm, and a figure of the curves.
package struct RangeTestReport: Report, Sendable {
    private let arms: [(name: String, arm: RangeTestRecord.Arm)]

    /// The report of a search.
    package init(_ record: RangeTestRecord) {
        var arms = [(name: "baseline", arm: record.arms.baseline)]
        if let teleport = record.arms.teleport { arms.append((name: "teleports", arm: teleport)) }
        self.arms = arms
    }

    /// The table and the sentences.
    package var parts: [ReportPart] { [.table(table), .sentences(sentences)] }

    /// What people call the rules.
    private static let rules: [(rule: LearningRateRule, name: String, symbol: LineChart.Points.Symbol)] = [
        (.steepest, "steepest descent", .circle), (.minimumTenth, "minimum / 10", .star), (.valley, "valley", .cross),
    ]

    /// A row for each rule.
    private var table: Table {
        Table(
            columns: [.init("learning rate", alignment: .left)] + arms.map { .init($0.name) },
            rows: Self.rules.map { rule in [rule.name] + arms.map { Self.text(of: rule.rule, for: $0.arm) } })
    }

    /// What a rule suggests for an arm: the mean over its runs, and the ends.
    private static func text(of rule: LearningRateRule, for arm: RangeTestRecord.Arm) -> String {
        guard let spread = arm.suggestions[rule.rawValue] else { return "-" }
        let (mean, lowest, highest) = (
            spread.mean.significant(3), spread.lowest.significant(3), spread.highest.significant(3)
        )
        return arm.runs.count < 2 ? mean : "\(mean) (\(lowest) to \(highest))"
    }

    /// Where the tests ended, and what they cost.
    private var sentences: [String] {
        let ends = arms.map { name, arm in
            let rates = arm.runs.filter(\.ending.isRunAway).compactMap(\.learningRates.last)
            let range = Set([rates.min(), rates.max()].compactMap(\.self)).sorted().map { $0.significant(3) }
            return range.isEmpty
                ? "\(name): no rate lets the loss run away"
                : "\(name): the loss runs away at \(range.joined(separator: " to "))"
        }
        guard arms.count > 1 else { return [ends[0] + "."] }
        let work = arms.map { $0.arm.runs.map { $0.gradientEvaluations / Double(max($0.losses.count, 1)) } }
        let cost = work.map { Statistic(of: $0).mean }
        return [
            "\(ends.joined(separator: "; ")).",
            "A step with teleports and their trials takes \((cost[1] / cost[0]).significant(3)) times as many gradients as one "
                + "without.",
        ]
    }

    /// The smoothed losses of both arms over the rate, with what the rules suggest: `loss-over-learning-rates`.
    package var figures: [NamedFigure] {
        let curves = arms.map { ($0.name, Self.curve(of: $0.arm)) }
        let losses = curves.flatMap { $0.1.y.map(\.mean) }
        guard let least = losses.min(), let greatest = losses.max() else { return [] }
        let isLogarithmic = least > 0 && greatest > 10 * least
        let points = zip(arms, curves).enumerated().flatMap { index, pair in
            Self.rules.compactMap { rule, name, symbol -> LineChart.Points? in
                let (arm, curve) = (pair.0, pair.1.1)
                guard let rate = arm.arm.suggestions[rule.rawValue]?.mean else { return nil }
                return LineChart.Points(
                    name: "\(arm.name): \(name)", x: [rate], y: [curve.mean(at: rate)], symbol: symbol, color: index)
            }
        }
        return [
            .init(
                "loss-over-learning-rates",
                Figure(panels: [
                    LineChart(
                        title: "Smoothed training loss" + (isLogarithmic ? " (logarithmic)" : ""),
                        horizontalLabel: "learning rate (logarithmic)", isLogarithmic: isLogarithmic,
                        isHorizontallyLogarithmic: true,
                        series: curves.map { .init(name: $0.0, x: $0.1.x, y: $0.1.y) }, points: points)
                ]))
        ]
    }

    /// The mean over the runs, up to the first step at which one of them has run away.
    private static func curve(of arm: RangeTestRecord.Arm) -> MeanCurve {
        // The last loss of one that ran away would leave no room for the others.
        let lines = arm.runs.map { $0.smoothedLosses.dropLast($0.ending == .risen ? 1 : 0) }
        let count = lines.map(\.count).min() ?? 0
        return MeanCurve(
            x: Array(arm.runs.first?.learningRates.prefix(count) ?? []),
            y: (0..<count).map { step in Statistic(of: lines.map { $0[step] }) })
    }
}
