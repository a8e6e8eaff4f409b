import ArgumentParser
import Datasets
import Experiments
import Foundation
import Teleportation
import Torch

/// What a model is made for, and how it is trained.
struct ModelOptions: ParsableArguments {
    @Option(help: "The data set, one of \(DatasetName.list); digits are generated and need no files.")
    var dataset = DatasetName.digits

    @Option(help: "The folder with one subfolder for each data set; by default $TELEPORT_DATA, else the user's cache.")
    var data: String?

    @Option(help: "Train on so many samples drawn from the training data; by default on all.", in: 1...Int.max)
    var trainingSamples: Int?

    @Option(help: "Test on so many samples drawn from the test data; by default on all.", in: 1...Int.max)
    var testSamples: Int?

    @Option(
        help: ArgumentHelp(
            """
            The model: mlp:SIZES[:ACTIVATION], cnn[:CHANNELS[:ACTIVATION]], resnet[:CHANNELS] or \
            transformer[:heads=H,head-size=S,layers=L], as mlp:16,10:leaky-relu(0.1), cnn:16,32,64 or transformer:layers=2.
            """,
            valueName: "model"))
    var model = Architecture.mlp(hidden: [1024, 1024], activation: .relu)

    @Option(
        help: ArgumentHelp(
            """
            The optimizer, one of \(OptimizerOption.forms); as adam:beta1=0.95,epsilon=1e-6 or momentum:mu=0.8,nesterov. \
            What is not given is as in PyTorch. muon is Muon for all matrices, embeddings among them, and AdamW for the \
            rest, with the adjustment match-rms-adamw where none is given, so that one learning rate suits both.
            """,
            valueName: "optimizer"))
    var optimizer = OptimizerOption.sgd

    @Option(
        help: """
            The learning rate; by default 0.01 for sgd, momentum and adagrad, 0.003 for muon, 0.001 for the other optimizers.
            """)
    var learningRate: Double?

    @Option(help: "The samples in a training batch.", atLeast: 1)
    var batchSize = 32

    /// The samples to train and test on, with which the model goes.
    func split() throws -> Split<any Dataset> {
        let catalog = data.map { Catalog(folder: URL(fileURLWithPath: $0, isDirectory: true)) } ?? Catalog()
        let all = try catalog.dataset(dataset)
        try model.check(inputShape: all.inputShape, task: all.task)
        return Split(
            name: all.name, train: trainingSamples.map { all.train.thinned(to: $0) } ?? all.train,
            test: testSamples.map { all.test.thinned(to: $0) } ?? all.test)
    }

    func training(epochs: Int, _ execution: ExecutionOptions) throws -> TrainingConfiguration {
        TrainingConfiguration(
            architecture: model, optimizer: optimizer, learningRate: learningRate ?? optimizer.name.usualLearningRate,
            batchSize: batchSize, epochs: epochs, dtype: execution.dtype, device: execution.device)
    }
}

/// When and how to teleport.
struct TeleportationOptions: ParsableArguments {
    private static let standard = TeleportConfiguration()

    @Option(
        help: """
            The way to teleport; symmetry is for perceptrons, random for models with two dense layers or convolutions one \
            after the other. Options that a method does not heed are refused.
            """)
    var method = standard.method

    @Option(
        help: ArgumentHelp("The epochs, from 0, before which to teleport: 0..<5, 0,2,4 or none.", valueName: "epochs"))
    var schedule = TeleportEpochs(0..<5)

    @Option(help: "The training steps before the first teleport.", atLeast: 0)
    var warmUpSteps = 0

    @Option(help: "The batches that one teleport goes through.", atLeast: 1)
    var teleportBatches = 32

    @Option(help: "The samples in each of them.", atLeast: 1)
    var teleportBatchSize = 32

    @Option(help: heeded("objective", "What a teleport raises", standard.objective.rawValue))
    var objective: ObjectiveOption?

    @Option(help: heeded("direction", "Whether it is raised or lowered", standard.sense.rawValue))
    var direction: Climb.Sense?

    @Option(help: heeded("teleport-steps", "The steps on each batch", "\(standard.steps)"), atLeast: 1)
    var teleportSteps: Int?

    @Option(
        help: heeded(
            "step-size", "The length of a step: growth:RATE of the objective, or fixed:ETA as in the paper",
            standard.stepSize.text))
    var stepSize: StepSize?

    @Option(
        help: heeded(
            "line-search",
            "What becomes of a step that goes too far: it stands, is halved when it overshoots, or by Armijo's rule",
            "overshoot; armijo for level-set"))
    var lineSearch: Search?

    @Option(
        help: heeded(
            "cap",
            "Where a teleport stops: predicted:SHARE of the loss promised by the optimizer's next step, fixed:CAP on the "
                + "squared gradient norm, relative:FACTOR to its start, or none", standard.cap.text))
    var cap: Cap?

    @Option(
        help: heeded(
            "tau", "The share of the inputs' energy that stays untouched; below 1 the loss drifts",
            "\(standard.tau)"),
        positiveUpTo: 1)
    var tau: Double?

    @Option(
        help: heeded(
            "scope", "Hold the loss on the teleport batch, or on the whole training set (not with resnet)",
            standard.scope.rawValue))
    var scope: NullSpaceTeleporter.Scope?

    @Option(
        help: heeded(
            "derivative",
            "How directions are computed; double-backward (null-space) and published (symmetry) are the papers' algorithms",
            standard.derivative.rawValue))
    var derivative: DerivativeOption?

    @Option(
        help: heeded(
            "group-action", "How the group acts; exact needs leaky-relu, tanh or sigmoid", standard.groupAction.rawValue
        ))
    var groupAction: GroupAction?

    @Option(
        help: heeded(
            "group-element", "The group elements; the first-order ones of the papers drift",
            standard.groupElement.rawValue))
    var groupElement: GroupElement?

    @Option(help: heeded("step-scaling", "What a fixed step size multiplies", standard.scaling.rawValue))
    var stepScaling: LevelSetTeleporter.Scaling?

    @Option(help: heeded("hidden-units", "What is done to them", standard.hiddenUnits.rawValue))
    var hiddenUnits: HiddenUnitsOption?

    @Option(
        help: """
            Other samples, which a teleport and one step after it must leave no worse; 0 for none. (default: 256 for \
            null-space, whose moves can be taken back in part, else 0)
            """, atLeast: 0)
    var controlSamples: Int?

    @Option(
        help: """
            The steps of training for which the teleports before an epoch are on trial: taken with and without them, and \
            the better way is gone on with; 0 for no trial.
            """, atLeast: 0)
    var trialSteps = 64

    @Option(help: "The relative drift of the loss beyond which a teleport is undone.")
    var tolerance = 0.01

    @Option(help: "Whether the optimizer's moments survive a teleport.")
    var optimizerState = standard.optimizerState

    /// The options that not every method heeds, and whether they were given.
    private var given: [(name: String, isGiven: Bool)] {
        [
            ("objective", objective != nil), ("direction", direction != nil), ("teleport-steps", teleportSteps != nil),
            ("step-size", stepSize != nil), ("line-search", lineSearch != nil), ("cap", cap != nil),
            ("tau", tau != nil), ("scope", scope != nil), ("derivative", derivative != nil),
            ("group-action", groupAction != nil), ("group-element", groupElement != nil),
            ("step-scaling", stepScaling != nil), ("hidden-units", hiddenUnits != nil),
        ]
    }

    /// Refuses what the method would not heed.
    func validate() throws {
        for (name, isGiven) in given where isGiven {
            guard let option = TeleportOption.named(name), !option.methods.contains(method) else { continue }
            throw ValidationError(
                "--\(name): --method \(method.rawValue) does not heed it; leave it out, or take --method "
                    + option.methodNames)
        }
        if let derivative, !derivative.methods.contains(method) {
            throw ValidationError(
                "--derivative \(derivative.rawValue): --method \(method.rawValue) has no such one; give "
                    + DerivativeOption.allCases.filter { $0.methods.contains(method) }.map(\.rawValue)
                    .joined(separator: " or "))
        }
    }

    var configuration: TeleportConfiguration {
        let standard = Self.standard
        return TeleportConfiguration(
            method: method, groupAction: groupAction ?? standard.groupAction,
            groupElement: groupElement ?? standard.groupElement, objective: objective ?? standard.objective,
            sense: direction ?? standard.sense, search: lineSearch, scaling: stepScaling ?? standard.scaling,
            hiddenUnits: hiddenUnits ?? standard.hiddenUnits,
            schedule: TeleportSchedule(
                epochs: schedule.epochs, batchCount: teleportBatches, batchSize: teleportBatchSize,
                warmUpSteps: warmUpSteps),
            steps: teleportSteps ?? standard.steps, stepSize: stepSize ?? standard.stepSize, cap: cap ?? standard.cap,
            tau: tau ?? standard.tau, scope: scope ?? standard.scope, derivative: derivative ?? standard.derivative,
            controlSamples: controlSamples, trialSteps: trialSteps, tolerance: tolerance,
            optimizerState: optimizerState)
    }
}

/// The help of an option that not every method heeds.
private func heeded(_ name: String, _ text: String, _ value: String) -> ArgumentHelp {
    let methods = TeleportOption.named(name)?.methodNames ?? ""
    return ArgumentHelp("\(text). (default: \(value); for \(methods))")
}

/// Where and how a command runs.
struct ExecutionOptions: ParsableArguments {
    @Option(help: "The element type: float32 or float64.")
    var dtype = DType.float32

    @Option(help: ArgumentHelp("Where to compute: cpu, cuda or cuda:INDEX.", valueName: "device"))
    var device = Device.cpu

    @Option(help: "The threads that one operation may use; by default all cores.", in: 1...1024)
    var threads: Int?

    @Option(help: "A YAML file with options under their names; the command line wins.")
    var config: String?

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    func validate() throws {
        if case .cuda = device, !Device.cudaIsAvailable {
            throw ValidationError(
                "--device \(device): this libtorch finds no GPU; use cpu, or a CUDA build of libtorch")
        }
    }

    /// Sets what holds for the whole process.
    func apply() throws {
        Libtorch.threadCount = threads ?? ProcessInfo.processInfo.activeProcessorCount
    }
}
