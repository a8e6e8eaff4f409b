import Experiments
import Foundation
import Optimizers
import Reporting
import Teleportation
import TextForms
import Torch

/// The speed-up of the regression of ST22 section 6.1 by one teleport, against its learning rate and its number of steps;
/// ST22 Figure 8.
///
/// The grids are around the values that the paper took from its sweep (appendix D.2). A run has converged once the loss of
/// two consecutive steps differs by less than a threshold.
package struct TeleportSweep: Reproduction {
    /// What is swept.
    struct Plan: Sendable {
        /// The learning rates of the ascent on T, relative to those that the paper chose, ascending.
        var rates: [Double]
        /// The numbers of teleport steps, ascending.
        var steps: [Int]
        /// How many seeds are run unless the user names some.
        var seeds: Int
        /// How many times each run is measured.
        var repetitions: Int
        /// The most steps of a training; ST22 appendix D.2.
        var mostSteps = 2000
    }

    private let plans: ByScale<Plan>

    /// The figure.
    package init() {
        plans = ByScale(
            quick: Plan(rates: [0.1, 0.3, 1, 3], steps: [1, 2, 4, 8], seeds: 3, repetitions: 1),
            paper: Plan(
                rates: [0.01, 0.03, 0.1, 0.3, 1, 3, 10], steps: [1, 2, 4, 6, 8, 10, 12, 16, 20], seeds: 5,
                repetitions: 5))
    }

    /// The figure of one plan.
    init(_ plan: Plan) { plans = ByScale(quick: plan, paper: plan) }

    /// `st22-figure-8`.
    package var name: String { "st22-figure-8" }
    /// ST22 Figure 8.
    package var paper: String { "ST22 Figure 8" }
    /// What is swept.
    package var title: String { "What learning rate and number of steps of a teleport do to the speed-up by it." }
    /// Half a minute.
    package var quickSeconds: Int { 30 }

    private typealias Descent = RegressionProblem.Descent

    /// The change of the loss by a step below which a run has converged.
    private static let threshold = 1e-3

    /// A way to teleport.
    private enum Way: String, CaseIterable {
        /// As published.
        case firstOrder = "first order"
        /// In the level set.
        case exponential

        func teleporter(learningRate: Double, steps: Int) -> SymmetryTeleporter {
            RegressionProblem.teleporter(
                self == .firstOrder ? .firstOrder : .exponential, learningRate: learningRate, steps: steps)
        }
    }

    /// When a run had converged.
    private struct Convergence {
        let steps: Int
        /// The median over repetitions.
        let seconds: Double
        let loss: Double
    }

    /// One point of the grid.
    private struct Cell {
        let rate: Double
        let steps: Int
        /// By how many times fewer steps the run of each seed converges; NaN where it does not.
        let speedUpsInSteps: [Double]
        /// By how many times sooner.
        let speedUps: [Double]

        init(rate: Double, steps: Int, runs: [Convergence?], plain: [Convergence?]) {
            func ratios(_ value: (Convergence) -> Double) -> [Double] {
                zip(plain, runs).map { plain, run in
                    if let plain, let run { value(plain) / value(run) } else { .nan }
                }
            }
            self.rate = rate
            self.steps = steps
            speedUpsInSteps = ratios { Double($0.steps) }
            speedUps = ratios(\.seconds)
        }

        /// The median over seeds; NaN where one of them fails.
        var speedUpInSteps: Double { speedUpsInSteps.allSatisfy(\.isFinite) ? speedUpsInSteps.median : .nan }
        var speedUp: Double { speedUps.allSatisfy(\.isFinite) ? speedUps.median : .nan }
    }

    /// The sweep of one optimizer.
    private struct Sweep {
        let descent: Descent
        /// Without a teleport, for each seed; nil where the run does not converge.
        let plain: [Convergence?]
        let cells: [Way: [Cell]]
    }

    /// Runs all points of both grids.
    package func run(_ context: ReproductionContext) -> ReproductionResult {
        let plan = plans[context.scale]
        let seeds = context.seeds(else: plan.seeds)
        let sweeps = Descent.all.map { sweep($0, plan, seeds: seeds, context) }
        return result(sweeps, plan, seeds: seeds, context)
    }

    // MARK: Measuring

    private func sweep(_ descent: Descent, _ plan: Plan, seeds: [Int], _ context: ReproductionContext) -> Sweep {
        let problems = seeds.map { RegressionProblem(seed: $0, dtype: context.dtype, device: context.device) }
        func convergences(_ teleporter: SymmetryTeleporter?) -> [Convergence?] {
            problems.map { convergence($0, descent, teleporter, plan) }
        }
        // The first runs of a process find nothing ready and would be counted to whoever comes first.
        for way in Way.allCases {
            _ = convergence(
                problems[0], descent, way.teleporter(learningRate: descent.ascentLearningRate, steps: 2), plan)
        }
        // Measured anew after each learning rate, so that a machine that slows down does so for both.
        var plain = [convergences(nil)]
        var runs: [(way: Way, rate: Double, steps: Int, convergences: [Convergence?])] = []
        for way in Way.allCases {
            for factor in plan.rates where !context.isCancelled() {
                let rate = factor * descent.ascentLearningRate
                for steps in plan.steps where !context.isCancelled() {
                    runs.append((way, rate, steps, convergences(way.teleporter(learningRate: rate, steps: steps))))
                }
                plain.append(convergences(nil))
            }
        }
        let medians = seeds.indices.map { seed in
            plain[0][seed].map { first in
                Convergence(
                    steps: first.steps, seconds: plain.compactMap { $0[seed]?.seconds }.median, loss: first.loss)
            }
        }
        return Sweep(
            descent: descent, plain: medians,
            cells: Dictionary(grouping: runs, by: \.way).mapValues { runs in
                runs.map { Cell(rate: $0.rate, steps: $0.steps, runs: $0.convergences, plain: medians) }
            })
    }

    /// Nil if the teleport or the run diverges, or the run does not converge in the steps there are.
    private func convergence(
        _ problem: RegressionProblem, _ descent: Descent, _ teleporter: SymmetryTeleporter?, _ plan: Plan
    ) -> Convergence? {
        func isDone(_ trajectory: RegressionProblem.Trajectory) -> Bool {
            guard let last = trajectory.losses.last else { return false }
            guard last.isFinite else { return true }
            // Before the teleport, both runs are the same.
            return trajectory.losses.count > RegressionProblem.teleportStep + 1
                && abs(last - trajectory.losses[trajectory.losses.count - 2]) < Self.threshold
        }
        let runs = (0..<plan.repetitions).map { _ in
            problem.train(
                with: descent.optimizer.make(learningRate: descent.learningRate), steps: plan.mostSteps,
                teleportAt: [RegressionProblem.teleportStep], by: teleporter, isDone: isDone)
        }
        guard let run = runs.first, let loss = run.losses.last, loss.isFinite, isDone(run),
            !run.teleports.contains(where: \.isRestored)
        else { return nil }
        return Convergence(
            steps: run.losses.count - 1, seconds: runs.compactMap(\.seconds.last).median, loss: loss)
    }

    // MARK: Reporting

    private func result(
        _ sweeps: [Sweep], _ plan: Plan, seeds: [Int], _ context: ReproductionContext
    ) -> ReproductionResult {
        let threads = Libtorch.threadCount
        var result = ReproductionResult(
            configuration: [
                "seeds": .integers(seeds), "teleport-steps": .integers(plan.steps),
                "most-steps": .integer(plan.mostSteps),
                "repetitions": .integer(plan.repetitions), "schedule": .integers([RegressionProblem.teleportStep]),
                "threads": .integer(threads), "dtype": .string("\(context.dtype)"),
                "device": .string(context.device.description),
            ],
            sections: [], figures: [], values: [:],
            claim: "most teleports shorten the wall-clock time to convergence; more steps find a better place and cost "
                + "more, and a larger learning rate finds a better one and is more likely to diverge.",
            findings: [])
        for sweep in sweeps {
            let descent = sweep.descent
            result.configuration[descent.key] = [
                "learning-rate": .number(descent.learningRate), "threshold": .number(Self.threshold),
                "teleport-learning-rates": .numbers(plan.rates.map { $0 * descent.ascentLearningRate }),
            ]
            result.sections += Way.allCases.map { way in
                .init(
                    "\(descent.name), \(way.rawValue): times as fast as without (in steps); median of "
                        + "\(seeds.count.counted("seed")), \(threads.counted("thread"))",
                    Self.table(sweep.cells[way] ?? [], plan))
            }
            result.figures.append(
                .init(descent.key, Figure(panels: Way.allCases.flatMap { Self.charts(sweep, $0, plan) })))
            result.findings += Way.allCases.compactMap { Self.finding(sweep, $0) }
            result.values[descent.key] = [
                "without": .array(
                    sweep.plain.map { plain in
                        guard let plain else { return .null }
                        return [
                            "steps": .integer(plain.steps), "seconds": .number(plain.seconds),
                            "loss": .number(plain.loss),
                        ]
                    }),
                "cells": .object(
                    Dictionary(uniqueKeysWithValues: sweep.cells.map { ($0.rawValue, Self.values($1)) })),
            ]
            if sweep.plain.contains(where: { $0 == nil }) {
                result.divergence =
                    "\(descent.name) without teleports does not converge in \(plan.mostSteps) steps; take other --seeds"
            }
        }
        return result
    }

    private static func values(_ cells: [Cell]) -> JSONValue {
        .array(
            cells.map { cell in
                [
                    "learningRate": .number(cell.rate), "steps": .integer(cell.steps),
                    "speedUps": .numbers(cell.speedUps), "speedUpsInSteps": .numbers(cell.speedUpsInSteps),
                ]
            })
    }

    /// A row for each learning rate, a column for each number of steps.
    private static func table(_ cells: [Cell], _ plan: Plan) -> Table {
        var rows: [(rate: Double, cells: [Cell])] = []
        for cell in cells {
            if rows.last?.rate != cell.rate { rows.append((cell.rate, [])) }
            rows[rows.count - 1].cells.append(cell)
        }
        return Table(
            columns: [.init("learning rate")] + plan.steps.map { .init($0.counted("step")) },
            rows: rows.map { rate, cells in
                [rate.significant(2)]
                    + cells.map { cell in
                        cell.speedUp.isFinite
                            ? "\(cell.speedUp.significant(3)) (\(cell.speedUpInSteps.significant(3)))" : "-"
                    }
            })
    }

    /// The speed-up against the number of steps, and against the learning rate.
    private static func charts(_ sweep: Sweep, _ way: Way, _ plan: Plan) -> [LineChart] {
        let cells = sweep.cells[way] ?? []
        let rates = cells.reduce(into: [Double]()) { if $0.last != $1.rate { $0.append($1.rate) } }
        func line(_ name: String, _ cells: [Cell], _ x: (Cell) -> Double) -> LineChart.Series {
            LineChart.Series(name: name, x: cells.map(x), y: cells.map(\.speedUp))
        }
        func even(_ x: [Double]) -> LineChart.Series {
            LineChart.Series(name: "1", x: x, y: x.map { _ in 1 }, color: 0, isDashed: true)
        }
        let title = "\(sweep.descent.name), \(way.rawValue): speed-up"
        return [
            LineChart(
                title: title, horizontalLabel: "teleport steps",
                series: [even(plan.steps.map(Double.init))]
                    + rates.map { rate in
                        line("rate \(rate.significant(2))", cells.filter { $0.rate == rate }) { Double($0.steps) }
                    }),
            LineChart(
                title: title, horizontalLabel: "teleport learning rate (logarithmic)", isHorizontallyLogarithmic: true,
                series: [even(rates)]
                    + plan.steps.map { steps in
                        line(steps.counted("step"), cells.filter { $0.steps == steps }, \.rate)
                    }),
        ]
    }

    private static func finding(_ sweep: Sweep, _ way: Way) -> String? {
        let cells = sweep.cells[way] ?? []
        let converged = cells.filter(\.speedUp.isFinite)
        guard !cells.isEmpty else { return nil }
        var sentence =
            "\(sweep.descent.name), \(way.rawValue): of \(cells.count) combinations \(converged.count) converge with "
            + "all seeds, \(converged.count { $0.speedUp > 1 }) of these in less time than without a teleport and "
            + "\(converged.count { $0.speedUpInSteps > 1 }) in fewer steps"
        if let best = converged.max(by: { $0.speedUp < $1.speedUp }) {
            sentence +=
                "; the fastest, learning rate \(best.rate.significant(2)) and "
                + "\(best.steps.counted("step")), is \(best.speedUp.significant(3)) times as fast "
                + "(\(best.speedUpInSteps.significant(3)) in steps)"
        }
        let failed = cells.filter { !$0.speedUp.isFinite }.map(\.rate)
        if let least = failed.min() {
            sentence += "; the smallest learning rate with which some run fails is \(least.significant(2))"
        }
        return sentence + "."
    }
}
