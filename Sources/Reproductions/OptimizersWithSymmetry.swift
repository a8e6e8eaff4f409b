import Experiments
import Foundation
import Reporting
import TextForms

/// Symmetry teleportation of a small classifier before four optimizers; PS24 Figures 5 and 13.
package struct OptimizersWithSymmetry: Reproduction {
    /// What the loss is shown against.
    package enum Axis: Sendable {
        /// Epochs, as in Figure 5.
        case epochs
        /// Seconds, as in Figure 13.
        case seconds
    }

    private let axis: Axis
    private let sizes: ByScale<SymmetryStudy.Size>

    /// One of the figures.
    package init(over axis: Axis) {
        self.axis = axis
        sizes = ByScale(
            quick: SymmetryStudy.Size(samples: 6000, hidden: [16, 10], epochs: 10, seeds: 2),
            paper: SymmetryStudy.Size(hidden: [16, 10], epochs: 40, seeds: 5))
    }

    /// The figure at one size.
    init(_ size: SymmetryStudy.Size) { (axis, sizes) = (.epochs, ByScale(quick: size, paper: size)) }

    private var number: Int { axis == .epochs ? 5 : 13 }
    /// `ps24-figure-5` or `ps24-figure-13`.
    package var name: String { "ps24-figure-\(number)" }
    /// PS24 Figure 5 or 13.
    package var paper: String { "PS24 Figure \(number)" }
    /// What is compared.
    package var title: String {
        "A symmetry teleport at the first epoch before AdaGrad, momentum, RMSProp and Adam, over "
            + (axis == .epochs ? "epochs." : "seconds.")
    }
    /// A minute.
    package var quickSeconds: Int { 60 }
    /// MNIST in the paper.
    package var options: Set<ReproductionOption> { Set(ReproductionOption.allCases) }

    /// The optimizers with the learning rates of PS24 appendix F.2.
    private static let optimizers: [(kind: OptimizerOption, name: String, rate: Double)] = [
        (.adagrad, "AdaGrad", 1e-4), (.momentum, "momentum", 5e-2), (.rmsprop, "RMSProp", 5e-2), (.adam, "Adam", 5e-2),
    ]
    private static let ways = ["without", "first order", "exponential"]
    /// One teleport, before the first epoch, on 8 batches of 200, with 10 steps.
    private static let schedule = (epochs: [0], batches: 8, batchSize: 200, learningRate: 5e-2)

    /// Trains all arms.
    ///
    /// - Throws: `DatasetError` if the data are missing or damaged, and `ArchitectureError` if no perceptron can be trained
    ///   on them.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        let study = try SymmetryStudy(sizes[context.scale], context)
        let schedule = Self.schedule
        let plans = [
            nil,
            SymmetryStudy.published(
                schedule.epochs, batches: schedule.batches, of: schedule.batchSize, learningRate: schedule.learningRate),
            SymmetryStudy.exponential(schedule.epochs, batches: schedule.batches, of: schedule.batchSize),
        ]
        let results = try study.run(
            Self.optimizers.flatMap { kind, name, rate in
                zip(Self.ways, plans).map { way, plan in
                    SymmetryStudy.Arm(name: "\(name), \(way)", optimizer: kind, learningRate: rate, plan: plan)
                }
            })
        func plain(_ result: SymmetryStudy.Runs) -> SymmetryStudy.Runs? {
            results.first { $0.arm.optimizer == result.arm.optimizer && $0.arm.plan == nil }
        }
        var configuration = study.configuration
        configuration["learning-rate"] = .object(
            Dictionary(Self.optimizers.map { ($0.name, .number($0.rate)) }, uniquingKeysWith: { first, _ in first }))
        configuration["schedule"] = .integers(schedule.epochs)
        configuration["teleport-batches"] = .integer(schedule.batches)
        configuration["teleport-batch-size"] = .integer(schedule.batchSize)
        configuration["teleport-steps"] = 10
        configuration["step-size"] = .number(schedule.learningRate)
        return ReproductionResult(
            configuration: configuration,
            sections: [
                .init(
                    "After \(study.size.epochs.counted("epoch")); teleports before the first",
                    study.table(results, plain: plain))
            ],
            figures: [.init("optimizers", figure(results))], values: try SymmetryStudy.values(results),
            claim:
                "teleportation improves the convergence of AdaGrad, SGD with momentum, RMSProp and Adam, at almost no cost of time: "
                + "a teleport takes less than an epoch.",
            findings: results.compactMap { result in plain(result).flatMap { Self.finding(result, plain: $0) } },
            divergence: SymmetryStudy.divergence(results))
    }

    private func figure(_ results: [SymmetryStudy.Runs]) -> Figure {
        Figure(
            panels: Self.optimizers.map { kind, name, _ in
                let runs = results.filter { $0.arm.optimizer == kind }
                func series(
                    _ index: Int, _ value: @escaping (EpochRecord) -> Double, _ what: String, isDashed: Bool
                ) -> LineChart.Series {
                    let curve =
                        axis == .epochs
                        ? MeanCurve(of: value, overEpochsOf: runs[index].runs)
                        : MeanCurve(of: value, overSecondsOf: runs[index].runs)
                    return LineChart.Series(
                        name: "\(Self.ways[index]), \(what)", x: curve.x, y: curve.y, color: index, isDashed: isDashed)
                }
                var chart = SymmetryStudy.chart(
                    "\(name): loss",
                    runs.indices.map { series($0, \.trainLoss, "training", isDashed: false) }
                        + runs.indices.map { series($0, \.testLoss, "validation", isDashed: true) })
                if axis == .seconds { chart.horizontalLabel = "seconds" }
                return chart
            })
    }

    private static func finding(_ result: SymmetryStudy.Runs, plain: SymmetryStudy.Runs) -> String? {
        guard result.arm.plan != nil, !result.runs.isEmpty, !plain.runs.isEmpty else { return nil }
        let holds = result.trainLoss.mean < plain.trainLoss.mean
        let ends = result.runs.compactMap(\.epochs.last)
        let teleports = Statistic(of: ends.map(\.teleportSeconds)).mean
        let epoch = Statistic(of: ends.map { ($0.seconds - $0.teleportSeconds) / Double($0.epoch) }).mean
        let undone = result.teleports.count - result.kept.count
        return
            "\(result.arm.name): \(holds ? "holds" : "does not hold"): a training loss of \(result.trainLoss.text()) instead of "
            + "\(plain.trainLoss.text()), a validation loss of \(result.validationLoss.text()) instead of "
            + "\(plain.validationLoss.text()); the teleport took \((teleports / epoch).significant(2)) epochs"
            + (undone == 0 ? "." : ", and \(undone) of \(result.teleports.count) batches were undone.")
    }
}
