import ArgumentParser
import Experiments
import Foundation
import Reporting
import Teleportation
import TextForms

/// `teleport learn`.
struct Learn: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Train optimizers that learn when and where to teleport, and try them on problems that they have not seen.",
        discussion: """
            LSTM networks learn to train perceptrons on small regressions (PS24 section 5.2): 'update' gives the update of all \
            weights, 'rate+teleport' a step size and a group element to teleport by, 'update+teleport' both. They are tried \
            beside gradient descent with the largest learning rate that does not diverge. What was learned goes to the output folder, \
            as lstm-update-teleport.safetensors and so on, after every few trajectories; --resume FOLDER goes on from there, with \
            the same options. \
            'compare --method learned:FILE' teleports with it. Ctrl-C ends the training with what there is.

            Examples:
              teleport learn --arms rate+teleport --trajectories 10 --output results/learned
              teleport learn --arms update+teleport --resume results/learned
              teleport learn --sizes 784,16,10 --samples 20 --arms update+teleport --trajectories 100
              teleport compare --model mlp:16:leaky-relu(0.1) --method learned:FILE
            """)

    @Option(help: "What to learn, one after the other.")
    var arms = LearnedQuantities(LearnedQuantity.allCases)

    @Option(
        help: """
            The training trajectories of each. (default: the paper's, \
            \(LearnedQuantity.allCases.map { "\(LearnExperiment.Arm.paperTrajectories($0)) for \($0.rawValue)" }.joined(separator: ", ")))
            """, in: 1...LearningCourse.mostTrajectories, orLeftOut: "for the paper's")
    var trajectories: Int?

    @Option(Self.setting("sizes")) var sizes: String?
    @Option(Self.setting("samples")) var samples: String?
    @Option(Self.setting("slope")) var slope: String?
    @Option(Self.setting("hidden-size")) var hiddenSize: String?
    @Option(Self.setting("group-element")) var groupElement: String?
    @Option(Self.setting("element-norm")) var elementNorm: String?
    @Option(Self.setting("trajectory-steps")) var trajectorySteps: String?
    @Option(Self.setting("unroll")) var unroll: String?
    @Option(Self.setting("update-learning-rate")) var updateLearningRate: String?
    @Option(Self.setting("teleport-learning-rate")) var teleportLearningRate: String?
    @Option(Self.setting("seed")) var seed: String?

    @Option(help: "The trajectories after which what was learned is written, each time.", atLeast: 1)
    var saveEvery = 10

    @Option(help: "The problems to try it on, none of which it has seen.", in: 1...1000)
    var testProblems = 20

    @Option(help: "The steps that are taken there.", atLeast: 1)
    var testSteps = 100

    @Option(help: "Go on from what this folder has.", naming: "folder", .directory)
    var resume: String?

    @OptionGroup(title: "Run") var execution: ExecutionOptions
    @OptionGroup(title: "Results") var output: OutputOptions

    /// The file of results.
    private static let record = "learning.json"

    private static func setting(_ name: String) -> Setting<LearningCourse> {
        guard let setting = LearningCourse.settings.first(where: { $0.name == name }) else {
            fatalError("no course of learning has a setting \(name)")
        }
        return setting
    }

    /// The settings, and what was given.
    private var given: [(name: String, text: String?)] {
        [
            ("sizes", sizes), ("samples", samples), ("slope", slope), ("hidden-size", hiddenSize),
            ("group-element", groupElement), ("element-norm", elementNorm), ("trajectory-steps", trajectorySteps),
            ("unroll", unroll), ("update-learning-rate", updateLearningRate),
            ("teleport-learning-rate", teleportLearningRate), ("seed", seed),
        ]
    }

    /// Refuses a device, which this is too small for, and to go on from where nobody knows.
    func validate() throws {
        if let device = execution.device, device != .cpu {
            throw ValidationError("--device \(device): the networks are too small for one; leave the option out")
        }
        try output.check(resuming: resume)
        try experiment().check()
    }

    private func experiment() throws -> LearnExperiment {
        var course = LearningCourse()
        for (name, text) in given {
            if let text { try Self.setting(name).set(&course, to: text) }
        }
        return LearnExperiment(
            arms.values.map { quantity in
                course.metaOptimizer.quantity = quantity
                return LearnExperiment.Arm(
                    course, trajectories: trajectories ?? LearnExperiment.Arm.paperTrajectories(quantity))
            }, unseenProblems: testProblems, unseenSteps: testSteps, saveEvery: saveEvery,
            dtype: execution.dtype ?? ModelOptions.standard.dtype, resumes: resume != nil)
    }

    /// Refuses to lose what was learned before.
    private func checkFolder(_ experiment: LearnExperiment) throws(Results.Failure) {
        guard let path = output.output, !output.overwrite else { return }
        var experiment = experiment
        experiment.folder = URL(fileURLWithPath: path, isDirectory: true)
        guard let file = experiment.files.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
            return
        }
        throw Results.Failure(
            description:
                "--output \(path): holds \(file.lastPathComponent) of an earlier run; give --resume to go on from it, "
                + "--overwrite, or another folder")
    }

    mutating func run() throws {
        let watch = execution.apply()
        var experiment = try experiment()
        try checkFolder(experiment)
        let results = try output.results(resuming: resume, else: "learn", record: Self.record)
        experiment.folder = results.folder

        let progress = ProgressLine(job: experiment.job, quiet: execution.quiet)
        let interruption = Interruption()
        let start = Date()
        defer { progress.finish() }
        let result = try experiment.run(progress: progress, isCancelled: { interruption.isRequested })
        progress.finish()

        try results.save(
            result.json(date: start, processorWait: watch.waitingShare), result,
            .init(
                of: Self.self, "Learning to teleport", lead: "Losses of problems that none of the optimizers has seen.",
                isInterrupted: interruption.isRequested,
                divergence: result.namesOfDiverged.first.map { "\($0) comes to losses that are not finite" }),
            on: execution.console)
        Console.warn(of: watch, isQuiet: execution.quiet)
        if interruption.isRequested {
            Console.warn("interrupted; what was learned so far is kept, and --resume goes on from it")
            throw ExitCode(130)
        }
        if let name = result.namesOfDiverged.first {
            Console.fail(
                "training diverged: \(name) comes to losses that are not finite; lower --update-learning-rate or "
                    + "--teleport-learning-rate")
            throw Console.ExitStatus.diverged
        }
    }
}
