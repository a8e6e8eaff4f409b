import Experiments
import Foundation
import Reporting
import TextForms

/// Gradient descent and teleports on the Rosenbrock and the Booth function; ST22 Figure 2.
package struct TestFunctionTrajectories: Reproduction {
    /// The figure, which has nothing to set.
    package init() {}

    /// `st22-figure-2`.
    package var name: String { "st22-figure-2" }
    /// ST22 Figure 2.
    package var paper: String { "ST22 Figure 2" }
    /// Paths on two test functions.
    package var title: String {
        "Teleports lead gradient descent to the minimum of the Rosenbrock and Booth functions."
    }
    /// A second.
    package var quickSeconds: Int { 1 }
    /// No network is trained, and the scales are the same.
    package var options: Set<ReproductionOption> { [.seeds] }

    /// Descends both functions.
    package func run(_ context: ReproductionContext) -> ReproductionResult {
        let seeds = context.seeds(else: 5)
        return result(TestFunctionPaths.all(seeds: seeds), seeds: seeds)
    }

    /// The result of any paths.
    func result(_ all: [TestFunctionPaths], seeds: [Int]) -> ReproductionResult {
        var result = ReproductionResult(
            configuration: ["seeds": .integers(seeds)],
            sections: [.init("Gradient descent, and the same with teleports", table(all, seeds: seeds))], figures: [],
            values: [:],
            claim: "gradient descent does not reach the minimum in the steps given; with teleports, which make the "
                + "gradient longer, it comes to it much earlier.",
            findings: all.map(finding))
        for paths in all {
            let key = paths.descent.name.lowercased()
            result.configuration[key] = paths.configuration
            result.values[key] = paths.values
            result.figures += [
                .init("\(key)-paths", Figure(panels: paths.charts)),
                .init(
                    "\(key)-convergence",
                    Figure(panels: [
                        paths.chart("loss", \.loss), paths.chart("squared gradient norm", \.squaredGradientNorm),
                        paths.gradientChart,
                    ])),
            ]
        }
        return result
    }

    private func table(_ all: [TestFunctionPaths], seeds: [Int]) -> Table {
        var table = Table(
            columns: [
                .init("function", alignment: .left), .init("path", alignment: .left), .init("steps"),
                .init("last loss"), .init("steps to the plain one's"), .init("teleports"), .init("‖g‖² grows by"),
                .init("loss drifts by"),
            ])
        for paths in all {
            for (name, path) in [("gradient descent", paths.plain)] + paths.teleporting(seeds: seeds) {
                let hasTeleports = !path.teleports.isEmpty
                table.rows.append([
                    paths.descent.name, name, "\(paths.descent.steps)", path.end.loss.significant(),
                    path.firstStep(atLoss: paths.plain.end.loss).map(String.init) ?? "-",
                    hasTeleports ? "\(path.teleports.count)" : "-",
                    hasTeleports ? path.growths.median.significant(3) : "-",
                    hasTeleports ? path.largestDrift.significant(2) : "-",
                ])
            }
        }
        return table
    }

    private func finding(_ paths: TestFunctionPaths) -> String {
        let target = paths.plain.end.loss
        let ends = paths.ascents.map(\.end.loss).sorted()
        let arrivals = paths.ascents.compactMap { $0.firstStep(atLoss: target) }.sorted()
        let ascents =
            ends.count == 1
            ? ends[0].significant(3) : "\(ends.first?.significant(3) ?? "-") to \(ends.last?.significant(3) ?? "-")"
        var sentence =
            "\(paths.descent.name): after \(paths.descent.steps.counted("step")) gradient descent has a loss of "
            + "\(target.significant()); with teleports by gradient ascent on theta it is \(ascents) over "
            + "\(ends.count.counted("seed")), with teleports to the exact maximum "
            + "\(paths.exact.end.loss.significant(3))."
        let exact = paths.exact.firstStep(atLoss: target)
        if let first = arrivals.first, let last = arrivals.last, let exact {
            let steps = first == last ? "\(first)" : "\(first) to \(last)"
            sentence +=
                " \(arrivals.count) of \(ends.count) of the former are at gradient descent's last loss after \(steps) "
                + "steps, the latter after \(exact)."
        }
        let drift = ([paths.exact] + paths.ascents).map(\.largestDrift).max() ?? 0
        return sentence + " No teleport moved the loss by more than \(drift.significant(2)) of itself."
    }
}
