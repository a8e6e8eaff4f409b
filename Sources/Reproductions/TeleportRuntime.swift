import Experiments
import Foundation
import Reporting
import Teleportation
import TextForms
import Torch

/// The time of a teleport by null-space projection and by symmetry against the steps t, the width d, the samples n, the
/// layers l and the batches b; NS25 Figure 3.
///
/// The work is that of the suite `scaling` of `teleport bench`; the paper does not name its own sizes.
package struct TeleportRuntime: Reproduction {
    /// What is measured.
    struct Plan: Sendable {
        /// What is varied, its value, and the work by null-space projection.
        var works: [(quantity: String, value: Int, work: TeleportWork)]
        /// How many times each piece of work is measured for each seed.
        var repetitions: Int
        /// How many seeds are run unless the user names some.
        var seeds = 1
    }

    private let plans: ByScale<Plan>

    /// The figure.
    package init() {
        plans = ByScale(
            quick: Plan(works: TeleportWork.scaling, repetitions: 3),
            paper: Plan(works: TeleportWork.scaling, repetitions: 20, seeds: 3))
    }

    /// The figure of one plan.
    init(_ plan: Plan) { plans = ByScale(quick: plan, paper: plan) }

    /// `ns25-figure-3`.
    package var name: String { "ns25-figure-3" }
    /// NS25 Figure 3.
    package var paper: String { "NS25 Figure 3" }
    /// What is measured.
    package var title: String {
        "How the time of a teleport grows with steps, width, samples, layers and batches, by null space and symmetry."
    }
    /// Half a minute.
    package var quickSeconds: Int { 30 }

    /// What the letters stand for.
    private static let meanings = ["t": "steps", "d": "width", "n": "samples", "l": "layers", "b": "batches"]

    /// The medians over all repetitions and seeds of one piece of work.
    private struct Point {
        let value: Int
        let nullSpace: Double
        let symmetry: Double
    }

    /// The points of one quantity.
    private struct Line {
        let quantity: String
        var points: [Point]

        var name: String { TeleportRuntime.meanings[quantity].map { "\(quantity), \($0)" } ?? quantity }
        var x: [Double] { points.map { Double($0.value) } }
        /// Nil for fewer than two points.
        var growths: (nullSpace: Growth, symmetry: Growth)? {
            guard let nullSpace = Growth(of: points.map(\.nullSpace), with: x),
                let symmetry = Growth(of: points.map(\.symmetry), with: x)
            else { return nil }
            return (nullSpace, symmetry)
        }
    }

    /// Measures all work by both methods.
    package func run(_ context: ReproductionContext) -> ReproductionResult {
        let plan = plans[context.scale]
        let seeds = context.seeds(else: plan.seeds)
        var lines: [Line] = []
        var steps = (taken: 0, expected: 0)
        /// The median over seeds of the median time.
        func seconds(_ work: TeleportWork, by method: TeleportMethod) -> Double {
            seeds.map { seed in
                var work = work
                work.method = method
                work.seed = seed
                work.dtype = context.dtype
                work.device = context.device
                return work.measure("", repetitions: plan.repetitions) { reports in
                    steps.taken += reports.map(\.steps).reduce(0, +)
                    steps.expected += reports.count * work.steps
                }.median
            }.median
        }
        for (quantity, value, work) in plan.works where !context.isCancelled() {
            let point = Point(
                value: value, nullSpace: seconds(work, by: .nullSpace), symmetry: seconds(work, by: .symmetry))
            if lines.last?.quantity != quantity { lines.append(Line(quantity: quantity, points: [])) }
            lines[lines.count - 1].points.append(point)
        }
        return result(lines, steps: steps, plan, seeds: seeds, context)
    }

    private func result(
        _ lines: [Line], steps: (taken: Int, expected: Int), _ plan: Plan, seeds: [Int], _ context: ReproductionContext
    ) -> ReproductionResult {
        let threads = Libtorch.threadCount
        var result = ReproductionResult(
            configuration: [
                "inputs": 784, "t": 8, "d": 256, "n": 64, "l": 4, "b": 1, "repetitions": .integer(plan.repetitions),
                "seeds": .integers(seeds), "threads": .integer(threads), "dtype": .string("\(context.dtype)"),
                "device": .string(context.device.description),
            ],
            sections: [
                .init(
                    "Milliseconds of a teleport, median of \(plan.repetitions * seeds.count), "
                        + "\(threads.counted("thread")); unless varied t = 8, d = 256, n = 64, l = 4, b = 1",
                    Self.table(lines)),
                .init(
                    "The powers with which the time grows, over all points (between the last two)", Self.growths(lines)),
            ],
            figures: lines.isEmpty ? [] : [.init("teleport-runtime", Figure(panels: lines.map(Self.chart)))],
            values: Dictionary(uniqueKeysWithValues: lines.map { ($0.quantity, Self.values($0)) }),
            claim:
                "the time of a null-space teleport grows linearly with t, l and b and hardly with d and n, while that "
                + "of symmetry teleportation grows much faster with each of them.",
            findings: lines.compactMap(Self.finding))
        if steps.expected > 0 {
            result.findings.append(
                "\(steps.taken) of \(steps.expected) teleport steps were taken, and none cut short by a cap; measured on "
                    + "\(threads.counted("thread")).")
        }
        if steps.taken < steps.expected {
            result.divergence =
                "\(steps.expected - steps.taken) teleport steps were not taken, so that the times say little; take other "
                + "--seeds or --dtype float64"
        }
        return result
    }

    private static func table(_ lines: [Line]) -> Table {
        Table(
            columns: [
                .init("varied", alignment: .left), .init("value"), .init("null space"), .init("symmetry"),
                .init("times as long"),
            ],
            rows: lines.flatMap { line in
                line.points.map { point in
                    [
                        line.name, "\(point.value)", (1000 * point.nullSpace).significant(3),
                        (1000 * point.symmetry).significant(3), (point.symmetry / point.nullSpace).significant(3),
                    ]
                }
            })
    }

    private static func growths(_ lines: [Line]) -> Table {
        func text(_ growth: Growth) -> String {
            "\(growth.exponent.significant(3)) (\(growth.lastExponent.significant(3)))"
        }
        return Table(
            columns: [.init("varied", alignment: .left), .init("null space"), .init("symmetry")],
            rows: lines.compactMap { line in
                line.growths.map { [line.name, text($0.nullSpace), text($0.symmetry)] }
            })
    }

    private static func chart(_ line: Line) -> LineChart {
        LineChart(
            title: "Seconds of a teleport (logarithmic)", horizontalLabel: "\(line.name) (logarithmic)",
            isLogarithmic: true, isHorizontallyLogarithmic: true,
            series: [
                LineChart.Series(name: "null space", x: line.x, y: line.points.map(\.nullSpace), color: 1),
                LineChart.Series(name: "symmetry", x: line.x, y: line.points.map(\.symmetry), color: 2),
            ])
    }

    private static func values(_ line: Line) -> JSONValue {
        let growths = line.growths
        return [
            "x": .integers(line.points.map(\.value)), "nullSpace": .numbers(line.points.map(\.nullSpace)),
            "symmetry": .numbers(line.points.map(\.symmetry)),
            "growthNullSpace": growths?.nullSpace.values ?? .null, "growthSymmetry": growths?.symmetry.values ?? .null,
        ]
    }

    private static func finding(_ line: Line) -> String? {
        guard let (nullSpace, symmetry) = line.growths, let first = line.points.first, let last = line.points.last
        else { return nil }
        let ratio = last.symmetry / last.nullSpace
        return "\(line.name), \(first.value) to \(last.value): the time grows with the power "
            + "\(nullSpace.exponent.significant(3)) by null space and \(symmetry.exponent.significant(3)) by symmetry; at "
            + "\(last.value) it is \((1000 * last.nullSpace).significant(3)) and "
            + "\((1000 * last.symmetry).significant(3)) ms, a ratio of \(ratio.significant(3))."
    }
}
