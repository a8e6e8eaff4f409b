import Datasets
import Foundation
import Reporting
import Teleportation
import Torch

/// The main job: the same training with and without teleports, over several seeds.
package struct CompareExperiment {
    /// How the models are trained, in both arms.
    package let training: TrainingConfiguration
    /// How the models of one arm are teleported.
    package let plan: TeleportPlan
    /// One run of each arm for each of them.
    package let seeds: Seeds
    private let data: Split<any Dataset>
    /// The training with the data where they are needed: these are moved once.
    private let prepared: Training

    /// A comparison on a data set.
    ///
    /// - Parameters:
    ///   - training: How the models are trained.
    ///   - plan: How those of one arm are teleported.
    ///   - seeds: One run of each arm for each of them.
    ///   - data: The data set.
    ///   - group: The processes over which each batch is spread; nil where this one is alone.
    ///   - synchronizesStatistics: Whether batch normalization takes the statistics of a batch over all of them.
    package init(
        _ training: TrainingConfiguration, plan: TeleportPlan, seeds: Seeds, on data: Split<any Dataset>,
        across group: ProcessGroup? = nil,
        synchronizesStatistics: Bool = false
    ) {
        self.training = training
        self.plan = plan
        self.seeds = seeds
        self.data = data
        prepared = Training(
            training, on: data, across: group, synchronizesStatistics: synchronizesStatistics)
    }

    /// Checks that the teleports can move the model, and that all goes together.
    ///
    /// - Returns: The loss of the untrained model, from which on a loss may have risen.
    /// - Throws: `ScheduleError` if the training is over before the first teleport, `MemoryError`, `StartingLossError`, and as
    ///   `TrainingRun.init`.
    @discardableResult
    package func check() throws -> Double {
        try prepared.check(plan, seed: seeds.values[0], on: data.name)
    }

    /// Finds out how many threads are fastest, and goes on with these; see `Training.chooseThreads()`.
    ///
    /// - Returns: How many.
    @discardableResult
    package func chooseThreads() -> Int { prepared.chooseThreads() }

    /// Checks that it is the training that diverged, and not the data on which any model does.
    ///
    /// - Throws: `StartingLossError` if the data are to blame.
    package func checkData(after divergence: Divergence) throws(StartingLossError) {
        try prepared.checkData(after: divergence, seed: seeds.values[0], on: data.name)
    }

    /// Trains all models, seed by seed, without and with teleports; each arm goes first in turn.
    ///
    /// - Parameters:
    ///   - progress: Shows how far it is.
    ///   - watch: Watches how busy the machine is.
    ///   - archive: Where finished runs are kept, and those of an earlier process are found; nil for nowhere.
    ///   - warn: Told where a run could not be kept.
    ///   - isCancelled: Asked before each step; once true, the summary holds what there is.
    /// - Throws: As `TrainingRun.init`, and `CheckpointError` where a kept run is of another comparison.
    package func run(
        progress: ProgressLine? = nil, watch: ProcessorWatch = ProcessorWatch(), archive: RunArchive? = nil,
        warn: (String) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> Summary {
        let start = Date()
        prepared.warmUp()
        let arms: [(name: String, plan: TeleportPlan?)] = [("baseline", nil), ("teleport", plan)]
        let results = try Study(arms, seeds: seeds.values, alternates: true).run(isCancelled: isCancelled) {
            arm, seed, number -> Run? in
            func train() throws -> Run? {
                try prepared.run(
                    seed: seed, plan: arm.plan, arm: arm.name, number: number, on: progress, isCancelled: isCancelled)
            }
            guard let archive else { return try train() }
            return try archive.run(of: arm.name, seed: seed, epochs: training.epochs, warn: warn, else: train)
        }.map { ArmRecord(seeds: $0.seeds, runs: $0.runs) }
        return Summary(
            configuration: configuration, data: data.namedSizes,
            environment: Summary.Environment(of: training, watch: watch, date: start, processes: prepared.group?.size),
            baseline: results[0], teleport: results[1])
    }

    /// A job of the size of this experiment, for `ProgressLine`.
    package var job: ProgressLine.Job { prepared.job(runs: 2 * seeds.values.count) }

    /// All options that were heeded, by the names that they have on the command line.
    package var configuration: [String: JSONValue] {
        var options = prepared.options(plan, on: data)
        options["seeds"] = .array(seeds.values.map { .integer($0) })
        return options
    }
}
