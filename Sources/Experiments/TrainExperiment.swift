import Datasets
import Foundation
import NeuralNetworks
import Reporting
import Teleportation
import Torch

/// One training that lasts: it writes checkpoints as it goes, and another process goes on from them to the same numbers.
package struct TrainExperiment {
    /// How the model is trained.
    package let training: TrainingConfiguration
    /// How it is teleported.
    package let plan: TeleportPlan
    /// What weights, order and teleport batches follow from.
    package let seed: Int
    /// When it is interrupted for a checkpoint, and when it ends.
    package let course: Course
    /// The folder of the data sets, for who goes on; nil where none was named.
    package let dataFolder: String?
    private let data: Split<any Dataset>
    private let prepared: Training

    /// When a training is interrupted for a checkpoint, and when it ends.
    package struct Course: Sendable {
        /// The steps after which there are checkpoints beside those at the ends of epochs; nil for none.
        package var checkpointEvery: Int?
        /// How many of the newest checkpoints are kept.
        package var keptCheckpoints: Int
        /// What ends the training early; nil for nothing.
        package var until: StopCondition?
        /// The epochs in a row without a lower test loss after which the training ends; nil for no such end.
        package var earlyStopping: Int?
        /// What is written of it on the way, beside `records.jsonl`.
        package var log: LogFormat

        /// A course; by default a checkpoint for each epoch, of which two are kept.
        package init(
            checkpointEvery: Int? = nil, keptCheckpoints: Int = 2, until: StopCondition? = nil,
            earlyStopping: Int? = nil, log: LogFormat = .none
        ) {
            self.checkpointEvery = checkpointEvery
            self.keptCheckpoints = keptCheckpoints
            self.until = until
            self.earlyStopping = earlyStopping
            self.log = log
        }

        /// The options that say it, by their names on the command line.
        fileprivate var options: [String: JSONValue] {
            [
                "checkpoint-every": checkpointEvery.map { .integer($0) } ?? .null, "keep": .integer(keptCheckpoints),
                "until": until.map { .string($0.text) } ?? .null,
                "early-stopping": earlyStopping.map { .integer($0) } ?? .null,
                "log": log == .none ? .null : .string(log.text),
            ]
        }
    }

    /// The options that a run may go on with another value of: those that say how long it lasts, where it runs and what it writes, and
    /// not what it computes.
    package static let changeableOptions: Set<String> = [
        "epochs", "checkpoint-every", "keep", "until", "early-stopping", "log", "threads", "data",
    ]

    /// A training on a data set.
    package init(
        _ training: TrainingConfiguration, plan: TeleportPlan, seed: Int, course: Course = Course(),
        on data: Split<any Dataset>, from dataFolder: String? = nil, across group: ProcessGroup? = nil,
        synchronizesStatistics: Bool = false
    ) {
        self.dataFolder = dataFolder
        self.training = training
        self.plan = plan
        self.seed = seed
        self.course = course
        self.data = data
        prepared = Training(
            training, on: data, across: group, synchronizesStatistics: synchronizesStatistics)
    }

    /// All options by the names that they have on the command line, every default written out.
    package var options: [String: JSONValue] {
        var options = prepared.options(plan, on: data).merging(course.options) { $1 }
        options["seed"] = .integer(seed)
        options["data"] = dataFolder.map { .string($0) }
        return options.filter { $0.value != .null }
    }

    /// Checks that the teleports can move the model, and that all goes together.
    ///
    /// - Returns: The loss of the untrained model, from which on a loss may have risen.
    /// - Throws: As `CompareExperiment.check()`.
    @discardableResult
    package func check() throws -> Double {
        try prepared.check(plan, seed: seed, on: data.name)
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
        try prepared.checkData(after: divergence, seed: seed, on: data.name)
    }

    /// A job of the size of what is left, for `ProgressLine`.
    package func job(from checkpoint: Checkpoint?) -> ProgressLine.Job {
        var job = prepared.job(runs: 1)
        let all = Double(training.epochs) * Double(prepared.batchesPerEpoch)
        job.done = checkpoint.map { min(1, Double($0.state.progress.position.step) / all) } ?? 0
        return job
    }

    /// Trains the model from its beginning or from a checkpoint on.
    ///
    /// - Parameters:
    ///   - folder: Where checkpoints, records and the model go; of several processes the first writes them.
    ///   - checkpoint: Where to go on; nil for the beginning.
    ///   - progress: Shows how far it is.
    ///   - watch: Watches how busy the machine is.
    ///   - warn: Told of what could not be written: that costs what was to be written, and not the run.
    ///   - isCancelled: Asked before each step; once true, the run ends with a checkpoint.
    /// - Throws: As `TrainingRun.init(_:from:plan:)`, and `ReportError` if the records cannot be begun.
    package func run(
        in folder: TrainingFolder, from checkpoint: Checkpoint? = nil, progress: ProgressLine? = nil,
        watch: ProcessorWatch = ProcessorWatch(), warn: @escaping (String) -> Void = { _ in },
        isCancelled: @escaping () -> Bool = { false }
    ) throws -> TrainingSummary {
        let start = Date()
        let run =
            try checkpoint.map { try TrainingRun(prepared, from: $0.state, plan: plan) }
            ?? TrainingRun(prepared, seed: seed, plan: plan)
        let checkpoints = folder.checkpoints(keeping: course.keptCheckpoints)
        let isWriting = (prepared.group?.rank ?? 0) == 0
        run.isInterrupted = isCancelled
        if isWriting { try checkpoints.make() }
        let logs = isWriting ? try logs(in: folder, of: run.record) : []
        var savedStep = checkpoint.map { $0.state.progress.position.step }
        var failed: Set<Int> = []
        func save() {
            guard isWriting, savedStep != run.step, let state = run.state else { return }
            do throws(SafetensorsError) {
                try checkpoints.save(Checkpoint(state, options: options))
                savedStep = run.step
            } catch {
                warn(
                    "\(error); the run goes on, and the newest checkpoint is that of "
                        + (savedStep.map { "step \($0)" } ?? "no step"))
            }
        }
        func writeRecords() {
            guard !run.isOnTrial else { return }
            for (index, log) in logs.enumerated() {
                do throws(ReportError) { try log.append(run.record) } catch {
                    guard failed.insert(index).inserted else { continue }
                    warn("\(error); the run goes on, and what is missing is written when it can be")
                }
            }
        }
        var ending = TrainingSummary.Ending.complete
        var isDue = false
        while true {
            if hasDoneEnough(run) {
                ending = .stopped
                break
            }
            if isCancelled() {
                ending = .interrupted
                break
            }
            guard let event = run.next() else { break }
            progress?.show(event, of: run, arm: "train", number: 0)
            switch event {
            case .epoch: isDue = true
            case .step: isDue = isDue || course.checkpointEvery.map { run.step.isMultiple(of: $0) } ?? false
            case .teleports, .retraced, .verdict: break
            }
            writeRecords()
            if isDue, !run.isOnTrial {
                save()
                isDue = false
            }
        }
        if run.record.epochs.last.map({ !($0.trainLoss.isFinite && $0.testLoss.isFinite) }) == true {
            ending = .diverged
        }
        save()
        if isWriting, !run.isOnTrial {
            do throws(SafetensorsError) { try StateDictionary(of: run.model).file.write(to: folder.model) } catch {
                warn("\(error); the weights are in the newest checkpoint")
            }
        }
        return TrainingSummary(
            configuration: options, data: data.namedSizes,
            environment: Summary.Environment(of: training, watch: watch, date: start, processes: prepared.group?.size),
            ending: ending, run: run.record)
    }

    private func logs(in folder: TrainingFolder, of run: Run) throws(ReportError) -> [any RunLog] {
        let steps = prepared.batchesPerEpoch
        let records = try RecordLog(folder.records, of: run, stepsPerEpoch: steps)
        switch course.log {
        case .none: return [records]
        case .tensorBoard:
            return [
                records,
                try TensorBoardLog(
                    folder.tensorBoard, of: run, stepsPerEpoch: steps, learningRate: training.learningRate),
            ]
        }
    }

    private func hasDoneEnough(_ run: TrainingRun) -> Bool {
        if let until = course.until, until.isReached(by: run) { return true }
        guard let limit = course.earlyStopping else { return false }
        let losses = run.record.epochs.map(\.testLoss)
        guard let best = losses.indices.min(by: { losses[$0] < losses[$1] }) else { return false }
        return losses.count - 1 - best >= limit
    }
}

/// The folder of a training.
package struct TrainingFolder {
    /// The folder.
    package let url: URL

    /// A folder; nothing is made or read yet.
    package init(_ url: URL) { self.url = url }

    /// The options of the run, by their names on the command line.
    package var options: URL { url.appendingPathComponent("options.json") }
    /// A line for each epoch and teleport.
    package var records: URL { url.appendingPathComponent("records.jsonl") }
    /// The weights at the end, under PyTorch's names.
    package var model: URL { url.appendingPathComponent("model.safetensors") }

    /// The event files of TensorBoard.
    package var tensorBoard: URL { url.appendingPathComponent("tensorboard", isDirectory: true) }

    /// Removes what an earlier run left that would not go with another one: checkpoints, event files and weights.
    package func clear() {
        checkpoints(keeping: 0).clear()
        TensorBoardLog.clear(tensorBoard)
        unlink(model.path)
    }

    /// The checkpoints, of which so many are kept beside the best.
    package func checkpoints(keeping count: Int) -> CheckpointFolder {
        CheckpointFolder(url.appendingPathComponent("checkpoints", isDirectory: true), keeping: count)
    }
}
