import Datasets
import Experiments
import Teleportation

/// A row of NS25 Table 1: a network, how it is trained, and how it is teleported. `Recipes/ns25` has the same rows for `--config`, and a
/// test holds them equal.
package struct PublishedRecipe: Sendable {
    /// What is trained on.
    package var dataset: DatasetName
    /// What trains.
    package var optimizer: OptimizerOption
    /// The network of appendix A.3.
    package var architecture: Architecture
    /// The learning rate of the optimizer, eta_prim.
    package var learningRate: Double
    /// The passes over the training data, T_prim.
    package var epochs: Int
    /// The learning rate of a teleport, eta_tele.
    package var teleportLearningRate: Double
    /// The samples of a teleport batch, n.
    package var teleportBatchSize: Int
    /// The squared gradient norm at which a teleport stops, CAP.
    package var cap: Double
    /// The training steps before the first teleport.
    package var warmUpSteps = 0
    /// The batches of a teleport.
    package var teleportBatches = 32

    /// The samples of a training batch.
    package static let batchSize = 32
    /// The epochs, from the first, before which teleports take place.
    package static let teleportEpochs = 5
    /// The steps on each teleport batch, t.
    package static let teleportSteps = 8

    /// `mnist-sgd`, as its file is called.
    package var name: String { "\(dataset.rawValue)-\(optimizer.text)" }

    /// The teleports of the recipe: no guards, and the exact null space.
    package var plan: TeleportPlan { teleports(by: NullSpaceTeleporter(climb, tau: 1)) }

    /// Symmetry teleports with all other settings the same, those of PS24's authors: the action for any activation, the element `I + T`,
    /// and no bound on the drift of the loss.
    package var symmetryPlan: TeleportPlan {
        var climb = climb
        climb.tolerance = .infinity
        return teleports(by: SymmetryTeleporter(climb, action: .approximate, element: .firstOrder))
    }

    private var climb: Climb {
        Climb(steps: Self.teleportSteps, stepSize: .fixed(teleportLearningRate), cap: .fixed(cap))
    }

    private func teleports(by teleporter: some Teleporter) -> TeleportPlan {
        var schedule = TeleportSchedule(
            epochs: 0..<Self.teleportEpochs, batchCount: teleportBatches, batchSize: teleportBatchSize)
        schedule.warmUpSteps = warmUpSteps
        return TeleportPlan(teleporter, schedule: schedule, controlSamples: 0, trialSteps: 0)
    }
}

extension PublishedRecipe {
    /// All rows of the table, in its order.
    package static let table =
        mnist + fashionMNIST + cifar10 + cifar100 + tinyImageNet + sequentialMNIST + electricity + traffic
        + pennTreebank

    /// The perceptrons on MNIST.
    package static let mnist = rows(.mnist, perceptron, 2e-4, teleports: 2e-1, epochs: 100, cap: 5)
    /// Those on Fashion-MNIST.
    package static let fashionMNIST = rows(.fashionMNIST, perceptron, 2e-4, teleports: 2e-1, epochs: 100, cap: 5)
    /// The convolutional networks on CIFAR-10.
    package static let cifar10 = rows(
        .cifar10, convolutional, 1e-4, adam: 1e-5, teleports: 3e-3, epochs: 100, ofAdam: 300, batchSize: 256, cap: 40,
        warmUp: 40)
    /// Those on CIFAR-100.
    package static let cifar100 = rows(
        .cifar100, convolutional, 1e-4, adam: 3e-5, teleports: 3e-3, epochs: 400, batchSize: 256, cap: 40, warmUp: 40)
    /// The residual networks on Tiny ImageNet.
    package static let tinyImageNet = rows(
        .tinyImageNet, .resnet(channels: [64, 64, 64, 128, 128, 128, 256, 256]), 2e-4, adam: 5e-5, teleports: 3e-3,
        epochs: 400, cap: 40, warmUp: 40)
    /// The small transformers on sequential MNIST.
    package static let sequentialMNIST = rows(
        .sequentialMNIST, .transformer(TransformerSize(heads: 2, headSize: 64, layers: 2)), 1e-3, adam: 1e-4,
        teleports: 3e-3, epochs: 400, cap: 10)
    /// The transformers on the consumption of electricity.
    package static let electricity = rows(.electricity, transformer, 1e-4, teleports: 3e-3, epochs: 50, cap: 10)
    /// Those on traffic.
    package static let traffic = rows(.traffic, transformer, 1e-4, teleports: 3e-3, epochs: 50, cap: 10)
    /// The language models on Penn Treebank: 20,000 steps, of which an epoch has 114.
    package static let pennTreebank = rows(
        .pennTreebank, transformer, 2e-4, adam: 5e-5, teleports: 5e-2, epochs: 175, cap: 5)

    /// The perceptron of MNIST and Fashion-MNIST.
    static let perceptron = Architecture.mlp(hidden: [1024, 1024], activation: .relu)
    /// The small perceptron of Figures 2 and 7, which is that of PS24 (appendix F.2).
    static let smallPerceptron = Architecture.mlp(hidden: [16, 10], activation: .leakyReLU(slope: 0.1))
    private static let convolutional = Architecture.cnn(channels: [16, 32, 64], activation: .relu)
    private static let transformer = Architecture.transformer(TransformerSize(heads: 4, headSize: 64, layers: 4))

    /// The optimizers of the table.
    package static let optimizers: [OptimizerOption] = [.sgd, .momentum, .adagrad, .adam]

    /// The four rows of a data set, which differ in the optimizer, and with Adam in its learning rate and epochs.
    private static func rows(
        _ dataset: DatasetName, _ architecture: Architecture, _ learningRate: Double, adam adamRate: Double? = nil,
        teleports: Double, epochs: Int, ofAdam adamEpochs: Int? = nil, batchSize: Int = 32, cap: Double, warmUp: Int = 0
    ) -> [PublishedRecipe] {
        optimizers.map { optimizer in
            let isAdam = optimizer == .adam
            return PublishedRecipe(
                dataset: dataset, optimizer: optimizer, architecture: architecture,
                learningRate: isAdam ? adamRate ?? learningRate : learningRate,
                epochs: isAdam ? adamEpochs ?? epochs : epochs, teleportLearningRate: teleports,
                teleportBatchSize: batchSize, cap: cap, warmUpSteps: warmUp)
        }
    }
}
