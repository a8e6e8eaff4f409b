import ArgumentParser
import Datasets
import Experiments
import Foundation
import Teleportation
import TextForms
import Torch

/// What a model is made for, and which optimizer trains it.
struct TaskOptions: ParsableArguments {
    private static let standard = TrainingConfiguration()

    @Option(
        help:
            "The data set: \(DatasetName.allCases.map(\.rawValue).alternatives); digits are generated and need no files."
    )
    var dataset = DatasetName.digits

    @Option(
        help: "The folder with one subfolder for each data set; by default $TELEPORT_DATA, else the user's cache.",
        naming: "folder", .directory)
    var data: String?

    @Option(
        help: "Train on so many samples drawn from the training data; by default on all.", atLeast: 1,
        orLeftOut: "for all samples")
    var trainingSamples: Int?

    @Option(
        help: "Test on so many samples drawn from the test data; by default on all.", atLeast: 1,
        orLeftOut: "for all samples")
    var testSamples: Int?

    @Option(
        model: ArgumentHelp(
            """
            The model: mlp:SIZES[:ACTIVATION], cnn[:CHANNELS[:ACTIVATION]], resnet[:CHANNELS] or \
            transformer[:heads=H,head-size=S,layers=L], as mlp:16,10:leaky-relu(0.1), cnn:16,32,64 or transformer:layers=2; \
            or a YAML file with a list of layers, FILE.yaml, as Examples/PyTorch/stack.yaml.
            """,
            valueName: "model"))
    var model = standard.architecture

    @Option(
        help: ArgumentHelp(
            """
            The optimizer: \(OptimizerOption.forms); as adam:beta1=0.95,epsilon=1e-6 or momentum:mu=0.8,nesterov. \
            What is not given is as in PyTorch. muon is Muon for all matrices, embeddings among them, and AdamW for the \
            rest, with the adjustment match-rms-adamw where none is given, so that one learning rate suits both.
            """,
            valueName: "optimizer"))
    var optimizer = standard.optimizer

    @Option(
        help: """
            The learning rate; by default \(OptimizerOption.usualLearningRates).
            """, orLeftOut: "for the usual one of the optimizer")
    var learningRate: Double?

    /// The samples to train and test on, with which the model goes.
    func split() throws -> Split<any Dataset> {
        let catalog = data.map { Catalog(folder: URL(fileURLWithPath: $0, isDirectory: true)) } ?? Catalog()
        let all = try catalog.dataset(dataset)
        try check(all)
        for warning in all.warnings { Console.warn("\(warning)") }
        return all.replacing(
            train: trainingSamples.map { all.train.thinned(to: $0) } ?? all.train,
            test: testSamples.map { all.test.thinned(to: $0) } ?? all.test)
    }

    /// The options that say which samples there are.
    static let optionsOfData: Set<String> = ["dataset", "training-samples", "test-samples"]

    /// Checks that the model goes with samples.
    func check(_ data: Split<any Dataset>) throws { try model.check(inputShape: data.inputShape, task: data.task) }

    /// What to say of numbers that are larger than what the data have.
    func capped(by data: Split<any Dataset>) -> [String] {
        [
            Console.capped("training-samples", trainingSamples, by: data.train.count),
            Console.capped("test-samples", testSamples, by: data.test.count),
        ].compactMap(\.self)
    }

    func training(
        batchSize: Int? = nil, epochs: Int, dtype: DType?, _ execution: ExecutionOptions
    ) -> TrainingConfiguration {
        TrainingConfiguration(
            architecture: model, optimizer: optimizer, learningRate: learningRate,
            batchSize: batchSize ?? Self.standard.batchSize, epochs: epochs, dtype: dtype ?? Self.standard.dtype,
            device: execution.device ?? Self.standard.device)
    }
}

/// What a model is made for, and how it is trained.
struct ModelOptions: ParsableArguments {
    /// How a model is trained where nothing else is said.
    static let standard = TrainingConfiguration()

    @OptionGroup var task: TaskOptions

    @Option(help: "The samples in a training batch.", atLeast: 1)
    var batchSize = standard.batchSize

    /// The samples to train and test on, with which the model goes.
    func split() throws -> Split<any Dataset> { try task.split() }

    /// What to say of numbers that are larger than what the data have.
    func capped(by data: Split<any Dataset>) -> [String] {
        // Nobody asked for the number that is taken where none is given.
        let given = batchSize == Self.standard.batchSize ? nil : batchSize
        return task.capped(by: data) + [Console.capped("batch-size", given, by: data.train.count)].compactMap(\.self)
    }

    func training(epochs: Int, _ execution: ExecutionOptions) -> TrainingConfiguration {
        task.training(batchSize: batchSize, epochs: epochs, dtype: execution.dtype, execution)
    }
}

/// How to teleport, and on how many samples.
struct TeleportationOptions: ParsableArguments {
    private static var standard: TeleportPlan { TeleportPlan() }

    @Option(
        help: """
            The way to teleport: null-space, symmetry (perceptrons), level-set, gauge, random or equalize (models with two \
            dense layers or convolutions one after the other), with settings after a colon, as null-space:tau=0.99, or \
            learned:FILE (perceptrons of the sizes for which 'teleport learn' wrote the file); null-space+gauge is one \
            after the other on each batch. Settings are options of their own, too; what a method does not heed is refused.
            """)
    var method = MethodText(NullSpaceTeleporter())

    @Option(
        help: """
            The batches that one teleport goes through. (default: as many as hold a sixty-fourth of the training samples, at \
            most \(TeleportSchedule.mostBatches))
            """, atLeast: 1, orLeftOut: "for a sixty-fourth of the training samples")
    var teleportBatches: Int?

    @Option(help: "The samples in each of them.", atLeast: 1)
    var teleportBatchSize = standard.schedule.batchSize

    @Option(.named("objective")) var objective: String?
    @Option(.named("direction")) var direction: String?
    @Option(.named("teleport-steps")) var teleportSteps: String?
    @Option(.named("step-size")) var stepSize: String?
    @Option(.named("line-search")) var lineSearch: String?
    @Option(.named("cap")) var cap: String?
    @Option(.named("tau")) var tau: String?
    @Option(.named("scope")) var scope: String?
    @Option(.named("derivative")) var derivative: String?
    @Option(.named("group-action")) var groupAction: String?
    @Option(.named("group-element")) var groupElement: String?
    @Option(.named("step-scaling")) var stepScaling: String?
    @Option(.named("hidden-units")) var hiddenUnits: String?
    @Option(.named("scales")) var scales: String?
    @Option(.named("cycles")) var cycles: String?
    @Option(.named("tolerance")) var tolerance: String?
    @Option(.named("lookahead-step")) var lookaheadStep: String?
    @Option(.named("displacements")) var displacements: String?
    @Option(.named("random-directions")) var randomDirections: String?
    @Option(.named("curves")) var curves: String?

    @Option(
        help: """
            Other samples, which a teleport and one step after it must not leave clearly worse; 0 for none. (default: twice \
            those of a teleport batch for null-space and gauge, whose moves can be taken back in part, else 0)
            """, atLeast: 0, orLeftOut: "for what goes with the method")
    var controlSamples: Int?

    /// The options that not every method heeds, and what was given.
    private var given: [(name: String, text: String?)] {
        [
            ("objective", objective), ("direction", direction), ("teleport-steps", teleportSteps),
            ("step-size", stepSize), ("line-search", lineSearch), ("cap", cap), ("tau", tau), ("scope", scope),
            ("derivative", derivative), ("group-action", groupAction), ("group-element", groupElement),
            ("step-scaling", stepScaling), ("hidden-units", hiddenUnits), ("scales", scales),
            ("cycles", cycles), ("tolerance", tolerance), ("lookahead-step", lookaheadStep),
            ("displacements", displacements),
            ("random-directions", randomDirections), ("curves", curves),
        ]
    }

    /// The method with the settings that were given as options: each of a sequence takes those that it heeds.
    private func teleporter() throws -> any Teleporter {
        let names = method.parts.map { type(of: $0.teleporter).methodName }
        for (option, text) in given where text != nil {
            let heeded = TeleportOption.named(option)
            guard heeded.methods.contains(where: { names.contains($0.method.rawValue) }) else {
                throw ValidationError(
                    "--\(option): --method \(names.joined(separator: "+")) does not heed it; leave it out, or take --method "
                        + heeded.methodNames)
            }
        }
        var unheeded: [(option: String, refusal: ValidationError)] = []
        let teleporters = try method.parts.map { try teleporter($0, &unheeded) }
        for (option, refusal) in unheeded where !teleporters.contains(where: { $0.heeds(option) }) { throw refusal }
        return MethodText.teleporter(of: teleporters)
    }

    /// One part of the method.
    ///
    /// - Parameter unheeded: Gets the options that mean nothing to the part with the settings that it has, and what to say where they
    ///   mean nothing to any.
    private func teleporter(
        _ part: MethodText.Part, _ unheeded: inout [(option: String, refusal: ValidationError)]
    ) throws -> any TextualTeleporter {
        let kind = type(of: part.teleporter)
        let name = kind.methodName
        var texts = Dictionary(
            part.settings.map { ($0.name, (text: $0.text, isOption: false)) }, uniquingKeysWith: { $1 })
        for (option, text) in given {
            if let text { texts[option] = (text, true) }
        }
        // From the beginning, and in the settings' own order: an objective that brings others along comes before these.
        var teleporter = part.standard
        for setting in kind.settingDescriptions.map(\.name) {
            guard let (text, isOption) = texts[setting] else { continue }
            do throws(TextError) {
                try teleporter.set(setting, to: text)
            } catch {
                guard isOption else {
                    throw ValidationError("--method \(name):\(setting)=\(text): \(error.remedy)")
                }
                let refusal = ValidationError("--\(setting) \(text): with --method \(name), \(error.remedy)")
                guard !teleporter.heeds(setting) else { throw refusal }
                unheeded.append((setting, refusal))
            }
        }
        return teleporter
    }

    /// Refuses what the method would not heed.
    func validate() throws { _ = try teleporter() }

    /// What to say of numbers that are larger than what so many training samples have.
    func capped(by samples: Int) -> [String] {
        let batches = TeleportSchedule(batchCount: teleportBatches, batchSize: teleportBatchSize).batchCount(
            of: samples)
        return [
            Console.capped("control-samples", controlSamples, by: samples),
            Console.capped(
                "teleport-batch-size",
                teleportBatchSize == Self.standard.schedule.batchSize ? nil : teleportBatchSize, by: samples),
            Console.capped("teleport-batches", teleportBatches, by: batches),
        ].compactMap(\.self)
    }

    /// A plan of one teleport after the other, on the schedule that goes without saying.
    func plan() throws -> TeleportPlan {
        TeleportPlan(
            try teleporter(),
            schedule: TeleportSchedule(batchCount: teleportBatches, batchSize: teleportBatchSize),
            controlSamples: controlSamples)
    }
}

/// When to teleport in a training, and how training judges it.
struct ScheduleOptions: ParsableArguments {
    private static var standard: TeleportPlan { TeleportPlan() }

    @Option(
        moments: ArgumentHelp(
            """
            When to teleport, counted from 0: before epochs (0-4 or 0,2,4), before training steps (steps:0,400), every so \
            many steps (every:200), or none; auto is before the first five epochs, but at no time within \
            \(TeleportSchedule.leastInterval) steps of the one before.
            """, valueName: "moments"))
    var schedule = standard.schedule.moments

    @Option(help: "The training steps before the first teleport.", atLeast: 0)
    var warmUpSteps = standard.schedule.warmUpSteps

    @Option(
        help: """
            The steps of training for which teleports are on trial: taken with and without them, and \
            the better way is gone on with; 0 for no trial. (default: an eighth of the steps between teleports, 16 to 64)
            """, atLeast: 0, orLeftOut: "for an eighth of the steps between teleports")
    var trialSteps: Int?

    @Option(
        shareOrWhole: """
            The share of the loss of teleport batches that three steps of the optimizer may take by themselves: where they \
            take more, no teleports are made until the next that are due. 1 always teleports, and so does going without a trial.
            """)
    var ownProgress = standard.largestOwnProgress

    @Option(
        help: "The trials clearly lost in a row after which no more teleports are made; 0 for no end.",
        atLeast: 0)
    var patience = standard.patience

    @Option(help: .optimizerState)
    var optimizerState = standard.optimizerState

    /// What to say of options that come to something else on samples than they say.
    func notices(
        _ model: ModelOptions, _ teleportation: TeleportationOptions, epochs: Int, on data: Split<any Dataset>
    ) -> [String] {
        model.capped(by: data) + teleportation.capped(by: data.train.count)
            + passedOver(epochs: epochs, stepsPerEpoch: data.train.batchCount(of: model.batchSize))
    }

    /// What to say where `auto` passes over epochs since they are short.
    private func passedOver(epochs: Int, stepsPerEpoch: Int) -> [String] {
        let schedule = TeleportSchedule(schedule, warmUpSteps: warmUpSteps)
        let count = schedule.passedOver(stepsPerEpoch: stepsPerEpoch, in: epochs)
        guard count > 0 else { return [] }
        return [
            "--schedule auto passes over \(count.counted("epoch")), and is \(schedule.settled(stepsPerEpoch: stepsPerEpoch).moments): an "
                + "epoch has \(stepsPerEpoch.counted("step")), and from one teleport to the next it leaves "
                + "\(TeleportSchedule.leastInterval); what is named, as --schedule 0-4, is not passed over"
        ]
    }

    /// A plan on this schedule.
    func plan(_ teleportation: TeleportationOptions) throws -> TeleportPlan {
        var plan = try teleportation.plan()
        plan.schedule.moments = schedule
        plan.schedule.warmUpSteps = warmUpSteps
        plan.trialSteps = trialSteps
        plan.largestOwnProgress = ownProgress
        plan.patience = patience
        plan.optimizerState = optimizerState
        return plan
    }
}

/// Where and how a command runs.
struct ExecutionOptions: ParsableArguments {
    @Option(help: "The element type: float32 or float64.", default: ModelOptions.standard.dtype)
    var dtype: DType?

    @Option(
        help: ArgumentHelp(
            "Where to compute: cpu, cuda (of several processes each on the GPU of its LOCAL_RANK) or cuda:INDEX.",
            valueName: "device"),
        default: ModelOptions.standard.device)
    var device: Device?

    @Option(
        threads:
            """
            The threads that one operation may use; by default auto: $OMP_NUM_THREADS, else all processors there are for it, of which \
            train and compare take one alone where that is faster in the first steps.
            """)
    var threads: Int?

    @Option(help: "A YAML file with options under their names; the command line wins.", naming: "YAML file", .yaml)
    var config: String?

    @OptionGroup var console: ConsoleOptions

    /// Whether progress and notices are left out.
    var quiet: Bool { console.quiet }

    func validate() throws {
        let support = CUDASupport.current
        if let device, case .cuda(let index) = device, let obstacle = support.obstacle(to: index) {
            let remedy =
                support.obstacle == nil ? "name one that is there" : "use cpu, or a CUDA build of libtorch and a GPU"
            throw ValidationError("--device \(device): \(obstacle); \(remedy)")
        }
    }

    /// Has an experiment find out how many threads are fastest, where nobody has said how many to take.
    ///
    /// - Parameters:
    ///   - processes: The processes that run it; several share the processors.
    ///   - choose: Takes the fastest number, and returns it.
    func chooseThreads(_ processes: Processes, _ choose: () -> Int) {
        let processors = Processors()
        guard threads == nil, processors.threadsAsked == nil, processes.group == nil, device ?? .cpu == .cpu else {
            return
        }
        let most = Libtorch.threadCount
        let count = choose()
        if count < most {
            console.notice("one thread is faster here than \(most); --threads \(most) takes them all the same")
        }
    }

    /// Sets what holds for the whole process.
    ///
    /// - Returns: What watches how long threads wait for a processor from here on.
    func apply() -> ProcessorWatch {
        Console.use(threads: threads, isQuiet: quiet)
        return ProcessorWatch()
    }
}

/// Where results go.
struct OutputOptions: ParsableArguments {
    @Option(help: "The folder for the results; by default a new one under results/.", naming: "folder", .directory)
    var output: String?

    @Flag(help: "Replace the results of an earlier run in the folder.")
    var overwrite = false

    /// Where the results go; see `Results.init(in:else:record:overwrites:)`.
    func results(else job: String, record: String) throws(Results.Failure) -> Results {
        try Results(in: output, else: job, record: record, overwrites: overwrite)
    }
}
