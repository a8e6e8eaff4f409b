import Experiments
import Foundation
import Reporting
import Teleportation

/// The gradient at the same loss with teleports and without, on the Rosenbrock and the Booth function; ST22 Figure 7.
package struct TestFunctionGradients: Reproduction {
    /// The figure, which has nothing to set.
    package init() {}

    /// `st22-figure-7`.
    package var name: String { "st22-figure-7" }
    /// ST22 Figure 7.
    package var paper: String { "ST22 Figure 7" }
    /// Gradient against loss.
    package var title: String { "At the same loss the gradient is longer on a path with teleports." }
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
            configuration: ["seeds": .integers(seeds)], sections: [],
            figures: [.init("gradient-against-loss", Figure(panels: all.map(\.gradientChart)))], values: [:],
            claim: "at the same loss the gradient is longer on the path with teleports, which is thus the better one.",
            findings: [])
        var table = Table(
            columns: [
                .init("function", alignment: .left), .init("path", alignment: .left),
                .init("states at a loss of the plain path"), .init("with a longer gradient"),
                .init("‖g‖² ratio, median"),
            ])
        for paths in all {
            let key = paths.descent.name.lowercased()
            var ratios: [[Double]] = []
            for (name, path) in paths.teleporting(seeds: seeds) {
                ratios.append(Self.ratios(of: path, to: paths.plain))
                let longer = ratios[ratios.count - 1].count { $0 > 1 }
                table.rows.append([
                    paths.descent.name, name, "\(ratios[ratios.count - 1].count)", "\(longer)",
                    ratios[ratios.count - 1].median.significant(3),
                ])
            }
            result.configuration[key] = paths.configuration
            result.values[key] = .object([
                "paths": paths.values, "ratios": .array(ratios.map { .numbers($0) }),
            ])
            let states = ratios.joined()
            result.findings.append(
                "\(paths.descent.name): of the \(states.count) states after a teleport that have a loss which gradient "
                    + "descent passes, too, \(states.count { $0 > 1 }) have the longer gradient; ‖g‖² is "
                    + "\(Array(states).median.significant(3)) times as large in the median.")
        }
        result.sections = [.init("States after the first teleport, beside gradient descent at the same loss", table)]
        return result
    }

    /// The squared gradient norm of each state after the first teleport, relative to that of the plain path at the same
    /// loss: between two of its states, on the straight line of the chart. States with a loss that the plain path has not
    /// come to are left out.
    static func ratios(of path: DescentPath, to plain: DescentPath) -> [Double] {
        guard let first = path.teleports.first else { return [] }
        let states = path.places.drop { $0 != first.after }
        return states.compactMap { state in
            guard state.loss > 0 else { return nil }
            for (before, after) in zip(plain.states, plain.states.dropFirst())
            where before.loss >= state.loss && state.loss >= after.loss && after.loss > 0 {
                let way = log(before.loss / after.loss)
                let share = way > 0 ? log(before.loss / state.loss) / way : 0
                let norm =
                    before.squaredGradientNorm * pow(after.squaredGradientNorm / before.squaredGradientNorm, share)
                return state.squaredGradientNorm / norm
            }
            return nil
        }
    }
}
