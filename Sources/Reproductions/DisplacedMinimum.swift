import Experiments
import Foundation
import Reporting
import Teleportation

/// The expected distance of a solution from a bent minimum that has shifted, against its curvature; PS24 Figure 7.
package struct DisplacedMinimum: Reproduction {
    /// The figure, which has nothing to set.
    package init() {}

    /// `ps24-figure-7`.
    package var name: String { "ps24-figure-7" }
    /// PS24 Figure 7.
    package var paper: String { "PS24 Figure 7" }
    /// Distance against curvature.
    package var title: String { "How far a solution is from a shifted minimum depends on how the minimum bends." }
    /// A second.
    package var quickSeconds: Int { 1 }
    /// Nothing is drawn at random, and the scales are the same.
    package var options: Set<ReproductionOption> { [] }

    /// A panel of the figure: a family of curves, and the shifts that the paper shows.
    private struct Panel {
        let name: String
        let curve: @Sendable (Double) -> MinimumCurve
        /// kappa up to which the figure goes.
        let greatest: Double
        /// r.
        let radii: [Double]
    }

    private static let panels = [
        Panel(name: "parabola", curve: { .parabola(curvature: $0) }, greatest: 80, radii: [2, 1, 0.5, 0.2, 0.1]),
        Panel(name: "circle", curve: { .circle(curvature: $0) }, greatest: 10, radii: [0.1, 0.05, 0.02, 0.01, 0.005]),
    ]

    /// Integrates the distances.
    package func run(_ context: ReproductionContext) -> ReproductionResult {
        var table = Table(
            columns: [
                .init("minimum", alignment: .left), .init("r"), .init("straight"), .init("least"), .init("at kappa"),
            ]
                + [.init("greatest"), .init("at kappa"), .init("last"), .init("at kappa")])
        var result = ReproductionResult(
            configuration: [:], sections: [], figures: [], values: [:],
            claim:
                "the expected distance depends on the curvature, and how it does depends on the curve: whether minima that "
                + "bend more generalize better or worse does not follow.",
            findings: [])
        var charts: [LineChart] = []
        for panel in Self.panels {
            let curvatures = (0...160).map { panel.greatest * Double($0) / 160 }
            let lines = panel.radii.map { radius in
                curvatures.map { panel.curve($0).expectedDistance(shiftedBy: radius) / radius }
            }
            for (radius, line) in zip(panel.radii, lines) {
                let least = line.indices.min { line[$0] < line[$1] } ?? 0
                let greatest = line.indices.max { line[$0] < line[$1] } ?? 0
                table.rows.append(
                    [panel.name, radius.significant()]
                        + [0, least, greatest, line.count - 1].flatMap {
                            [line[$0].significant(5), curvatures[$0].significant(3)]
                        }.enumerated().filter { $0.offset != 1 }.map(\.element))
            }
            charts.append(
                LineChart(
                    title: "\(panel.name): expected distance / r", horizontalLabel: "curvature",
                    series: zip(panel.radii, lines).map {
                        LineChart.Series(name: "r = \($0.significant())", x: curvatures, y: $1)
                    }))
            result.configuration[panel.name] = [
                "radii": .numbers(panel.radii), "curvatures": .numbers(curvatures),
            ]
            result.values[panel.name] = .array(lines.map { .numbers($0) })
            result.findings.append(Self.finding(panel.name, lines))
        }
        result.sections = [
            .init("Expected distance of the old solution from the shifted minimum, as a share of r", table)
        ]
        result.figures = [.init("expected-distance", Figure(panels: charts))]
        return result
    }

    private static func finding(_ name: String, _ lines: [[Double]]) -> String {
        let falling = lines.count { line in zip(line, line.dropFirst()).allSatisfy { $1 < $0 } }
        let higher = lines.count { line in (line.last ?? .nan) > line[0] }
        return
            "\(name): with growing curvature \(falling) of \(lines.count) lines fall all the way, and \(higher) end higher than "
            + "the straight minimum's \((2 / Double.pi).significant(3)); the last values are "
            + "\(lines.map { ($0.last ?? .nan).significant(4) }.joined(separator: ", "))."
    }
}
