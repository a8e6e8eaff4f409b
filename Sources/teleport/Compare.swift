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
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train the same model with and without teleportation, and compare.",
        discussion: """
            Both arms start from the same weights and see the same batches. The results are printed and written to the \
            output folder: summary.json, and the loss curves as SVG and PNG where gnuplot is installed. Ctrl-C ends the \
            run with what there is.

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
            """)

    @OptionGroup(title: "Data and model") var model: ModelOptions
    @OptionGroup(title: "Teleportation") var teleportation: TeleportationOptions
    @OptionGroup(title: "Schedule") var schedule: ScheduleOptions
    @OptionGroup(title: "Run") var execution: ExecutionOptions
    @OptionGroup(title: "Results") var output: OutputOptions

    @Option(help: "The passes over the training data.", atLeast: 1)
    var epochs = ModelOptions.standard.epochs

    @Option(help: ArgumentHelp("A count of seeds (0, 1, ...) or a list, as 4,7.", valueName: "seeds"))
    var seeds = Seeds([0, 1, 2])

    /// The file of results.
    private static let record = "summary.json"

    mutating func run() throws {
        let watch = execution.apply()
        let data = try model.split()
        let plan = try schedule.plan(teleportation)
        let experiment = CompareExperiment(
            model.training(epochs: epochs, execution), plan: plan, seeds: seeds, on: data)
        let startingLoss = try experiment.check()
        let results = try output.results(else: data.name, record: Self.record)
        if !execution.quiet {
            for notice in model.capped(by: data) + teleportation.capped(by: data.train.count) { Console.warn(notice) }
        }

        let progress = ProgressLine(job: experiment.job, quiet: execution.quiet)
        let interruption = Interruption()
        let summary = try experiment.run(
            progress: progress, watch: watch, isCancelled: { interruption.isRequested })
        progress.finish()

        if !execution.quiet { Console.show("\(ComparisonReport(summary))\n") }
        try results.save(summary, LossCurves(summary).figures, isQuiet: execution.quiet)
        Console.warn(of: watch, isQuiet: execution.quiet)
        if interruption.isRequested {
            Console.warn("interrupted; the results hold the epochs that were finished")
            throw ExitCode(130)
        }
        let runs = summary.arms.baseline.runs + summary.arms.teleport.runs
        if let divergence = Divergence(of: runs, from: startingLoss) {
            try experiment.checkData(after: divergence)
            throw Console.divergence(divergence.description, learningRate: experiment.training.learningRate)
        }
    }
}
