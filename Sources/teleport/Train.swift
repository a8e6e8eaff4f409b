import ArgumentParser
import Datasets
import Experiments
import Foundation
import Reporting
import Torch

/// `teleport train`.
struct Train: ResumableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train one model with teleports, in a run that can be killed and gone on with.",
        discussion: """
            The output folder gets options.json, records.jsonl with a line for each epoch and teleport as they end, checkpoints/ with \
            the newest checkpoints and the one of the lowest test loss, and in the end model.safetensors, the weights under PyTorch's \
            names, and summary.json. --schedule none trains without teleports.

            --resume FOLDER goes on from the newest checkpoint, to the same numbers as if nothing had happened: no other option \
            is needed. What says how long the run lasts, where it runs and what it writes may be given anew, as --epochs 20; what \
            would make it another run is refused.

            Examples:
              teleport train --dataset mnist --data DIR --learning-rate 0.1 --epochs 10 --output results/mnist
              teleport train --resume results/mnist
              teleport train --resume results/mnist --epochs 20
              teleport train --model mlp:64 --optimizer adamw --checkpoint-every 500 --until test-loss:0.2 --early-stopping 3
              teleport train --log tensorboard --output results/logged
              torchrun --no-python --nproc-per-node 2 teleport train --batch-size 256 --output results/two
            """)

    @OptionGroup(title: "Data and model") var model: ModelOptions
    @OptionGroup(title: "Teleportation") var teleportation: TeleportationOptions
    @OptionGroup(title: "Schedule") var schedule: ScheduleOptions
    @OptionGroup(title: "Run") var execution: ExecutionOptions
    @OptionGroup(title: "Processes") var processes: ProcessOptions
    @OptionGroup(title: "Results") var output: OutputOptions

    @Option(help: "The passes over the training data.", atLeast: 1)
    var epochs = ModelOptions.standard.epochs

    @Option(help: "What weights, the order of the batches and teleports follow from.", in: 0...999_999_999)
    var seed = 0

    @Option(help: "Go on with the run in this folder.", naming: "folder", .directory)
    var resume: String?

    @Option(
        help: "Write a checkpoint after every so many training steps, too, and not only after each epoch.", atLeast: 1,
        orLeftOut: "for those after epochs alone")
    var checkpointEvery: Int?

    @Option(help: "How many of the newest checkpoints are kept, beside that of the lowest test loss.", atLeast: 1)
    var keep = TrainExperiment.Course().keptCheckpoints

    @Option(
        help: ArgumentHelp(
            "End the run there: train-loss:LOSS or test-loss:LOSS after an epoch that reaches it, or step:NUMBER.",
            valueName: "condition"))
    var until: StopCondition?

    @Option(
        help: "End the run after so many epochs in a row without a lower test loss.", atLeast: 1,
        orLeftOut: "for all epochs")
    var earlyStopping: Int?

    @Option(
        help: """
            What is written on the way beside records.jsonl: tensorboard, event files in the folder tensorboard/ for \
            'tensorboard --logdir FOLDER', or none.
            """)
    var log = TrainExperiment.Course().log

    /// The file of results.
    private static let record = "summary.json"

    func validate() throws {
        try output.check(resuming: resume)
    }

    mutating func run() throws {
        let watch = execution.apply()
        let processes = try self.processes.join()
        if processes.restarts > 0 { resume = resume ?? output.resumable }
        let data = try model.split()
        let experiment = TrainExperiment(
            model.training(epochs: epochs, execution), plan: try schedule.plan(teleportation), seed: seed,
            course: TrainExperiment.Course(
                checkpointEvery: checkpointEvery, keptCheckpoints: keep, until: until, earlyStopping: earlyStopping,
                log: log),
            on: data, from: model.task.data.map { URL(fileURLWithPath: $0, isDirectory: true).path },
            across: processes.group, synchronizesStatistics: self.processes.synchronizesStatistics)
        try processes.agree(on: experiment.options, data: data.digest)
        let startingLoss = try experiment.check()
        execution.chooseThreads(processes) { experiment.chooseThreads() }
        let (results, folder, checkpoint) = try place(for: experiment, of: data.name, processes)
        for notice in schedule.notices(model, teleportation, epochs: epochs, on: data) {
            execution.console.notice(notice)
        }

        let progress = ProgressLine(
            job: experiment.job(from: checkpoint), quiet: execution.quiet || !processes.isFirst)
        let interruption = Interruption()
        let summary = try experiment.run(
            in: folder, from: checkpoint, progress: progress, watch: watch,
            warn: { progress.print(Console.warning($0)) },
            isCancelled: processes.isCancelled(by: interruption))
        progress.finish()

        let divergence = Divergence(of: [summary.run], from: startingLoss)
        try results?.save(
            summary, summary,
            .init(
                of: Self.self, "Training with teleports",
                lead: "\(experiment.training.architecture.text) on \(data.name)",
                isInterrupted: summary.ending == .interrupted, divergence: divergence?.description),
            on: execution.console)
        Console.warn(of: watch, isQuiet: execution.quiet)
        switch summary.ending {
        case .interrupted:
            Console.warn("interrupted; go on with 'teleport train --resume \(folder.url.relativePath)'")
            throw ExitCode(130)
        case .complete, .stopped, .diverged:
            if let divergence {
                try experiment.checkData(after: divergence)
                throw Console.divergence(divergence.description, learningRate: experiment.training.learningRate)
            }
        }
    }

    static func arguments(of folder: TrainingFolder) throws -> [String] {
        try options(of: folder).compactMap { name, value in value.argument.map { "--\(name)=\($0)" } }.sorted()
    }

    private static func options(of folder: TrainingFolder) throws(ResumedRun.Failure) -> [String: JSONValue] {
        try ResumedRun.options(of: folder, as: [String: JSONValue].self)
    }

    /// The folder, with the options of the run in it, and the checkpoint to go on from.
    ///
    /// - Returns: Likewise, and the place for results, which the first of several processes has.
    private func place(
        for experiment: TrainExperiment, of dataset: String, _ processes: Processes
    ) throws -> (results: Results?, folder: TrainingFolder, checkpoint: Checkpoint?) {
        guard let group = processes.group else { return try place(for: experiment, of: dataset) }
        // The others read what is there when the first has made it.
        let first = processes.isFirst ? try place(for: experiment, of: dataset) : nil
        group.barrier()
        let folder = first?.folder ?? TrainingFolder(URL(fileURLWithPath: resume ?? "", isDirectory: true))
        let checkpoint =
            try first?.checkpoint
            ?? (resume == nil ? nil : folder.checkpoints(keeping: keep).newest { Console.warn($0) })
        try group.agree(
            on: [
                "the newest checkpoint": checkpoint.map { "that of step \($0.state.progress.position.step)" } ?? "none"
            ])
        return (first?.results, folder, checkpoint)
    }

    private func place(
        for experiment: TrainExperiment, of dataset: String
    ) throws -> (results: Results, folder: TrainingFolder, checkpoint: Checkpoint?) {
        let results = try output.results(resuming: resume, else: "train-\(dataset)", record: Self.record)
        let folder = TrainingFolder(results.folder)
        let checkpoints = folder.checkpoints(keeping: keep)
        var checkpoint: Checkpoint?
        if let resume {
            for notice in try changes(
                from: Self.options(of: folder), to: experiment.options, in: resume)
            { execution.console.notice(notice) }
            checkpoint = try checkpoints.newest { Console.warn($0) }
            if checkpoint == nil {
                execution.console.notice("--resume \(resume): there is no checkpoint yet; beginning anew")
            }
        } else {
            folder.clear()
        }
        do throws(ReportError) { try JSONValue.object(experiment.options).write(to: folder.options) } catch {
            throw Results.Failure(description: "\(error)")
        }
        return (results, folder, checkpoint)
    }

    /// What to say of options that are not those that the run was begun with.
    ///
    /// - Throws: `Results.Failure` if they would make it another run.
    private func changes(
        from old: [String: JSONValue], to new: [String: JSONValue], in folder: String
    ) throws(Results.Failure) -> [String] {
        let changes = new.changes(from: old)
        let forbidden = changes.filter { !TrainExperiment.changeableOptions.contains($0.name) }.map(\.sentence)
        guard forbidden.isEmpty else {
            throw Results.Failure(
                description:
                    "--resume \(folder): \(forbidden.joined(separator: "; ")): that would be another run; leave out what "
                    + "differs, or begin a run with another --output")
        }
        return changes.map { "--resume \(folder): \($0.sentence)" }
    }
}
