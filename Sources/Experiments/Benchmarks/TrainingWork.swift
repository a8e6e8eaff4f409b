import NeuralNetworks
import Torch

/// Training steps on one batch.
struct TrainingWork {
    let architecture: Architecture
    var inputShape = [784]
    let samples: Int
    var optimizer = OptimizerOption.sgd
    /// How many steps are measured at once.
    var steps = 50

    static let all: [(name: String, work: TrainingWork)] = [
        (
            "mlp-small",
            TrainingWork(architecture: .mlp(hidden: [16, 10], activation: .leakyReLU(slope: 0.1)), samples: 20)
        ),
        ("mlp-1024-sgd", TrainingWork(architecture: .mlp(hidden: [1024, 1024], activation: .relu), samples: 32)),
        (
            "mlp-1024-adam",
            TrainingWork(architecture: .mlp(hidden: [1024, 1024], activation: .relu), samples: 32, optimizer: .adam)
        ),
        (
            "cnn",
            TrainingWork(
                architecture: .cnn(channels: [16, 32, 64], activation: .relu), inputShape: [3, 32, 32], samples: 32,
                steps: 20)
        ),
    ]

    /// As many steps of the model and on the batch of a teleport as that takes.
    static func beside(_ work: TeleportWork) -> TrainingWork {
        TrainingWork(
            architecture: work.architecture, inputShape: work.inputShape, samples: work.samples,
            steps: work.steps)
    }

    func workload() -> Workload {
        let generator = Generator(seed: 0)
        let model = architecture.makeModel(inputShape: inputShape, task: .classification(classes: 10), using: generator)
        let batch = Batch.noise(of: samples, shape: inputShape, using: generator)
        return .training(
            model, CrossEntropy(), on: batch, by: optimizer.make(learningRate: 1e-3), count: steps)
    }
}
