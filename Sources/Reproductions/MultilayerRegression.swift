import Experiments
import Foundation
import Optimizers
import Reporting
import Teleportation
import TextForms
import Torch

/// A small regression by gradient descent and AdaGrad, with symmetry teleportation and without; ST22 Figure 3.
///
/// The paper's teleports take `I + T` for `exp(T)`: they do not stay in the level set, and part of what they gain is loss
/// that they take away themselves. The exponential element stays in it.
package struct MultilayerRegression: Reproduction {
    /// The steps of each run.
    let steps: Int

    /// The figure.
    package init() { self.init(steps: 300) }

    /// The figure with runs of another length.
    init(steps: Int) { self.steps = steps }

    /// `st22-figure-3`.
    package var name: String { "st22-figure-3" }
    /// ST22 Figure 3.
    package var paper: String { "ST22 Figure 3" }
    /// What is compared.
    package var title: String { "One teleport before step 5 speeds up the regression by a three-layer network." }
    /// Some seconds.
    package var quickSeconds: Int { 5 }
    /// The scales are the same.
    package var options: Set<ReproductionOption> { [.seeds, .dtype, .device] }

    fileprivate typealias Descent = RegressionProblem.Descent

    /// A way to teleport, or none.
    fileprivate enum Way: String, CaseIterable {
        case without
        /// As published.
        case firstOrder = "first order"
        /// In the level set, with the published steps.
        case exponential
        /// In the level set, with steps that have no unit, until the next step of the optimizer promises to take away half
        /// of the loss.
        case untuned = "exponential, untuned"

        /// Whether no step is taken that is not fitted to the run, so that nothing should diverge.
        var isSafe: Bool { self == .without || self == .untuned }

        func teleporter(for descent: Descent) -> SymmetryTeleporter? {
            func published(_ element: GroupElement) -> SymmetryTeleporter {
                RegressionProblem.teleporter(
                    element, learningRate: descent.ascentLearningRate, steps: descent.ascentSteps)
            }
            return switch self {
            case .without: nil
            case .firstOrder: published(.firstOrder)
            case .exponential: published(.exponential)
            case .untuned:
                SymmetryTeleporter(Climb(steps: 20, stepSize: .growth(0.5), cap: .predicted(0.5), tolerance: .infinity))
            }
        }
    }

    /// The runs of one optimizer with one way to teleport.
    private typealias Runs = Study<Way>.Result<RegressionProblem.Trajectory>

    /// Trains all runs.
    package func run(_ context: ReproductionContext) -> ReproductionResult {
        let seeds = context.seeds(else: 5)
        var result = ReproductionResult(
            configuration: [
                "seeds": .integers(seeds), "steps": .integer(steps),
                "schedule": .integers([RegressionProblem.teleportStep]),
                "dtype": .string("\(context.dtype)"), "device": .string(context.device.description),
                "threads": 1,
            ],
            sections: [], figures: [], values: [:],
            claim: "teleportation improves gradient descent and AdaGrad in steps and in time, and at the same loss the "
                + "gradient is longer with it.",
            findings: [])
        var table = Table(
            columns: [
                .init("optimizer", alignment: .left), .init("teleport", alignment: .left), .init("last loss"),
                .init("steps to the plain one's"), .init("time to it (ms)"), .init("loss after / before the teleport"),
                .init("‖g‖² after / before"),
            ])
        for descent in Descent.all where !context.isCancelled() {
            let arms = train(descent, seeds: seeds, context)
            table.rows += arms.map { row($0, plain: arms[0], descent) }
            result.figures.append(.init(descent.key, figure(arms, descent)))
            result.findings += findings(arms, descent)
            result.configuration[descent.key] = [
                "learning-rate": .number(descent.learningRate), "teleport-steps": .integer(descent.ascentSteps),
                "step-size": .string(RegressionProblem.stepSize(learningRate: descent.ascentLearningRate).text),
            ]
            result.values[descent.key] = .object(
                Dictionary(arms.map { ($0.name, Self.values($0, seeds: seeds)) }) { _, last in last })
            if let diverged = arms.first(where: { $0.arm.isSafe && $0.runs.contains { $0.hasDiverged } }) {
                result.divergence =
                    "\(descent.name), \(diverged.name): the loss ended above its start; take other --seeds"
            }
        }
        result.sections = [
            .init("Means over \(seeds.count.counted("seed")), \(steps.counted("step"))", table)
        ]
        return result
    }

    private func train(_ descent: Descent, seeds: [Int], _ context: ReproductionContext) -> [Runs] {
        func run(_ way: Way, _ seed: Int) -> RegressionProblem.Trajectory {
            RegressionProblem(seed: seed, dtype: context.dtype, device: context.device).train(
                with: descent.optimizer.make(learningRate: descent.learningRate), steps: steps,
                teleportAt: [RegressionProblem.teleportStep], by: way.teleporter(for: descent))
        }
        return Libtorch.withOneThread {
            // The first steps of a process find nothing ready and would be counted to the arm that comes first.
            for way in Way.allCases { _ = run(way, seeds[0]) }
            return Study(Way.allCases, seeds: seeds).run { way, seed, _ in run(way, seed) }
        }
    }

    private func figure(_ arms: [Runs], _ descent: Descent) -> Figure {
        // The first seed with which nothing diverges, or else the first one.
        let seed = arms[0].runs.indices.first { index in arms.allSatisfy { !$0.runs[index].hasDiverged } } ?? 0
        let single = arms.map { arm in (arm.name, arm.runs[seed]) }
        return Figure(panels: [
            LineChart(
                title: "\(descent.name): loss (logarithmic scale)", horizontalLabel: "step", isLogarithmic: true,
                series: arms.map { $0.series(\.losses) }),
            LineChart(
                title: "\(descent.name): loss (logarithmic scale)", horizontalLabel: "wall-clock time (s)",
                isLogarithmic: true, series: arms.map { $0.series(\.losses, overSeconds: true) }),
            LineChart(
                title: "Squared gradient norm, one run (logarithmic)", horizontalLabel: "step", isLogarithmic: true,
                series: single.map { name, run in
                    LineChart.Series(
                        name: name, x: run.losses.indices.map(Double.init), y: run.squaredGradientNorms)
                }),
            LineChart(
                title: "Squared gradient norm, one run (logarithmic)", horizontalLabel: "loss (logarithmic)",
                isLogarithmic: true, isHorizontallyLogarithmic: true,
                series: single.map { name, run in
                    LineChart.Series(name: name, x: run.losses, y: run.squaredGradientNorms)
                }),
        ])
    }

    /// The step and the time at which each run has come to the last loss of the plain run of its seed.
    private func arrivals(_ arm: Runs, plain: Runs) -> [(step: Int, seconds: Double)] {
        zip(arm.runs, plain.runs).compactMap { run, plain in
            plain.losses.last.flatMap(run.firstStep).map { ($0, run.seconds[$0]) }
        }
    }

    private func row(_ arm: Runs, plain: Runs, _ descent: Descent) -> [String] {
        let arrivals = arrivals(arm, plain: plain)
        let share = arrivals.count == arm.runs.count ? "" : " (\(arrivals.count) of \(arm.runs.count))"
        let teleports = arm.teleports
        func range(_ values: [Double]) -> String {
            guard let least = values.min(), let greatest = values.max() else { return "-" }
            if values.count == 1 { return least.significant(3) }
            return "\(least.significant(3)) to \(greatest.significant(3))"
        }
        return [
            descent.name, arm.name,
            arm.sound.isEmpty
                ? "diverged"
                : Statistic(of: arm.sound.compactMap(\.losses.last)).text()
                    + (arm.sound.count == arm.runs.count ? "" : " (\(arm.sound.count) of \(arm.runs.count))"),
            arrivals.isEmpty ? "-" : Statistic(of: arrivals.map { Double($0.step) }).mean.significant(3) + share,
            arrivals.isEmpty ? "-" : (1000 * Statistic(of: arrivals.map(\.seconds)).mean).significant(3) + share,
            range(teleports.map { $0.lossAfter / $0.lossBefore }),
            range(teleports.map { $0.gradientNormSquaredAfter / $0.gradientNormSquaredBefore }),
        ]
    }

    private func findings(_ arms: [Runs], _ descent: Descent) -> [String] {
        let plain = arms[0]
        let plainSeconds = Statistic(of: plain.runs.compactMap(\.seconds.last)).mean
        return arms.dropFirst().map { arm in
            let arrivals = arrivals(arm, plain: plain)
            let undone = arm.runs.flatMap(\.teleports).count - arm.teleports.count
            var sentence = "\(descent.name), \(arm.name): "
            if arrivals.isEmpty {
                sentence += "no run comes to the last loss of the plain one"
            } else {
                let (steps, seconds) = (
                    Statistic(of: arrivals.map { Double($0.step) }).mean, Statistic(of: arrivals.map(\.seconds)).mean
                )
                sentence +=
                    "\(arrivals.count) of \(arm.runs.count) runs come to the last loss of the plain one, after "
                    + "\(steps.significant(3)) instead of \(self.steps - 1) steps and after "
                    + "\((1000 * seconds).significant(3)) instead of \((1000 * plainSeconds).significant(3)) ms"
            }
            let diverged = arm.runs.count(where: \.hasDiverged)
            if diverged > 0 { sentence += "; \(diverged) of \(arm.runs.count) diverged" }
            if undone > 0 { sentence += "; \(undone) teleports were undone, as their numbers were not finite" }
            if let drift = arm.teleports.map(\.relativeDrift).max() {
                sentence += "; a teleport moves the loss by up to \(drift.significant(2)) of itself"
            }
            return sentence + "."
        }
    }

    private static func values(_ arm: Runs, seeds: [Int]) -> JSONValue {
        .array(
            zip(seeds, arm.runs).map { seed, run in
                [
                    "seed": .integer(seed), "losses": .numbers(run.losses),
                    "squaredGradientNorms": .numbers(run.squaredGradientNorms), "seconds": .numbers(run.seconds),
                    "teleports": .array(
                        run.teleports.map { teleport in
                            [
                                "step": .integer(teleport.step), "lossBefore": .number(teleport.lossBefore),
                                "lossAfter": .number(teleport.lossAfter),
                                "squaredGradientNormBefore": .number(teleport.gradientNormSquaredBefore),
                                "squaredGradientNormAfter": .number(teleport.gradientNormSquaredAfter),
                                "restored": .bool(teleport.isRestored), "seconds": .number(teleport.seconds),
                            ]
                        }),
                ]
            })
    }
}

extension Study.Result where Arm == MultilayerRegression.Way, Outcome == RegressionProblem.Trajectory {
    /// What a chart calls it.
    var name: String { arm.rawValue }

    /// A quantity at each step, under that name.
    func series(
        _ value: (RegressionProblem.Trajectory) -> [Double], overSeconds: Bool = false
    ) -> LineChart.Series { series(name, value, overSeconds: overSeconds) }
}

extension Study.Result where Outcome == RegressionProblem.Trajectory {
    /// The teleports that were not undone.
    var teleports: [TeleportRecord] { runs.flatMap(\.teleports).filter { !$0.isRestored } }

    /// The runs that did not diverge; one that did would be all that a mean shows.
    var sound: [RegressionProblem.Trajectory] { runs.filter { !$0.hasDiverged } }

    /// A quantity as the mean over the sound runs, with its deviation, at each step; over the steps or over the mean
    /// time.
    func series(
        _ name: String, _ value: (RegressionProblem.Trajectory) -> [Double], overSeconds: Bool = false
    ) -> LineChart.Series {
        let runs = sound
        let values = runs.map(value)
        let count = values.map(\.count).min() ?? 0
        let statistics = (0..<count).map { step in Statistic(of: values.map { $0[step] }) }
        return LineChart.Series(
            name: runs.count == self.runs.count ? name : "\(name) (\(runs.count) of \(self.runs.count) runs)",
            x: (0..<count).map { step in
                overSeconds ? Statistic(of: runs.map { $0.seconds[step] }).mean : Double(step)
            },
            y: statistics)
    }
}
