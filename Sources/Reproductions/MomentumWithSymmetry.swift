import Experiments
import Foundation
import Optimizers
import Reporting
import Teleportation
import TextForms
import Torch

/// Ways to bring teleportation and an optimizer with a state together: what becomes of a velocity, and which norm is climbed before
/// AdaGrad; PS24 Figure 12.
package struct MomentumWithSymmetry: Reproduction {
    /// The steps of each run.
    private let steps: Int

    /// The figure.
    package init() { self.init(steps: 300) }

    /// The figure with runs of another length.
    init(steps: Int) { self.steps = steps }

    /// `ps24-figure-12`.
    package var name: String { "ps24-figure-12" }
    /// PS24 Figure 12.
    package var paper: String { "PS24 Figure 12" }
    /// What is compared.
    package var title: String {
        "What becomes of momentum at a teleport, and the norm to climb before AdaGrad, on a small regression."
    }
    /// Some seconds.
    package var quickSeconds: Int { 5 }
    /// The scales are the same.
    package var options: Set<ReproductionOption> { [.seeds, .dtype, .device] }

    /// A line of one of the panels.
    private struct Arm {
        let name: String
        let optimizer: OptimizerOption
        /// What is climbed; nil for no teleport.
        var climb: Climb?
        var policy = TeleportPlan.OptimizerStatePolicy.keep

        var key: String { name.replacing(",", with: "").replacing(" ", with: "-") }

        /// The paper does not name that of momentum; this is ST22's of gradient descent.
        var learningRate: Double { optimizer == .momentum ? 1e-4 : 0.1 }

        /// In the level set.
        var teleporter: SymmetryTeleporter? { climb.map { SymmetryTeleporter($0) } }
    }

    /// The climb of an objective by so many steps of a learning rate of the ascent on T: before momentum that of ST22, whose problem
    /// this is, before AdaGrad those that PS24 appendix F.1 found.
    private static func published(_ objective: any Objective, learningRate: Double, steps: Int) -> Climb {
        Climb(
            objective: objective, steps: steps, stepSize: RegressionProblem.stepSize(learningRate: learningRate),
            cap: .none,
            tolerance: .infinity)
    }

    private static let beforeMomentum = published(GradientNorm(), learningRate: 1e-7, steps: 8)

    private static let arms = [
        Arm(name: "momentum", optimizer: .momentum),
        Arm(name: "momentum, kept", optimizer: .momentum, climb: beforeMomentum),
        Arm(name: "momentum, teleported", optimizer: .momentum, climb: beforeMomentum, policy: .teleport),
        Arm(name: "momentum, reset", optimizer: .momentum, climb: beforeMomentum, policy: .reset),
        Arm(name: "AdaGrad", optimizer: .adagrad),
        Arm(
            name: "AdaGrad, gradient norm", optimizer: .adagrad,
            climb: published(GradientNorm(), learningRate: 1.2e-5, steps: 2)),
        Arm(
            name: "AdaGrad, preconditioned norm", optimizer: .adagrad,
            climb: published(PreconditionedNorm(), learningRate: 7.5e-3, steps: 2)),
    ]

    private typealias Runs = Study<Arm>.Result<RegressionProblem.Trajectory>

    /// Trains all runs.
    package func run(_ context: ReproductionContext) -> ReproductionResult {
        let seeds = context.seeds(else: 5)
        let results = Libtorch.withOneThread {
            Study(Self.arms, seeds: seeds).run(isCancelled: context.isCancelled) { arm, seed, _ in
                RegressionProblem(seed: seed, dtype: context.dtype, device: context.device).train(
                    with: arm.optimizer.make(learningRate: arm.learningRate), steps: steps,
                    teleportAt: [RegressionProblem.teleportStep], by: arm.teleporter, state: arm.policy)
            }
        }
        func plain(_ runs: Runs) -> Runs { runs.arm.optimizer == .momentum ? results[0] : results[4] }
        return ReproductionResult(
            configuration: [
                "seeds": .integers(seeds), "steps": .integer(steps),
                "schedule": .integers([RegressionProblem.teleportStep]), "dtype": .string("\(context.dtype)"),
                "device": .string(context.device.description), "threads": 1,
                "arms": .object(
                    Dictionary(
                        Self.arms.map { arm in
                            (
                                arm.key,
                                [
                                    "optimizer": .string(arm.optimizer.text),
                                    "learning-rate": .number(arm.learningRate),
                                    "optimizer-state": .string(arm.policy.rawValue),
                                    "method": arm.teleporter.map { .string("\($0)") } ?? .null,
                                ]
                            )
                        }, uniquingKeysWith: { first, _ in first })),
            ],
            sections: [
                .init("Means over \(seeds.count.counted("seed")), \(steps.counted("step"))", Self.table(results))
            ],
            figures: [.init("momentum-and-adagrad", Self.figure(results))],
            values: Dictionary(
                results.map { runs in
                    (runs.arm.key, .array(runs.runs.map { .numbers($0.losses) }))
                }, uniquingKeysWith: { first, _ in first }),
            claim:
                "momentum that is teleported, kept or reset makes little difference, and all three converge faster than without a "
                + "teleport; climbing the preconditioned norm before AdaGrad has a slight advantage.",
            findings: results.filter { $0.arm.climb != nil }.map { Self.finding($0, plain: plain($0)) })
    }

    private static func last(_ runs: Runs) -> Statistic { Statistic(of: runs.sound.compactMap(\.losses.last)) }

    private static func table(_ results: [Runs]) -> Table {
        Table(
            columns: [
                .init("", alignment: .left), .init("last loss"), .init("‖g‖² after / before the teleport"),
                .init("loss drifts by"), .init("diverged"),
            ],
            rows: results.map { runs in
                let growths = runs.teleports.map { $0.gradientNormSquaredAfter / $0.gradientNormSquaredBefore }
                return [
                    runs.arm.name, last(runs).text(), growths.isEmpty ? "-" : growths.median.significant(3),
                    runs.teleports.map(\.relativeDrift).max().map { $0.significant(2) } ?? "-",
                    "\(runs.runs.count(where: \.hasDiverged)) of \(runs.runs.count)",
                ]
            })
    }

    private static func figure(_ results: [Runs]) -> Figure {
        Figure(
            panels: [("momentum", OptimizerOption.momentum), ("AdaGrad", .adagrad)].map { name, optimizer in
                LineChart(
                    title: "\(name): loss (logarithmic scale)", horizontalLabel: "step", isLogarithmic: true,
                    series: results.filter { $0.arm.optimizer == optimizer }.map { $0.series($0.arm.name, \.losses) })
            })
    }

    private static func finding(_ runs: Runs, plain: Runs) -> String {
        let pairs = zip(runs.runs, plain.runs).filter { !$0.hasDiverged && !$1.hasDiverged }
        let ahead = pairs.count { own, other in
            guard let ownLast = own.losses.last, let otherLast = other.losses.last else { return false }
            return ownLast < otherLast
        }
        return
            "\(runs.arm.name): a last loss of \(last(runs).text()) instead of \(last(plain).text()), lower in \(ahead) of "
            + "\(runs.runs.count) runs."
    }
}
