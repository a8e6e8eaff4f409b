import ArgumentParser
import Experiments
import Foundation
import Reporting
import Teleportation
import TextForms
import Torch

/// `teleport lr-find`.
struct LearningRates: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lr-find",
        abstract: "Find learning rates to train with, without teleports and with them, by a range test.",
        discussion: """
            The learning rate grows from step to step by the same factor, from --from to --to, and the loss of each step is smoothed. \
            The test ends early where the smoothed loss exceeds four times its least, or is not finite. Three rules read a learning \
            rate off the curve, as in fastai and Lightning: where the loss falls the steepest, a tenth of the rate at which it is \
            least, and the middle of the longest valley. Both arms start from the same weights and see the same batches.

            Teleports look at the rate of their moment, so that they come again and again; each is on trial for the steps up to the \
            next ones. --schedule none tests without teleports alone. A few hundred steps say what diverges and what is too slow to see; \
            'compare --sweep' says what trains best.

            The results are printed and written to the output folder: learning-rates.json, and the curves as SVG and PNG where \
            gnuplot is installed.

            Examples:
              teleport lr-find
              teleport lr-find --dataset mnist --data DIR --optimizer adam --seeds 3
              teleport lr-find --dataset cifar-10 --data DIR --model cnn --from 1e-5 --to 1 --steps 400
              teleport lr-find --schedule none --json
            """)

    @OptionGroup(title: "Data and model") var model: ModelOptions
    @OptionGroup(title: "Teleportation") var teleportation: TeleportationOptions
    @OptionGroup(title: "Run") var execution: ExecutionOptions
    @OptionGroup(title: "Results") var output: OutputOptions

    @Option(positiveNumber: "The learning rate of the first step.")
    var from = 1e-5

    @Option(positiveNumber: "The learning rate of the last step.")
    var to = 10.0

    @Option(help: "The training steps from one to the other.", in: 20...100_000)
    var steps = 200

    @Option(
        share: ArgumentHelp(
            "The share of its value that the smoothed loss keeps at each step, from 0 to below 1.", valueName: "share"))
    var smoothing = LearningRateCurve.standardSmoothing

    @Option(help: ArgumentHelp("A count of seeds (0, 1, ...) or a list, as 4,7.", valueName: "seeds"))
    var seeds = Seeds([0])

    @Option(
        moments: ArgumentHelp(
            """
            When to teleport, in steps of the test counted from 0: every so many (every:10), before some (steps:0,100), or none; \
            epochs (0-4 or auto) are those of the training data.
            """, valueName: "moments"))
    var schedule = TeleportSchedule.Moments.every(10)

    @Option(
        help: """
            The steps for which teleports are on trial: taken with and without them, and the better way is gone on with; 0 for no \
            trial. The next teleports cut a trial short. (default: an eighth of the steps between teleports, 16 to 64)
            """, atLeast: 0, orLeftOut: "for an eighth of the steps between teleports")
    var trialSteps: Int?

    @Option(help: .optimizerState)
    var optimizerState = TeleportPlan().optimizerState

    /// The file of results.
    private static let record = "learning-rates.json"

    func validate() throws {
        guard to > from else {
            throw ValidationError(
                "--to \(to.shortText): the learning rate grows, and begins at --from \(from.shortText); give a larger --to, or a smaller "
                    + "--from")
        }
        guard model.task.learningRate == nil else {
            throw ValidationError(
                "--learning-rate: a range test goes through all rates from --from to --to; leave the option out")
        }
    }

    mutating func run() throws {
        let watch = execution.apply()
        let data = try model.split()
        var plan = try teleportation.plan()
        plan.schedule.moments = schedule
        plan.trialSteps = trialSteps
        plan.optimizerState = optimizerState
        // Learning rate and epochs are those of the test.
        let finder = LearningRateFinder(
            model.training(epochs: 1, execution), plan: plan,
            range: LearningRateRange(from: from, to: to, steps: steps), smoothing: smoothing,
            seeds: seeds, on: data)
        try finder.check()
        let results = try output.results(else: "lr-find-\(data.name)", record: Self.record)
        for notice in model.capped(by: data) + teleportation.capped(by: data.train.count) {
            execution.console.notice(notice)
        }

        let progress = ProgressLine(job: finder.job, quiet: execution.quiet)
        let interruption = Interruption()
        defer { progress.finish() }
        let record = try finder.run(progress: progress, watch: watch, isCancelled: { interruption.isRequested })
        progress.finish()

        let divergence =
            record.arms.baseline.isWithoutSuggestions
            ? "the loss runs away before any rule can tell where it falls" : nil
        try results.save(
            record, RangeTestReport(record),
            .init(
                of: Self.self, "Range test of the learning rate",
                lead: "\(finder.training.architecture.text) on \(data.name)",
                isInterrupted: interruption.isRequested, divergence: divergence), on: execution.console)
        Console.warn(of: watch, isQuiet: execution.quiet)
        if interruption.isRequested {
            Console.warn("interrupted; the results hold the steps that were taken")
            throw ExitCode(130)
        }
        if let divergence {
            Console.warn("training diverged: \(divergence); lower --from, which was \(from.shortText)")
            throw Console.ExitStatus.diverged
        }
    }
}
