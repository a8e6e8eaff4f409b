import Reporting
import Reproductions

/// The level curves of `x^2 + 4 y^2`, as a paper's figure might show them.
struct LevelCurves: Reproduction {
    var name: String { "nn26-figure-1" }
    var paper: String { "NN26 Figure 1" }
    var title: String { "Level curves of a quadratic loss are ellipses." }
    var quickSeconds: Int { 1 }
    var options: Set<ReproductionOption> { [] }

    func run(_ context: ReproductionContext) -> ReproductionResult {
        let x = (0...100).map { Double($0) / 100 }
        let curves = [0.25, 1].map { level in
            LineChart.Series(name: "L = \(level)", x: x, y: x.map { ((level - $0 * $0) / 4).squareRoot() })
        }
        let chart = LineChart(title: "y", horizontalLabel: "x", series: curves)
        return ReproductionResult(
            configuration: ["levels": .array([0.25, 1])], sections: [],
            figures: [.init("levels", Figure(panels: [chart]))],
            values: ["half-axes": .array(curves.map { .number($0.y[0]) })],
            claim: "the half axes are the square roots of L and of L / 4.",
            findings: curves.map { "\($0.name): from y = \($0.y[0]) on." })
    }
}
