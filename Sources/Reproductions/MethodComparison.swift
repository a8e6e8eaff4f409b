import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Reporting
import Teleportation
import TextForms
import Torch

/// Null-space and symmetry teleportation of small and large perceptrons beside training without; NS25 Figure 2.
///
/// All settings but the network and the optimizer are the same for both methods, as in the paper. The symmetry teleports are
/// those of its authors (PS24): the action for any activation, the element `I + T`, and no bound on the drift of the loss.
package struct MethodComparison: Reproduction {
    /// The trainings that one panel of the figure shows.
    struct Panel: Sendable {
        /// `small` or `large`, for people.
        var network: String
        var architecture: Architecture
        var optimizer: OptimizerOption
        var learningRate: Double
        var dataset: DatasetName
        /// Whether symmetry teleportation is compared, too.
        var hasSymmetry = true

        fileprivate var name: String {
            "\(network), \(optimizer.text)" + (hasSymmetry ? "" : ", \(dataset.rawValue)")
        }
    }

    /// How much is trained.
    struct Plan: Sendable {
        var panels: [Panel]
        /// The samples to train on; nil for all of them.
        var samples: Int?
        var epochs: Int
        /// The epochs, from the first, before which teleports take place.
        var teleportEpochs: Int
        /// The batches of each teleport.
        var teleportBatches: Int
        /// How many seeds are run unless the user names some.
        var seeds: Int
    }

    private let plans: ByScale<Plan>

    /// The figure.
    package init() {
        plans = ByScale(
            quick: Plan(
                panels: Self.panels(on: .digits, learningRates: [2e-2, 2e-3, 2e-3, 2e-4]), samples: 2000, epochs: 5,
                teleportEpochs: 2, teleportBatches: 8, seeds: 1),
            paper: Plan(
                panels: Self.panels(on: .mnist, learningRates: [2e-4, 2e-4, 2e-4, 2e-4])
                    + [OptimizerOption.sgd, .momentum, .adagrad, .adam].map { optimizer in
                        Panel(
                            network: "large", architecture: PublishedRecipe.perceptron, optimizer: optimizer,
                            learningRate: 2e-4,
                            dataset: .fashionMNIST, hasSymmetry: false)
                    },
                epochs: 100, teleportEpochs: 5, teleportBatches: 32, seeds: 3))
    }

    /// The figure of one plan.
    init(_ plan: Plan) { plans = ByScale(quick: plan, paper: plan) }

    /// The upper row of the figure.
    private static func panels(on dataset: DatasetName, learningRates: [Double]) -> [Panel] {
        let kinds: [(String, Architecture, OptimizerOption)] = [
            ("small", PublishedRecipe.smallPerceptron, .sgd), ("small", PublishedRecipe.smallPerceptron, .adagrad),
            ("large", PublishedRecipe.perceptron, .momentum), ("large", PublishedRecipe.perceptron, .adam),
        ]
        return zip(kinds, learningRates).map { kind, learningRate in
            Panel(
                network: kind.0, architecture: kind.1, optimizer: kind.2, learningRate: learningRate, dataset: dataset)
        }
    }

    /// `ns25-figure-2`.
    package var name: String { "ns25-figure-2" }
    /// NS25 Figure 2.
    package var paper: String { "NS25 Figure 2" }
    /// What is compared.
    package var title: String {
        "Null-space against symmetry teleportation of small and large perceptrons, over epochs and over time."
    }
    /// A minute.
    package var quickSeconds: Int { 60 }
    /// MNIST and Fashion-MNIST in the paper.
    package var options: Set<ReproductionOption> { Set(ReproductionOption.allCases) }

    private static let batchSize = 32
    private static let teleportSteps = 8
    private static let stepSize = StepSize.fixed(0.2)
    private static let cap = Cap.fixed(5)

    /// The runs of one panel; the first arm goes without teleports.
    private struct Outcome {
        let panel: Panel
        let arms: [SymmetryStudy.Runs]

        /// The others.
        var teleporting: ArraySlice<SymmetryStudy.Runs> { arms.dropFirst() }

        /// When an arm first has the last training loss of the plain one; nil if it never has.
        func reach(_ arm: SymmetryStudy.Runs) -> Reach? {
            Reach(of: \.trainLoss, baseline: arms[0].runs, teleport: arm.runs)
        }
    }

    /// Trains all networks.
    ///
    /// - Throws: `DatasetError` if the data are missing or damaged, and `ArchitectureError` if no perceptron can be trained
    ///   on them.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        var plan = plans[context.scale]
        if let dataset = context.dataset {
            // On one data set both rows of the figure are the same runs.
            plan.panels = plan.panels.filter(\.hasSymmetry).map { panel in
                var panel = panel
                panel.dataset = dataset
                return panel
            }
        }
        var data: [DatasetName: Split<any Dataset>] = [:]
        for panel in plan.panels {
            let split = try data[panel.dataset] ?? context.data(panel.dataset)
            try panel.architecture.check(inputShape: split.inputShape, task: split.task)
            data[panel.dataset] = split
        }
        if let samples = plan.samples {
            data = data.mapValues { Split(name: $0.name, train: $0.train.thinned(to: samples), test: $0.test) }
        }
        let seeds = context.seeds(else: plan.seeds)
        let outcomes = try train(plan, on: data, seeds: seeds, context)
        return try result(outcomes, plan, on: data, seeds: seeds, context)
    }

    // MARK: Training

    private static func schedule(_ plan: Plan) -> TeleportSchedule {
        TeleportSchedule(
            epochs: 0..<plan.teleportEpochs, batchCount: plan.teleportBatches, batchSize: batchSize)
    }

    /// The arms of a panel; the first goes without teleports.
    private static func arms(_ panel: Panel, _ plan: Plan) -> [SymmetryStudy.Arm] {
        func arm(_ name: String, _ teleporter: (any Teleporter)?) -> SymmetryStudy.Arm {
            SymmetryStudy.Arm(
                name: name, optimizer: panel.optimizer,
                plan: teleporter.map {
                    TeleportPlan($0, schedule: schedule(plan), controlSamples: 0, trialSteps: 0)
                })
        }
        let symmetry = SymmetryTeleporter(
            Climb(steps: teleportSteps, stepSize: stepSize, cap: cap, tolerance: .infinity), action: .approximate,
            element: .firstOrder)
        let nullSpace = NullSpaceTeleporter(
            Climb(steps: teleportSteps, stepSize: stepSize, cap: cap, tolerance: .infinity), tau: 1)
        return [arm("without", nil)] + (panel.hasSymmetry ? [arm("symmetry", symmetry)] : [])
            + [arm("null space", nullSpace)]
    }

    private func train(
        _ plan: Plan, on data: [DatasetName: Split<any Dataset>], seeds: [Int], _ context: ReproductionContext
    ) throws -> [Outcome] {
        let trainings = plan.panels.compactMap { panel in
            data[panel.dataset].map { split in
                (
                    panel: panel,
                    training: Training(
                        TrainingConfiguration(
                            architecture: panel.architecture, optimizer: panel.optimizer,
                            learningRate: panel.learningRate, batchSize: Self.batchSize, epochs: plan.epochs,
                            dtype: context.dtype, device: context.device),
                        on: split)
                )
            }
        }
        let studies = trainings.map { Study(Self.arms($0.panel, plan), seeds: seeds, alternates: true) }
        let jobs = zip(trainings, studies).map { $0.training.job(runs: $1.runCount) }
        guard var job = jobs.max(by: { $0.batches < $1.batches }) else { return [] }
        job.runs = jobs.map(\.runs).reduce(0, +)
        let progress = context.progress(job)
        defer { progress.finish() }
        var finished = 0
        var outcomes: [Outcome] = []
        for ((panel, training), study) in zip(trainings, studies) where !context.isCancelled() {
            training.warmUp()
            let arms = try study.run(isCancelled: context.isCancelled) { arm, seed, number in
                try training.run(
                    seed: seed, plan: arm.plan, arm: "\(panel.name), \(arm.name)", number: finished + number,
                    on: progress, isCancelled: context.isCancelled)
            }
            finished += arms.map(\.runs.count).reduce(0, +)
            outcomes.append(Outcome(panel: panel, arms: arms))
        }
        return outcomes
    }

    // MARK: Reporting

    private func result(
        _ outcomes: [Outcome], _ plan: Plan, on data: [DatasetName: Split<any Dataset>], seeds: [Int],
        _ context: ReproductionContext
    ) throws -> ReproductionResult {
        let threads = Libtorch.threadCount
        var result = ReproductionResult(
            configuration: [
                "epochs": .integer(plan.epochs), "batch-size": .integer(Self.batchSize), "seeds": .integers(seeds),
                "schedule": .string(Self.schedule(plan).moments.text),
                "teleport-batches": .integer(plan.teleportBatches), "teleport-batch-size": .integer(Self.batchSize),
                "teleport-steps": .integer(Self.teleportSteps), "step-size": .string(Self.stepSize.text),
                "cap": .string(Self.cap.text), "tau": 1, "threads": .integer(threads),
                "dtype": .string("\(context.dtype)"), "device": .string(context.device.description),
                "settings": .array(
                    plan.panels.map { panel in
                        [
                            "name": .string(panel.name), "model": .string(panel.architecture.text),
                            "optimizer": .string(panel.optimizer.text),
                            "learning-rate": .number(panel.learningRate),
                            "dataset": .string(panel.dataset.rawValue),
                            "training-samples": .integer(data[panel.dataset]?.train.count ?? 0),
                        ]
                    }),
            ],
            sections: [
                .init(
                    "After \(plan.epochs.counted("epoch")), \(threads.counted("thread"))",
                    Self.table(outcomes))
            ],
            figures: [], values: [:],
            claim:
                "null-space teleportation comes to a lower loss than symmetry teleportation, sooner, also in the small "
                + "network that favours the latter; in the large one symmetry teleportation slows training down; the time "
                + "that null-space teleports take is negligible.",
            findings: outcomes.compactMap(Self.finding))
        for outcome in outcomes {
            result.values[outcome.panel.name] = .object(try SymmetryStudy.values(outcome.arms))
        }
        for (name, label, curve) in [
            ("loss-over-epochs", "epoch", { MeanCurve(of: \.trainLoss, overEpochsOf: $0) }),
            ("loss-over-seconds", "wall-clock time (s)", { MeanCurve(of: \.trainLoss, overSecondsOf: $0) }),
        ] as [(String, String, ([Run]) -> MeanCurve)] where !outcomes.isEmpty {
            result.figures.append(
                .init(
                    name,
                    Figure(
                        panels: outcomes.map { outcome in
                            LossCurves.chart(
                                "\(outcome.panel.name): training loss", horizontalLabel: label, markers: [],
                                curves: outcome.arms.map { ($0.arm.name, curve($0.runs)) })
                        })))
        }
        let diverged = outcomes.first { outcome in
            outcome.arms.contains {
                !($0.arm.plan?.teleporter is SymmetryTeleporter) && $0.runs.contains(where: \.hasDiverged)
            }
        }
        if let diverged {
            result.divergence =
                "\(diverged.panel.name): training diverged: a loss stopped being finite; take other --seeds or "
                + "--dtype float64"
        }
        return result
    }

    private static func table(_ outcomes: [Outcome]) -> Table {
        Table(
            columns: [
                .init("network", alignment: .left), .init("teleports", alignment: .left), .init("train loss"),
                .init("test loss"), .init("epochs to the plain loss"), .init("seconds to it"), .init("of all (s)"),
                .init("in teleports (s)"), .init("‖g‖² grows by"), .init("loss drifts by"),
            ],
            rows: outcomes.flatMap { outcome in
                outcome.arms.map { arm in
                    let ends = arm.runs.compactMap(\.epochs.last)
                    let reach = outcome.reach(arm)
                    let hasTeleports = !arm.teleports.isEmpty
                    return [
                        outcome.panel.name, arm.arm.name, arm.trainLoss.text(), arm.validationLoss.text(),
                        reach.map { $0.teleportEpochs.significant(3) } ?? "-",
                        reach.map { $0.teleportSeconds.significant(3) } ?? "-",
                        Statistic(of: ends.map(\.seconds)).mean.significant(3),
                        hasTeleports ? Statistic(of: ends.map(\.teleportSeconds)).mean.significant(3) : "-",
                        hasTeleports ? arm.growth.significant(3) : "-",
                        hasTeleports ? arm.largestDrift.significant(2) : "-",
                    ]
                }
            })
    }

    private static func finding(_ outcome: Outcome) -> String? {
        guard let plain = outcome.arms.first, !plain.runs.isEmpty else { return nil }
        let ends = outcome.teleporting.filter { !$0.runs.isEmpty }.map { arm -> String in
            let share = arm.runs.compactMap(\.epochs.last).teleportShare
            let diverged = arm.runs.count(where: \.hasDiverged)
            var text = "with \(arm.arm.name) \(arm.trainLoss.mean.significant(3))"
            if diverged > 0 { text += " (\(diverged) of \(arm.runs.count) runs diverged)" }
            if let reach = outcome.reach(arm) {
                text +=
                    ", at the plain one's after \(reach.teleportEpochs.significant(3)) instead of "
                    + "\(reach.baselineEpochs.significant(3)) epochs and \(reach.teleportSeconds.significant(3)) instead of "
                    + "\(reach.baselineSeconds.significant(3)) s"
            } else {
                text += ", which is never at the plain one's"
            }
            text += ", \(share.percent(3)) of the time in teleports"
            if arm.arm.plan?.teleporter is NullSpaceTeleporter {
                let free = arm.teleports.map { Double($0.freeDimensions.values.reduce(0, +)) }.median
                text += ", which have \(free.significant(3)) free dimensions of the layers' inputs"
                let idle = arm.teleports.count { !$0.hasMoved }
                if idle > 0 { text += "; \(idle) of \(arm.teleports.count) do not move" }
            }
            return text
        }
        guard !ends.isEmpty else { return nil }
        return "\(outcome.panel.name): the training loss of the last epoch is \(plain.trainLoss.mean.significant(3)) "
            + "without teleports; " + ends.joined(separator: "; ") + "."
    }
}
