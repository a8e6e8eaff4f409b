import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Reporting
import Teleportation
import Torch

/// The classification of ST22 section 6.1, and of PS24 section 5.1: a perceptron with two hidden layers and LeakyReLU, trained with
/// and without symmetry teleportation.
struct SymmetryStudy {
    /// How large a study is.
    struct Size: Sendable {
        /// The samples to train on; nil for all of them.
        var samples: Int?
        /// The units of both hidden layers, where `hidden` does not name them.
        var width = 512
        /// The units of each hidden layer.
        var hidden: [Int]?
        var epochs: Int
        /// How many seeds are run unless the user names some.
        var seeds = 1
    }

    /// What is trained: one line of a chart.
    struct Arm {
        let name: String
        var optimizer = OptimizerOption.sgd
        var learningRate = SymmetryStudy.learningRate
        var plan: TeleportPlan?

        /// What tells the arm's training from others.
        fileprivate var training: [String] { [optimizer.text, "\(learningRate)"] }
    }

    /// The runs of an arm, one for each seed, as far as they were finished.
    typealias Runs = Study<Arm>.Result<Run>

    /// The settings of ST22 section 6.1.
    private static let batchSize = 20
    static let learningRate = 2e-3

    let size: Size
    let seeds: [Int]
    private let data: Split<any Dataset>
    private let context: ReproductionContext

    /// A study on the data set that the context names, parted by `ReproductionContext.validationSplit(_:samples:)`.
    ///
    /// - Parameters:
    ///   - size: How large it is.
    ///   - dataset: What the paper trains on.
    ///   - context: What is asked for.
    /// - Throws: `DatasetError` if the data are missing or damaged, and `ArchitectureError` if no perceptron can be trained
    ///   on them.
    init(_ size: Size, on dataset: DatasetName = .mnist, _ context: ReproductionContext) throws {
        self.size = size
        self.context = context
        seeds = context.seeds(else: size.seeds)
        data = try context.validationSplit(
            context.dataset ?? (context.scale == .quick ? .digits : dataset), samples: size.samples)
        try Self.architecture(size).check(inputShape: data.inputShape, task: data.task)
    }

    private static func architecture(_ size: Size) -> Architecture {
        .mlp(hidden: size.hidden ?? [size.width, size.width], activation: .leakyReLU(slope: 0.1))
    }

    /// Teleports as published: the element `I + T`, whose steps climb `||grad L||^2` with a learning rate. They do not stay in the
    /// level set.
    static func published(
        _ epochs: some Sequence<Int>, batches: Int = 4, of batchSize: Int = batchSize, learningRate: Double = 1e-3
    ) -> TeleportPlan {
        plan(
            SymmetryTeleporter(
                // Ours climb half of it.
                Climb(steps: 10, stepSize: .fixed(2 * learningRate), cap: .none, tolerance: .infinity),
                element: .firstOrder, derivative: .published),
            epochs, batches, of: batchSize)
    }

    /// Teleports that stay in the level set, with as many steps of a length that is not tuned.
    static func exponential(
        _ epochs: some Sequence<Int>, batches: Int = 4, of batchSize: Int = batchSize
    ) -> TeleportPlan {
        plan(SymmetryTeleporter(Climb(steps: 10)), epochs, batches, of: batchSize)
    }

    private static func plan(
        _ teleporter: SymmetryTeleporter, _ epochs: some Sequence<Int>, _ batches: Int, of batchSize: Int
    ) -> TeleportPlan {
        TeleportPlan(
            teleporter, schedule: TeleportSchedule(epochs: epochs, batchCount: batches, batchSize: batchSize),
            trialSteps: 0)
    }

    /// Trains all arms, seed by seed, until the context asks to stop.
    func run(_ arms: [Arm]) throws -> [Runs] {
        let study = Study(arms, seeds: seeds)
        let trainings = Dictionary(
            arms.map { ($0.training, training($0)) }, uniquingKeysWith: { first, _ in first })
        guard let job = trainings.values.first?.job(runs: study.runCount) else { return [] }
        let progress = context.progress(job)
        defer { progress.finish() }
        for training in trainings.values { training.warmUp() }
        return try study.run(isCancelled: context.isCancelled) { arm, seed, number in
            try trainings[arm.training]?.run(
                seed: seed, plan: arm.plan, arm: arm.name, number: number, on: progress,
                isCancelled: context.isCancelled)
        }
    }

    private func training(_ arm: Arm) -> Training {
        let configuration = TrainingConfiguration(
            architecture: Self.architecture(size), optimizer: arm.optimizer, learningRate: arm.learningRate,
            batchSize: Self.batchSize, epochs: size.epochs, dtype: context.dtype, device: context.device)
        return Training(configuration, on: data)
    }

    /// A chart of lines over epochs, with a logarithmic axis where they span more than a decade.
    static func chart(_ title: String, _ series: [LineChart.Series]) -> LineChart {
        let values = series.flatMap(\.y).filter(\.isFinite)
        let (least, greatest) = (values.min() ?? 0, values.max() ?? 0)
        let isLogarithmic = least > 0 && greatest > 10 * least
        return LineChart(
            title: title + (isLogarithmic ? " (logarithmic scale)" : ""), horizontalLabel: "epoch",
            isLogarithmic: isLogarithmic, series: series)
    }

    /// All settings by name.
    var configuration: [String: JSONValue] {
        [
            "dataset": .string(data.name), "training-samples": .integer(data.train.count),
            "validation-samples": .integer(data.test.count), "model": .string(Self.architecture(size).text),
            "learning-rate": .number(Self.learningRate), "batch-size": .integer(Self.batchSize),
            "epochs": .integer(size.epochs), "seeds": .integers(seeds), "dtype": .string("\(context.dtype)"),
            "device": .string(context.device.description),
        ]
    }

    /// The numbers of all runs, by the names of the arms.
    static func values(_ results: [Runs]) throws -> [String: JSONValue] {
        Dictionary(
            try results.map { ($0.arm.name, try ArmRecord(seeds: $0.seeds, runs: $0.runs).json) },
            uniquingKeysWith: { first, _ in first })
    }

    /// A row for each arm.
    func table(_ results: [Runs], plain: (Runs) -> Runs?) -> Table {
        Table(
            columns: [
                .init("", alignment: .left), .init("train loss"), .init("validation loss"), .init("accuracy"),
                .init("epochs to the plain loss"), .init("teleports (s)"), .init("of all (s)"), .init("‖g‖² grows by"),
                .init("loss drifts by"),
            ],
            rows: results.map { result in
                let ends = result.runs.compactMap(\.epochs.last)
                let target = plain(result)?.trainLoss.mean
                let epochs = target.flatMap(result.epochs)
                let hasTeleports = !result.kept.isEmpty
                return [
                    result.arm.name, result.trainLoss.text(), result.validationLoss.text(),
                    Statistic(of: ends.compactMap(\.testAccuracy)).mean.percent(),
                    epochs.map { String(format: "%.1f", $0) } ?? "-",
                    Statistic(of: ends.map(\.teleportSeconds)).mean.significant(3),
                    Statistic(of: ends.map(\.seconds)).mean.significant(3),
                    hasTeleports ? result.growth.significant(3) : "-",
                    hasTeleports ? result.largestDrift.significant(2) : "-",
                ]
            })
    }

    /// The name of a run that diverged and should not have; the published teleports may.
    static func divergence(_ results: [Runs]) -> String? {
        results.first { result in
            (result.arm.plan?.teleporter as? SymmetryTeleporter)?.element != .firstOrder
                && result.runs.contains(where: \.hasDiverged)
        }.map {
            "\($0.arm.name): training diverged: a loss stopped being finite; take other --seeds or --dtype float64"
        }
    }
}

extension Study.Result where Arm == SymmetryStudy.Arm, Outcome == Run {
    /// The training loss of the last epoch.
    var trainLoss: Statistic { Statistic(of: runs.compactMap { $0.epochs.last?.trainLoss }) }
    /// The validation loss after it.
    var validationLoss: Statistic { Statistic(of: runs.compactMap { $0.epochs.last?.testLoss }) }
    /// The teleports of all runs.
    var teleports: [TeleportRecord] { runs.flatMap(\.teleports) }
    /// Those that were not undone.
    var kept: [TeleportRecord] { teleports.filter { !$0.isRestored } }
    /// The largest change of a teleport batch's loss, relative to the loss.
    var largestDrift: Double { kept.map(\.relativeDrift).max() ?? .nan }
    /// By which factor a teleport on one batch changes the squared gradient norm of that batch, in the median.
    var growth: Double { kept.map { $0.gradientNormSquaredAfter / $0.gradientNormSquaredBefore }.median }

    /// The mean over seeds of a quantity against the epoch.
    func series(
        _ name: String? = nil, _ value: (EpochRecord) -> Double, color: Int? = nil, isDashed: Bool = false
    ) -> LineChart.Series {
        let curve = MeanCurve(of: value, overEpochsOf: runs)
        return LineChart.Series(name: name ?? arm.name, x: curve.x, y: curve.y, color: color, isDashed: isDashed)
    }

    /// How many epochs it takes to a training loss, between epochs on a straight line; nil if it is not reached.
    func epochs(toTrainLoss loss: Double) -> Double? {
        MeanCurve(of: \.trainLoss, overEpochsOf: runs).firstReach(of: loss)?.x
    }
}
