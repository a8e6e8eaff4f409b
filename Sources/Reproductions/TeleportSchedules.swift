import Experiments
import Foundation
import Reporting
import Teleportation
import TextForms

/// When to teleport, how often, and on how many mini-batches; ST22 Figure 5.
///
/// The text names no epochs; those here begin as it does, before training and after the first epoch, and double.
package struct TeleportSchedules: Reproduction {
    /// What is varied.
    struct Plan: Sendable {
        var size: SymmetryStudy.Size
        /// Figure 5a: the epochs for a single teleport.
        var moments: [Int]
        /// Figure 5b: the epochs between teleports.
        var intervals: [Int]
        /// Figure 5b: the teleports of each schedule, from epoch 1 on.
        var teleports: Int
        /// Figure 5c: the numbers of mini-batches.
        var batches: [Int]
    }

    private let plans: ByScale<Plan>

    /// The figure.
    package init() {
        plans = ByScale(
            quick: Plan(
                size: SymmetryStudy.Size(samples: 4000, width: 128, epochs: 6), moments: [0, 1, 2, 4],
                intervals: [1, 2],
                teleports: 3, batches: [1, 2, 4, 8]),
            paper: Plan(
                size: SymmetryStudy.Size(epochs: 40), moments: [0, 1, 5, 10, 20], intervals: [1, 2, 4, 6, 8],
                teleports: 5, batches: [1, 2, 4, 8, 16]))
    }

    /// The figure of one plan.
    init(_ plan: Plan) { plans = ByScale(quick: plan, paper: plan) }

    /// `st22-figure-5`.
    package var name: String { "st22-figure-5" }
    /// ST22 Figure 5.
    package var paper: String { "ST22 Figure 5" }
    /// What is varied.
    package var title: String { "Time, frequency and number of mini-batches decide what symmetry teleportation does." }
    /// Half a minute.
    package var quickSeconds: Int { 30 }
    /// MNIST in the paper.
    package var options: Set<ReproductionOption> { Set(ReproductionOption.allCases) }

    /// A chart of the figure: its title and lines.
    private struct Panel {
        let title: String
        let arms: [SymmetryStudy.Arm]
    }

    /// Trains all arms.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        let plan = plans[context.scale]
        let study = try SymmetryStudy(plan.size, context)
        let plain = SymmetryStudy.Arm(name: "without")
        let kinds: [(key: String, name: String, make: ([Int], Int) -> TeleportPlan)] = [
            ("first-order", "first order", { SymmetryStudy.published($0, batches: $1) }),
            ("exponential", "exponential", { SymmetryStudy.exponential($0, batches: $1) }),
        ]
        let panels = kinds.map { kind in
            (kind.key, Self.panels(plan, kind.name, make: kind.make))
        }
        // The same teleports can be in several charts, and are run once.
        var names: Set<String> = []
        let arms = ([plain] + panels.flatMap { $0.1.flatMap(\.arms) }).filter { names.insert($0.name).inserted }
        let results = try study.run(arms)
        let byName = Dictionary(results.map { ($0.arm.name, $0) }, uniquingKeysWith: { first, _ in first })
        var configuration = study.configuration
        configuration["teleport-steps"] = 10
        return ReproductionResult(
            configuration: configuration,
            sections: [
                .init("After \(plan.size.epochs.counted("epoch"))", study.table(results) { _ in byName[plain.name] })
            ],
            figures: panels.map { key, panels in
                .init(
                    "schedules-\(key)",
                    Figure(
                        panels: panels.map { panel in
                            SymmetryStudy.chart(
                                panel.title,
                                ([plain] + panel.arms).compactMap { arm in
                                    byName[arm.name]?.series(Self.label(arm), \.trainLoss)
                                })
                        }))
            },
            values: try SymmetryStudy.values(results),
            claim: "a teleport before training is the worst, and later ones do the more the earlier they are; short "
                + "intervals and more mini-batches make the training loss fall faster.",
            findings: panels.flatMap { $0.1 }.compactMap { finding($0, byName, plain: plain) },
            divergence: SymmetryStudy.divergence(results))
    }

    private static func panels(
        _ plan: Plan, _ name: String, make: ([Int], Int) -> TeleportPlan
    ) -> [Panel] {
        func arm(_ epochs: [Int], _ batches: Int) -> SymmetryStudy.Arm {
            SymmetryStudy.Arm(
                name: "\(name), epochs \(TeleportSchedule(epochs: epochs).moments.text), batches \(batches)",
                plan: make(epochs, batches))
        }
        return [
            Panel(title: "\(name): one teleport", arms: plan.moments.map { arm([$0], 4) }),
            Panel(
                title: "\(name): \(plan.teleports) teleports",
                arms: plan.intervals.map { interval in arm((0..<plan.teleports).map { 1 + $0 * interval }, 4) }),
            Panel(title: "\(name): mini-batches", arms: plan.batches.map { arm([1], $0) }),
        ]
    }

    /// What sets an arm apart in a chart of its kind.
    private static func label(_ arm: SymmetryStudy.Arm) -> String {
        arm.plan.map { plan in
            let batches = plan.schedule.batchCount ?? 1
            return "[\(plan.schedule.moments.text)], \(batches) \(batches == 1 ? "batch" : "batches")"
        } ?? arm.name
    }

    private func finding(
        _ panel: Panel, _ results: [String: SymmetryStudy.Runs], plain: SymmetryStudy.Arm
    ) -> String? {
        guard let baseline = results[plain.name], !baseline.runs.isEmpty else { return nil }
        let ends = panel.arms.compactMap { arm in
            results[arm.name].flatMap { result in
                result.runs.isEmpty ? nil : "\(Self.label(arm)): \(result.trainLoss.mean.significant(3))"
            }
        }
        guard !ends.isEmpty else { return nil }
        return "\(panel.title): the training loss of the last epoch, \(baseline.trainLoss.mean.significant(3)) without "
            + "teleports, is " + ends.joined(separator: "; ") + "."
    }
}
