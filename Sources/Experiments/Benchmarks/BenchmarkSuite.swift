import Datasets
import NeuralNetworks
import Optimizers
import Teleportation
import Torch

/// What `teleport bench` measures; `Benchmarks/` in the repository holds the same work in PyTorch.
public enum BenchmarkSuite: String, CaseIterable, Sendable {
    /// Teleporting on one batch: bases and steps.
    case teleport
    /// Symmetry teleportation on one batch.
    case symmetry
    /// Training steps.
    case train
    /// The time of a teleport against the number of steps t, the width d, the samples n, the layers l and the batches b:
    /// NS25 Figure 3.
    case scaling
    /// Reading data sets from files, and gathering batches.
    case data

    /// Runs the suite.
    ///
    /// - Parameters:
    ///   - repetitions: How many times each piece of work is measured.
    ///   - report: Receives each measurement as it is made.
    /// - Throws: if the files for `data`, which lie in the folder for temporary files, cannot be written or read.
    public func run(repetitions: Int, report: (Timing) -> Void) throws {
        switch self {
        case .teleport:
            report(TeleportWork.mlp.measure("teleport/mlp-1024", repetitions: repetitions))
            report(TeleportWork.cnn.measure("teleport/cnn", repetitions: repetitions))
            report(TransformerWork().measureTeleport(repetitions: repetitions))
        case .symmetry: report(SymmetryWork().measure("symmetry/mlp-512", repetitions: repetitions))
        case .train:
            for work in TrainingWork.all { report(work.measure(repetitions: repetitions)) }
            report(TransformerWork().measureTraining(repetitions: repetitions))
        case .scaling:
            for (quantity, value, work) in TeleportWork.scaling {
                report(work.measure("scaling/\(quantity)=\(value)", repetitions: repetitions))
            }
        case .data: try DataWork().measure(repetitions: repetitions, report: report)
        }
    }
}

/// A symmetry teleport of ST22's network for MNIST.
private struct SymmetryWork {
    private static let samples = 20
    private static let steps = 10

    func measure(_ name: String, repetitions: Int) -> Timing {
        let generator = Generator(seed: 0)
        let model = MLP(
            inputs: 784, hidden: [512, 512], outputs: 10, activation: .leakyReLU(slope: 0.1), using: generator)
        let batch = Batch.random(of: Self.samples, shape: [784], using: generator)
        // A fixed step without a cap: the same steps at each repetition, whatever the gradient. It is twice ST22's learning
        // rate, which multiplies the gradient of ||grad L||^2 and not of half of it.
        let teleporter = SymmetryTeleporter(steps: Self.steps, stepSize: .fixed(2e-3), cap: .none)
        let optimizer = SGD(learningRate: 1e-3)
        let start = model.parameters.map { $0.value.clone() }
        return Timing(name, repetitions: repetitions) {
            for (parameter, value) in zip(model.parameters, start) { parameter.value.copy(from: value) }
        } _: {
            let report = teleporter.teleport(model, CrossEntropy(), on: [batch], before: optimizer)[0]
            // A teleport that ends early would pass for a fast one.
            precondition(report.steps == Self.steps && report.restored == nil, "\(report)")
        }
    }
}

/// Training steps on one batch.
private struct TrainingWork {
    let name: String
    let architecture: Architecture
    var inputShape = [784]
    let samples: Int
    let optimizer: OptimizerKind
    var steps = 50

    static let all = [
        TrainingWork(
            name: "mlp-small", architecture: .mlp(hidden: [16, 10], activation: .leakyReLU(slope: 0.1)), samples: 20,
            optimizer: .sgd),
        TrainingWork(
            name: "mlp-1024-sgd", architecture: .mlp(hidden: [1024, 1024], activation: .relu), samples: 32,
            optimizer: .sgd),
        TrainingWork(
            name: "mlp-1024-adam", architecture: .mlp(hidden: [1024, 1024], activation: .relu), samples: 32,
            optimizer: .adam),
        TrainingWork(
            name: "cnn", architecture: .cnn(channels: [16, 32, 64], activation: .relu), inputShape: [3, 32, 32],
            samples: 32, optimizer: .sgd, steps: 20),
    ]

    func measure(repetitions: Int) -> Timing {
        let generator = Generator(seed: 0)
        let model = architecture.makeModel(inputShape: inputShape, task: .classification(classes: 10), using: generator)
        let parameters = model.parameters.map(\.value)
        let batch = Batch.random(of: samples, shape: inputShape, using: generator)
        let optimizer = self.optimizer.make(learningRate: 1e-3)
        return Timing("train/\(name)", repetitions: repetitions, count: steps) {
            let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
            optimizer.update(parameters, with: loss.pullback().parameters)
        }
    }
}

/// A transformer that predicts from a week of hours: NS25's network for time series (appendix A.3), of 8 features.
private struct TransformerWork {
    let model: Transformer
    let batch: Batch

    /// A repetition takes a hundred times as long as those of the other models.
    private static let mostRepetitions = 5

    init() {
        let (samples, tokens, features) = (32, 168, 8)
        let generator = Generator(seed: 0)
        model = .regression(
            features: features, outputs: features, length: tokens, heads: 4, layers: 4, using: generator)
        batch = Batch(
            inputs: .normal([samples, tokens, features], using: generator),
            targets: .normal([samples, features], using: generator))
    }

    func measureTeleport(repetitions: Int) -> Timing {
        let teleporter = NullSpaceTeleporter(steps: 8, stepSize: .fixed(1e-4), cap: .none)
        let optimizer = SGD(learningRate: 1e-3)
        let start = model.parameters.map { $0.value.clone() }
        return Timing("teleport/transformer", repetitions: min(repetitions, Self.mostRepetitions)) {
            for (parameter, value) in zip(model.parameters, start) { parameter.value.copy(from: value) }
        } _: {
            _ = teleporter.teleport(model, MeanSquaredError(), on: [batch], before: optimizer)
        }
    }

    func measureTraining(repetitions: Int) -> Timing {
        let parameters = model.parameters.map(\.value)
        let optimizer = SGD(learningRate: 1e-3)
        return Timing("train/transformer", repetitions: min(repetitions, Self.mostRepetitions)) {
            let loss = LinearizedLoss(model, MeanSquaredError(), on: batch)
            optimizer.update(parameters, with: loss.pullback().parameters)
        }
    }
}
