import Experiments
import Foundation
import Reporting
import Teleportation
import Torch

/// Gradient descent on a test function of two parameters: without teleports, with those of ST22, and with exact ones.
///
/// ST22 looks for the steepest point of the level set by gradient ascent on the angle theta of SO(2), from an angle drawn
/// at random for each teleport. The exact maximum is known, too, and is the third path.
struct TestFunctionPaths: Sendable {
    /// What is descended, and how.
    struct Descent: Hashable, Sendable {
        let name: String
        let start: [Double]
        let learningRate: Double
        let steps: Int
        /// The steps, from 0, before which a teleport takes place.
        let schedule: [Int]
        let ascentLearningRate: Double
        let ascentSteps: Int
    }

    let descent: Descent
    let plain: DescentPath
    /// With gradient ascent on theta, one for each seed.
    let ascents: [DescentPath]
    let exact: DescentPath
    /// The level sets through the landscape.
    let contours: [LineChart.Contour]
    private let minimum: [Double]

    /// The Rosenbrock function with the settings of ST22 section 6.1. A teleport before step 0, where the gradient is the
    /// longest by far, would lead to a point from which the learning rate is too large.
    static func rosenbrock(seeds: [Int], steps: Int = 1000) -> TestFunctionPaths {
        let descent = Descent(
            name: "Rosenbrock", start: [-1, -1], learningRate: 1e-3, steps: steps,
            schedule: Array(stride(from: 100, to: steps, by: 100)), ascentLearningRate: 0.1, ascentSteps: 10)
        return TestFunctionPaths(Rosenbrock(), descent, seeds: seeds)
    }

    /// The Booth function with the settings of ST22 section 6.1.
    static func booth(seeds: [Int]) -> TestFunctionPaths {
        let descent = Descent(
            name: "Booth", start: [5, -5], learningRate: 0.08, steps: 10, schedule: [5], ascentLearningRate: 1e-3,
            ascentSteps: 10)
        return TestFunctionPaths(Booth(), descent, seeds: seeds)
    }

    /// Both functions.
    static func all(seeds: [Int]) -> [TestFunctionPaths] { [.rosenbrock(seeds: seeds), .booth(seeds: seeds)] }

    init(_ function: some TestFunction, _ descent: Descent, seeds: [Int]) {
        func path(_ schedule: [Int], using teleport: (([Double]) -> [Double])? = nil) -> DescentPath {
            function.descend(
                from: descent.start, learningRate: descent.learningRate, steps: descent.steps, teleportAt: schedule,
                using: teleport)
        }
        self.descent = descent
        minimum = function.minimum
        plain = path([])
        exact = path(descent.schedule)
        ascents = seeds.map { seed in
            let generator = Generator(seed: UInt64(seed))
            return path(descent.schedule) { point in
                let circle = LevelCircle(of: function, through: point)
                let angle = Tensor.uniform([1], in: 0..<Double.pi, using: generator, dtype: .float64).doubles()[0]
                let angles = circle.ascend(
                    from: angle, learningRate: descent.ascentLearningRate, steps: descent.ascentSteps)
                return circle.point(at: angles[angles.count - 1])
            }
        }
        contours = stride(from: -1.0, through: 4, by: 0.5).map { exponent in
            let radius = pow(10, exponent / 2)
            let points = (0...360).map { degree in
                let angle = Double(degree) * .pi / 180
                return function.point(withCoordinates: [radius * cos(angle), radius * sin(angle)])
            }
            return LineChart.Contour(x: points.map { $0[0] }, y: points.map { $0[1] })
        }
    }

    /// The paths that the figures show, by name: of those with gradient ascent, the one of the first seed.
    var shown: [(name: String, path: DescentPath)] {
        [("gradient descent", plain)] + ascents.prefix(1).map { ("ascent on theta", $0) } + [("exact maximum", exact)]
    }

    /// All paths with teleports, by name.
    func teleporting(seeds: [Int]) -> [(name: String, path: DescentPath)] {
        zip(seeds, ascents).map { ("ascent on theta, seed \($0)", $1) } + [("exact maximum", exact)]
    }

    /// Gradient descent and its counterparts with teleports: the place of a path in `shown` is its colour.
    var charts: [LineChart] {
        let points = shown.flatMap { $0.path.places.filter { $0.loss <= 10 * plain.states[0].loss } }
        return shown.enumerated().map { landscape($1.path, title: "\(descent.name): \($1.name)", color: $0, points) }
    }

    private func landscape(
        _ path: DescentPath, title: String, color: Int, _ visible: [DescentPath.State]
    ) -> LineChart {
        let line = path.line
        func points(
            _ name: String, _ points: [[Double]], _ symbol: LineChart.Points.Symbol, _ color: Int
        ) -> LineChart.Points {
            LineChart.Points(name: name, x: points.map { $0[0] }, y: points.map { $0[1] }, symbol: symbol, color: color)
        }
        var places = [points("minimum", [minimum], .star, 2), points("end", [path.end.point], .star, 4)]
        if !path.teleports.isEmpty {
            places.append(points("teleport from", path.teleports.map(\.before.point), .circle, 5))
            places.append(points("teleport to", path.teleports.map(\.after.point), .cross, 3))
        }
        return LineChart(
            title: title, horizontalLabel: "x1", verticalLabel: "x2",
            horizontalRange: Self.range(visible.map { $0.point[0] } + [minimum[0]]),
            verticalRange: Self.range(visible.map { $0.point[1] } + [minimum[1]]),
            series: [LineChart.Series(name: "path", x: line.map { $0[0] }, y: line.map { $0[1] }, color: color)],
            points: places, contours: contours)
    }

    private static func range(_ values: [Double]) -> ClosedRange<Double> {
        let (low, high) = (values.min() ?? 0, values.max() ?? 1)
        let margin = 0.1 * max(high - low, 1e-3)
        return low - margin...high + margin
    }

    /// A quantity of all states against the step.
    func chart(_ title: String, _ value: (DescentPath.State) -> Double) -> LineChart {
        LineChart(
            title: "\(descent.name): \(title) (logarithmic scale)", horizontalLabel: "step", isLogarithmic: true,
            series: shown.map { name, path in
                LineChart.Series(
                    name: name, x: path.states.indices.map(Double.init), y: path.states.map(value))
            },
            markers: LineChart.Markers(name: "a teleport", x: descent.schedule.map(Double.init), series: 1))
    }

    /// The squared gradient norm against the loss; ST22 Figure 7.
    var gradientChart: LineChart {
        LineChart(
            title: "\(descent.name): squared gradient norm (logarithmic)", horizontalLabel: "loss (logarithmic)",
            isLogarithmic: true, isHorizontallyLogarithmic: true,
            series: shown.map { name, path in
                let line = path.places
                return LineChart.Series(name: name, x: line.map(\.loss), y: line.map(\.squaredGradientNorm))
            })
    }

    /// All settings by name.
    var configuration: JSONValue {
        [
            "start": .numbers(descent.start), "learning-rate": .number(descent.learningRate),
            "steps": .integer(descent.steps), "schedule": .integers(descent.schedule),
            "ascent-learning-rate": .number(descent.ascentLearningRate),
            "ascent-steps": .integer(descent.ascentSteps),
        ]
    }

    /// The numbers of all paths.
    var values: JSONValue {
        ["gradientDescent": plain.values, "ascents": .array(ascents.map(\.values)), "exactMaximum": exact.values]
    }
}

extension DescentPath {
    /// The last state.
    var end: State { states[states.count - 1] }

    /// All points in the order in which the path goes, those after teleports included.
    var places: [State] {
        let moved = Dictionary(teleports.map { ($0.step, $0.after) }) { _, last in last }
        return states.enumerated().flatMap { step, state in [state] + (moved[step].map { [$0] } ?? []) }
    }

    /// The same as a line, which has a gap where a teleport jumps.
    fileprivate var line: [[Double]] {
        let moved = Dictionary(teleports.map { ($0.step, $0.after) }) { _, last in last }
        return states.enumerated().flatMap { step, state in
            [state.point] + (moved[step].map { [[.nan, .nan], $0.point] } ?? [])
        }
    }

    /// The first step after which the loss is no larger than a given one; nil if it stays larger.
    func firstStep(atLoss loss: Double) -> Int? { states.firstIndex { $0.loss <= loss } }

    /// The largest change of the loss by a teleport, relative to the loss.
    var largestDrift: Double {
        teleports.map { abs($0.after.loss - $0.before.loss) / $0.before.loss }.filter(\.isFinite).max() ?? 0
    }

    /// By which factor teleports made the squared gradient norm larger, at the same loss.
    var growths: [Double] {
        teleports.map { $0.after.squaredGradientNorm / $0.before.squaredGradientNorm }.filter(\.isFinite)
    }

    fileprivate var values: JSONValue {
        [
            "points": .array(states.map { .numbers($0.point) }), "losses": .numbers(states.map(\.loss)),
            "squaredGradientNorms": .numbers(states.map(\.squaredGradientNorm)),
            "teleports": .array(
                teleports.map { teleport in
                    [
                        "step": .integer(teleport.step), "from": .numbers(teleport.before.point),
                        "to": .numbers(teleport.after.point), "lossBefore": .number(teleport.before.loss),
                        "lossAfter": .number(teleport.after.loss),
                        "squaredGradientNormBefore": .number(teleport.before.squaredGradientNorm),
                        "squaredGradientNormAfter": .number(teleport.after.squaredGradientNorm),
                    ]
                }),
        ]
    }
}
