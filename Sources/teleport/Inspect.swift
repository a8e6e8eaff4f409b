import ArgumentParser
import Experiments
import Foundation
import Reporting
import Teleportation
import TextForms
import Torch

/// `teleport inspect`.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how much room each layer has to teleport, and what a teleport does with it.",
        discussion: """
            For each layer that can move: the dimensions of its input that are free on one batch when the given shares of \
            the energy are kept. For each share: loss and squared gradient norm along a teleport on that batch. The \
            results are printed and written to the output folder: inspection.json, and figures where gnuplot is installed.

            Examples:
              teleport inspect
              teleport inspect --dataset mnist --data DIR --epochs 1 --samples 256
              teleport inspect --dataset cifar-10 --data DIR --model cnn --tau 0.99,0.999,1
              teleport inspect --epochs 1 --learning-rate 0.1 --objective lookahead --steps 4
            """)

    @OptionGroup(title: "Data and model") var model: ModelOptions

    @Option(help: "Train for so many epochs before the look at the model.", atLeast: 0)
    var epochs = 0

    @Option(help: "The samples of the batch to look at.", atLeast: 1)
    var samples = Self.standardSamples

    @Option(help: "The shares of the inputs' energy to keep untouched, each on its own.")
    var tau = Shares([0.9, 0.99, 0.999, 1])

    @Option(
        help: """
            What the steps raise, gradient-norm or preconditioned-norm, or lower: lookahead, the loss after the next step of \
            --optimizer.
            """, completion: .list(objectives),
        transform: { text throws(Remedy) in
            do throws(TextError) { return try Climb(objectiveText: text) } catch {
                throw Remedy(error, offering: objectives)
            }
        })
    var objective = Climb()

    @Option(help: "The most teleport steps to take.", atLeast: 1)
    var steps = 8

    @Option(
        help: """
            The length of a step: growth:RATE of the objective, fixed:ETA, or share:SHARE of the weights' norm. (default: \
            growth:0.5, with lookahead share:0.05)
            """)
    var stepSize: StepSize?

    @Option(help: "Decides the weights, the order of training and the batch.", in: 0...999_999_999)
    var seed = 0

    @OptionGroup(title: "Run") var execution: ExecutionOptions
    @OptionGroup(title: "Results") var output: OutputOptions

    /// The names of the objectives.
    private static let objectives = TeleportOption.named("objective").choices

    /// The samples to look at where nobody says how many.
    private static let standardSamples = 32

    /// The file of results.
    private static let record = "inspection.json"

    mutating func run() throws {
        let watch = execution.apply()
        let data = try model.split()
        var climb = objective
        climb.steps = steps
        if let stepSize { climb.stepSize = stepSize }
        let experiment = InspectExperiment(
            model.training(epochs: epochs, execution), seed: seed, samples: samples, climb: climb, taus: tau.values,
            on: data)
        let startingLoss = try experiment.check()
        let results = try output.results(else: "inspect-\(data.name)", record: Self.record)
        let given = samples == Self.standardSamples ? nil : samples
        for notice in model.capped(by: data)
            + [Console.capped("samples", given, by: data.train.count)].compactMap(\.self)
        {
            execution.console.notice(notice)
        }

        let progress = ProgressLine(job: experiment.job, quiet: execution.quiet)
        let interruption = Interruption()
        defer { progress.finish() }
        let learningRate = experiment.training.learningRate
        let inspection: Inspection
        do {
            inspection = try experiment.run(
                from: startingLoss, progress: progress, watch: watch, isCancelled: { interruption.isRequested })
        } catch let error as Divergence {
            progress.finish()
            throw Console.divergence(error.description, learningRate: learningRate)
        } catch let error as TorchError where epochs > 0 {
            progress.finish()
            throw Console.divergence(error.description, learningRate: learningRate)
        }
        progress.finish()

        let report = InspectionReport(inspection)
        try results.save(
            inspection, report,
            .init(
                of: Self.self, "Room to teleport", lead: "\(experiment.training.architecture.text) on \(data.name)",
                isInterrupted: interruption.isRequested), on: execution.console)
        Console.warn(of: watch, isQuiet: execution.quiet)
        if interruption.isRequested {
            Console.warn("interrupted; the model was looked at as it was then")
            throw ExitCode(130)
        }
    }
}
