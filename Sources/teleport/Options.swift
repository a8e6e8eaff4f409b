import ArgumentParser
import Datasets
import Experiments
import Foundation
import Optimizers
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

    @Option(help: "The optimizer.")
    var optimizer = OptimizerKind.sgd

    @Option(help: "The learning rate; by default 0.01 for sgd, momentum and adagrad, 0.001 for rmsprop and adam.")
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
            architecture: model, optimizer: optimizer, learningRate: learningRate ?? optimizer.usualLearningRate,
            batchSize: batchSize, epochs: epochs, dtype: execution.dtype, device: execution.device)
    }
}

extension OptimizerKind {
    /// A learning rate that many models train with.
    fileprivate var usualLearningRate: Double {
        switch self {
        case .sgd, .momentum, .adagrad: 0.01
        case .rmsprop, .adam: 0.001
        }
    }
}

/// When and how to teleport.
struct TeleportationOptions: ParsableArguments {
    @Option(
        help: "The way to teleport; symmetry is for perceptrons, random for perceptrons and convolutional networks.")
    var method = TeleportMethod.nullSpace

    @Option(help: "How the group of symmetry teleportation acts; exact needs leaky-relu, tanh or sigmoid.")
    var groupAction = GroupAction.exact

    @Option(help: "The group elements of symmetry teleportation; the first-order ones of the papers drift.")
    var groupElement = GroupElement.exponential

    @Option(
        help: ArgumentHelp("The epochs, from 0, before which to teleport: 0..<5, 0,2,4 or none.", valueName: "epochs"))
    var schedule = TeleportEpochs(0..<5)

    @Option(help: "The training steps before the first teleport.", atLeast: 0)
    var warmUpSteps = 0

    @Option(help: "The batches that one teleport goes through.", atLeast: 1)
    var teleportBatches = 32

    @Option(help: "The samples in each of them.", atLeast: 1)
    var teleportBatchSize = 32

    @Option(help: "The steps on each of them.", atLeast: 1)
    var teleportSteps = 8

    @Option(help: "The length of a step: growth:RATE of the squared gradient norm, or fixed:ETA as in the paper.")
    var stepSize = StepSize.growth(0.5)

    @Option(
        help: """
            Where a teleport stops: predicted:SHARE of the loss promised by the optimizer's next step, fixed:CAP on the \
            squared gradient norm, relative:FACTOR to its start, or none.
            """)
    var cap = Cap.predicted(0.1)

    @Option(help: "The share of the inputs' energy that stays untouched; below 1 the loss drifts.", positiveUpTo: 1)
    var tau = 1.0

    @Option(help: "Hold the loss on the teleport batch, or on the whole training set (not with resnet).")
    var scope = NullSpaceTeleporter.Scope.batch

    @Option(help: "How directions are computed; double-backward is the algorithm as published.")
    var derivative = NullSpaceTeleporter.Derivative.closedForm

    @Option(
        help: "Other samples, which a null-space teleport and one step after it must leave no worse; 0 for none.",
        atLeast: 0)
    var controlSamples = 256

    @Option(
        help: """
            The steps of training for which the teleports before an epoch are on trial: taken with and without them, and \
            the better way is gone on with; 0 for no trial.
            """, atLeast: 0)
    var trialSteps = 64

    @Option(help: "The relative drift of the loss beyond which a teleport is undone.")
    var tolerance = 0.01

    @Option(help: "Whether the optimizer's moments survive a teleport.")
    var optimizerState = TeleportConfiguration.OptimizerStatePolicy.keep

    /// Refuses what the method would not heed.
    func validate() throws {
        let standard = TeleportConfiguration()
        let given = configuration
        let nullSpace: Set = [TeleportMethod.nullSpace]
        let stepping: Set = [TeleportMethod.nullSpace, .symmetry, .levelSet]
        let options: [(name: String, isGiven: Bool, methods: Set<TeleportMethod>)] = [
            ("tau", given.tau != standard.tau, nullSpace), ("scope", given.scope != standard.scope, nullSpace),
            ("derivative", given.derivative != standard.derivative, nullSpace),
            ("group-action", given.groupAction != standard.groupAction, [.symmetry]),
            ("group-element", given.groupElement != standard.groupElement, [.symmetry]),
            ("teleport-steps", given.steps != standard.steps, stepping),
            ("step-size", given.stepSize != standard.stepSize, stepping), ("cap", given.cap != standard.cap, stepping),
        ]
        for option in options where option.isGiven && !option.methods.contains(method) {
            let names = TeleportMethod.allCases.filter(option.methods.contains).map(\.rawValue)
            throw ValidationError(
                "--\(option.name): --method \(method.rawValue) does not heed it; leave it out, or take --method "
                    + names.joined(separator: ", "))
        }
    }

    var configuration: TeleportConfiguration {
        TeleportConfiguration(
            method: method, groupAction: groupAction, groupElement: groupElement,
            schedule: TeleportSchedule(
                epochs: schedule.epochs, batchCount: teleportBatches, batchSize: teleportBatchSize,
                warmUpSteps: warmUpSteps),
            steps: teleportSteps, stepSize: stepSize, cap: cap, tau: tau, scope: scope, derivative: derivative,
            controlSamples: controlSamples, trialSteps: trialSteps, tolerance: tolerance,
            optimizerState: optimizerState)
    }
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
