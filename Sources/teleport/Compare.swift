import ArgumentParser
import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Optimizers
import Reporting
import Teleportation
import Torch

/// `teleport compare`.
struct Compare: ResumableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train the same model with and without teleportation, and compare.",
        discussion: """
            Both arms start from the same weights and see the same batches. The results are printed and written to the \
            output folder: summary.json, and the loss curves as SVG and PNG where gnuplot is installed. Ctrl-C ends the \
            run with what there is; --resume FOLDER goes on with it, or with one that was killed, and runs no arm and seed again \
            that is done.

            --sweep OPTION=FROM..TO:COUNT, or OPTION=A,B,C, compares at each value, and writes sweep.json, a table and a figure of \
            the final losses, best against best and the regret: by epochs, by gradients computed, and by time.

            Without --dataset, the run uses generated digits and needs no files. Every option can stand in a YAML file \
            (--config FILE) under its name without the dashes, as in 'learning-rate: 0.1'; the command line wins.

            Examples:
              teleport compare
              teleport compare --dataset mnist --data DIR --learning-rate 0.1 --seeds 3
              teleport compare --dataset cifar-10 --data DIR --model cnn --learning-rate 1e-4
              teleport compare --objective gradient-norm --step-size fixed:0.2 --cap fixed:5
              teleport compare --method null-space:teleport-steps=8 --schedule every:400 --trial-steps 32
              teleport compare --method symmetry --model mlp:512,512:leaky-relu(0.1)
              teleport compare --dataset etth1 --data DIR --model transformer:heads=4,head-size=16,layers=2
              teleport compare --config FILE --epochs 10 --output results/long
              teleport compare --resume results/long
              teleport compare --sweep learning-rate=1e-3..1:7 --seeds 3 --output results/rates
            """)

    @OptionGroup(title: "Data and model") var model: ModelOptions
    @OptionGroup(title: "Teleportation") var teleportation: TeleportationOptions
    @OptionGroup(title: "Schedule") var schedule: ScheduleOptions
    @OptionGroup(title: "Run") var execution: ExecutionOptions
    @OptionGroup(title: "Processes") var processes: ProcessOptions
    @OptionGroup(title: "Results") var output: OutputOptions

    @Option(help: "The passes over the training data.", atLeast: 1)
    var epochs = ModelOptions.standard.epochs

    @Option(help: ArgumentHelp("A count of seeds (0, 1, ...) or a list, as 4,7.", valueName: "seeds"))
    var seeds = Seeds([0, 1, 2])

    @Option(
        help: ArgumentHelp(
            "Compare at each of these values of an option, as learning-rate=1e-4..1:9 or optimizer=sgd,adam.",
            valueName: "option=values"))
    var sweep: SweepRange?

    @Option(help: "Go on with the comparison in this folder.", naming: "folder", .directory)
    var resume: String?

    /// The file of results.
    private var record: String { sweep == nil ? "summary.json" : "sweep.json" }

    func validate() throws {
        try output.check(resuming: resume)
    }

    mutating func run() throws {
        let watch = execution.apply()
        let arguments = try Self.completedArguments()
        let processes = try self.processes.join()
        if processes.restarts > 0 { resume = resume ?? output.resumable }
        if let sweep { return try run(sweep, arguments, watch, processes) }
        let (experiment, data) = try experiment(processes)
        try processes.agree(on: experiment.configuration, data: data.digest)
        let startingLoss = try experiment.check()
        if let resume { try archive(of: experiment, in: URL(fileURLWithPath: resume), processes).check() }
        execution.chooseThreads(processes) { experiment.chooseThreads() }
        let results = try begin(arguments, else: data.name, processes)
        for notice in schedule.notices(model, teleportation, epochs: epochs, on: data) {
            execution.console.notice(notice)
        }

        let interruption = Interruption()
        let isCancelled = processes.isCancelled(by: interruption)
        let summary = try compare(experiment, in: results.folder, watch, processes, isCancelled)

        let report = ComparisonReport(summary)
        let divergence = Divergence(
            of: summary.arms.baseline.runs + summary.arms.teleport.runs, from: startingLoss)
        let isInterrupted = isCancelled()
        if processes.isFirst {
            try results.save(
                summary, report,
                .init(
                    of: Self.self, "With and without teleports",
                    lead: "\(experiment.training.architecture.text) on \(data.name)", isInterrupted: isInterrupted,
                    divergence: divergence?.description), on: execution.console)
        }
        Console.warn(of: watch, isQuiet: execution.quiet)
        if isInterrupted {
            Console.warn(
                "interrupted; the results hold the epochs that were finished, and 'teleport compare --resume "
                    + "\(results.folder.relativePath)' goes on")
            throw ExitCode(130)
        }
        if let divergence {
            try experiment.checkData(after: divergence)
            throw Console.divergence(divergence.description, learningRate: experiment.training.learningRate)
        }
    }

    static func arguments(of folder: TrainingFolder) throws -> [String] {
        try ResumedRun.options(of: folder, as: [String].self)
    }

    /// The comparison, on samples that are at hand, or else on its own.
    private func experiment(
        _ processes: Processes, on samples: Split<any Dataset>? = nil
    ) throws -> (CompareExperiment, Split<any Dataset>) {
        if let samples { try model.task.check(samples) }
        let data = try samples ?? model.split()
        let plan = try schedule.plan(teleportation)
        return (
            CompareExperiment(
                model.training(epochs: epochs, execution), plan: plan, seeds: seeds, on: data, across: processes.group,
                synchronizesStatistics: self.processes.synchronizesStatistics),
            data
        )
    }

    /// The folder of the results, with what it takes to go on with the comparison in it; the first of several processes makes it.
    private func begin(_ arguments: [String], else job: String, _ processes: Processes) throws -> Results {
        defer { processes.group?.barrier() }
        guard processes.isFirst else { return Results(reading: resume ?? output.output ?? "", record: record) }
        let results = try output.results(resuming: resume, else: job, record: record)
        if resume == nil {
            for name in [Self.runs, Self.cells] {
                try? FileManager.default.removeItem(at: results.folder.appendingPathComponent(name))
            }
        }
        try ResumedRun.keep(arguments, of: Self.self, in: TrainingFolder(results.folder))
        return results
    }

    /// The folder of the finished runs.
    private static let runs = "runs"

    /// Where the finished runs of a comparison are kept.
    private func archive(of experiment: CompareExperiment, in folder: URL, _ processes: Processes) -> RunArchive {
        RunArchive(
            folder.appendingPathComponent(Self.runs), options: experiment.configuration, keepsRuns: processes.isFirst)
    }

    /// Runs a comparison, and keeps its runs as they end.
    private func compare(
        _ experiment: CompareExperiment, in folder: URL, _ watch: ProcessorWatch, _ processes: Processes,
        _ isCancelled: () -> Bool
    ) throws -> Summary {
        let progress = ProgressLine(job: experiment.job, quiet: execution.quiet || !processes.isFirst)
        defer { progress.finish() }
        return try experiment.run(
            progress: progress, watch: watch,
            archive: archive(of: experiment, in: folder, processes),
            warn: { progress.print(Console.warning($0)) }, isCancelled: isCancelled)
    }

    // MARK: Sweeps

    /// The folder of the comparisons of a sweep.
    private static let cells = "cells"

    /// The folder of the comparison at a value, in the folder of its sweep.
    private static func folder(of value: String, of sweep: SweepRange, in folder: URL) -> URL {
        folder.appendingPathComponent("\(cells)/\(sweep.option)=\(value.replacing("/", with: "_"))")
    }

    /// The comparisons of a sweep, each parsed from all arguments with the value behind them.
    private func cells(of sweep: SweepRange, _ arguments: [String]) throws -> [Compare] {
        let taken = ["sweep", "resume", "output", "config", "seeds", "threads", "data"]
        guard CommandOptions(of: Self.self).valued.subtracting(taken).contains(sweep.option) else {
            throw ValidationError(
                "--sweep \(sweep.option): is no option that a comparison can be swept over; see 'compare --help'")
        }
        let kept = ArgumentList(arguments.dropFirst(), of: Self.self).withoutPlace.without(["sweep"]).arguments
        return try sweep.values.map { value in
            do { return try Self.parse(kept + ["--\(sweep.option)=\(value)"]) } catch {
                throw ValidationError("--sweep: " + Self.message(for: error))
            }
        }
    }

    private func run(
        _ sweep: SweepRange, _ arguments: [String], _ watch: ProcessorWatch, _ processes: Processes
    ) throws {
        let cells = try cells(of: sweep, arguments)
        var experiments: [CompareExperiment] = []
        // All values have the same samples, which are read once, unless it is these that are swept over.
        var samples: Split<any Dataset>?
        var notices: [String] = []
        for cell in cells {
            let (experiment, own) = try cell.experiment(processes, on: samples)
            try processes.agree(on: experiment.configuration, data: own.digest)
            try experiment.check()
            experiments.append(experiment)
            let said = cell.schedule.notices(cell.model, cell.teleportation, epochs: cell.epochs, on: own)
            notices += said.filter { !notices.contains($0) }
            if !TaskOptions.optionsOfData.contains(sweep.option) { samples = own }
        }
        if let resume {
            for (value, experiment) in zip(sweep.values, experiments) {
                let folder = Self.folder(of: value, of: sweep, in: URL(fileURLWithPath: resume))
                try archive(of: experiment, in: folder, processes).check()
            }
        }
        if let first = experiments.first { execution.chooseThreads(processes) { first.chooseThreads() } }
        let results = try begin(arguments, else: "sweep-\(sweep.option)", processes)
        for notice in notices { execution.console.notice(notice) }
        let interruption = Interruption()
        let isCancelled = processes.isCancelled(by: interruption)
        var isInterrupted = false
        var record: [SweepRecord.Cell] = []
        var environment: Summary.Environment?
        for (index, (value, experiment)) in zip(sweep.values, experiments).enumerated() {
            execution.console.notice("\(sweep.option) \(value), \(index + 1) of \(sweep.values.count)")
            let folder = Self.folder(of: value, of: sweep, in: results.folder)
            let summary = try compare(experiment, in: folder, watch, processes, isCancelled)
            // Of a cell that was cut short there is nothing to compare.
            isInterrupted = isCancelled()
            if isInterrupted { break }
            environment = environment ?? summary.environment
            record.append(SweepRecord.Cell(value: value, epochs: experiment.training.epochs, arms: summary.arms))
        }
        if processes.isFirst, let environment, let first = experiments.first {
            let found = SweepRecord(
                option: sweep.option, configuration: first.configuration.merging(["sweep": .string(sweep.text)]) { $1 },
                environment: environment, values: record)
            let report = SweepReport(found)
            try results.save(
                found, report,
                .init(
                    of: Self.self, "With and without teleports at each \(sweep.option)",
                    lead:
                        "\(first.training.architecture.text), \(record.count) of \(sweep.values.count.counted("value"))",
                    isInterrupted: isInterrupted), on: execution.console)
        }
        Console.warn(of: watch, isQuiet: execution.quiet)
        if isInterrupted {
            Console.warn("interrupted; 'teleport compare --resume \(results.folder.relativePath)' goes on")
            throw ExitCode(130)
        }
    }
}
