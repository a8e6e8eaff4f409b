import Experiments
import Foundation
import Reporting
import Teleportation
import TextForms

/// Meta-optimizers that learn the update, the group element or both, beside gradient descent; PS24 Figure 6.
package struct LearnedOptimizers: Reproduction {
    /// How much is trained.
    struct Plan: Sendable {
        /// The training trajectories of what is learned.
        var trajectories: [LearnedQuantity: Int]
        /// The problems to try it on.
        var unseenProblems: Int
        /// What is made, and how it is trained.
        var course = LearningCourse()
    }

    private let plans: ByScale<Plan>

    /// The figure.
    package init() {
        var quick = Plan(
            trajectories: [.update: 40, .rateAndTeleport: 30, .updateAndTeleport: 40], unseenProblems: 20)
        // With the published rate thirty trajectories do not bring step sizes to where gradient descent is.
        quick.course.training.teleportRate = 3e-4
        let paper = Dictionary(
            uniqueKeysWithValues: LearnedQuantity.allCases.map { ($0, LearnExperiment.Arm.paperTrajectories($0)) })
        plans = ByScale(quick: quick, paper: Plan(trajectories: paper, unseenProblems: 20))
    }

    /// The figure at one size.
    init(_ plan: Plan) { plans = ByScale(quick: plan, paper: plan) }

    /// `ps24-figure-6`.
    package var name: String { "ps24-figure-6" }
    /// PS24 Figure 6.
    package var paper: String { "PS24 Figure 6" }
    /// What is compared.
    package var title: String {
        "Optimizers that learn the update, where to teleport, or both, on problems that they have not seen."
    }
    /// Two minutes.
    package var quickSeconds: Int { 120 }
    /// The problems are drawn.
    package var options: Set<ReproductionOption> { [.scale, .seeds, .dtype] }

    /// The step at whose loss the paper's figure ends.
    private static let lastStep = 30

    /// Trains what is learned, and tries it.
    ///
    /// - Throws: `LearningRefusal` for a seed that is too large, and `TorchError` if a matrix has no pseudo-inverse.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        let plan = plans[context.scale]
        let seeds = context.seeds(else: 1)
        if let seed = seeds.first(where: { $0 > LearningCourse.largestSeed }) { throw LearningRefusal.seed(seed) }
        var results: [LearningResult] = []
        let experiments = seeds.map { experiment(plan, seed: $0, context) }
        var job = experiments[0].job
        job.runs = seeds.count
        let progress = context.progress(job)
        defer { progress.finish() }
        for (number, experiment) in experiments.enumerated() where !context.isCancelled() {
            results.append(
                try experiment.run(number: number, progress: progress, isCancelled: context.isCancelled))
        }
        progress.finish()
        return result(results, seeds: Array(seeds.prefix(results.count)), plan)
    }

    private func experiment(_ plan: Plan, seed: Int, _ context: ReproductionContext) -> LearnExperiment {
        LearnExperiment(
            LearnedQuantity.allCases.map { quantity in
                var course = plan.course
                course.metaOptimizer.quantity = quantity
                course.seed = seed
                return LearnExperiment.Arm(course, trajectories: plan.trajectories[quantity] ?? 1)
            }, unseenProblems: plan.unseenProblems, dtype: context.dtype)
    }

    private func result(_ results: [LearningResult], seeds: [Int], _ plan: Plan) -> ReproductionResult {
        var configuration = results.first?.configuration ?? [:]
        configuration["seeds"] = .integers(seeds)
        guard let merged = results.dropFirst().reduce(results.first, { $0?.joined(with: $1) }) else {
            return ReproductionResult(
                configuration: configuration, sections: [], figures: [], values: [:], claim: Self.claim, findings: [])
        }
        return ReproductionResult(
            configuration: configuration,
            sections: [
                .init(
                    "Means over \(plan.unseenProblems.counted("unseen problem"))"
                        + (seeds.count > 1 ? " and \(seeds.count.counted("seed"))" : ""), merged.table)
            ], figures: [.init("learned-optimizers", merged.figure)], values: merged.values, claim: Self.claim,
            findings: findings(merged), divergence: divergence(merged))
    }

    private static let claim =
        "learning the update and the group element together converges faster than learning the update alone, which is faster than "
        + "learning the group element with a step size, and all are faster than gradient descent."

    private func findings(_ result: LearningResult) -> [String] {
        /// From the fastest to the slowest, as the paper has them.
        let order = [
            result.trial(of: .updateAndTeleport), result.trial(of: .update), result.trial(of: .rateAndTeleport),
            result.descent,
        ].compactMap(\.self)
        return zip(order, order.dropFirst()).map { faster, slower in
            let (loss, other) = (faster.loss(after: Self.lastStep), slower.loss(after: Self.lastStep))
            let earlier = (1...Self.lastStep).count {
                faster.loss(after: $0).mean < slower.loss(after: $0).mean
            }
            return
                "\(faster.name) before \(slower.name): \(loss.mean < other.mean ? "holds" : "does not hold") after "
                + "\(Self.lastStep) steps, \(loss.text()) and \(other.text()); the first is ahead after \(earlier) of these."
        }
    }

    private func divergence(_ result: LearningResult) -> String? {
        result.namesOfDiverged.first.map { "\($0): losses stopped being finite; take other --seeds" }
    }
}
