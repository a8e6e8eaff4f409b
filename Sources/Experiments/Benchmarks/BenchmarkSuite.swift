import NeuralNetworks
import Optimizers
import Teleportation
import Torch

/// What `teleport bench` measures; `Benchmarks/` in the repository holds the same work in PyTorch.
public enum BenchmarkSuite: String, CaseIterable, Sendable {
    /// Teleporting on one batch: bases and steps.
    case teleport
    /// Training steps.
    case train
    /// The time of a teleport against the number of steps t, the width d, the samples n, the layers l and the batches b:
    /// NS25 Figure 3.
    case scaling

    /// Runs the suite.
    ///
    /// - Parameters:
    ///   - repetitions: How many times each piece of work is measured.
    ///   - report: Receives each measurement as it is made.
    public func run(repetitions: Int, report: (Timing) -> Void) {
        switch self {
        case .teleport:
            report(TeleportWork().measure("teleport/mlp-1024", repetitions: repetitions))
        case .train:
            for work in TrainingWork.all { report(work.measure(repetitions: repetitions)) }
        case .scaling:
            for (name, work) in TeleportWork.scaling {
                report(work.measure("scaling/\(name)", repetitions: repetitions))
            }
        }
    }
}

/// A null-space teleport of a perceptron on images of 28 x 28 and ten classes.
private struct TeleportWork {
    var steps = 8
    var width = 1024
    var samples = 32
    var layers = 3
    var batches = 1

    /// One quantity varied at a time, as NS25 Figure 3 has it.
    static let scaling: [(String, TeleportWork)] = {
        func vary(
            _ name: String, _ quantity: WritableKeyPath<TeleportWork, Int>, over values: [Int]
        ) -> [(String, TeleportWork)] {
            values.map { value in
                var work = TeleportWork(steps: 8, width: 256, samples: 64, layers: 4, batches: 1)
                work[keyPath: quantity] = value
                return ("\(name)=\(value)", work)
            }
        }
        return vary("t", \.steps, over: [1, 2, 4, 8, 16])
            + vary("d", \.width, over: [64, 128, 256, 512, 1024])
            + vary("n", \.samples, over: [16, 32, 64, 128, 256])
            + vary("l", \.layers, over: [2, 3, 4, 5, 6])
            + vary("b", \.batches, over: [1, 2, 4, 8])
    }()

    func measure(_ name: String, repetitions: Int) -> Timing {
        let generator = Generator(seed: 0)
        let model = MLP(
            inputs: 784, hidden: Array(repeating: width, count: layers - 1), outputs: 10, using: generator)
        let data = (0..<batches).map { _ in
            Batch(
                inputs: .normal([samples, 784], using: generator),
                targets: .integers([samples], in: 0..<10, using: generator))
        }
        // A fixed step without a cap: the same steps at each repetition, whatever the gradient.
        let teleporter = NullSpaceTeleporter(steps: steps, stepSize: .fixed(0.01), cap: .none)
        let optimizer = SGD(learningRate: 1e-3)
        let start = model.parameters.map { $0.value.clone() }
        return Timing(name, repetitions: repetitions) {
            for (parameter, value) in zip(model.parameters, start) { parameter.value.copy(from: value) }
        } _: {
            _ = teleporter.teleport(model, CrossEntropy(), on: data, before: optimizer)
        }
    }
}

/// Training steps on one batch.
private struct TrainingWork {
    let name: String
    let hidden: [Int]
    let activation: Activation
    let samples: Int
    let optimizer: OptimizerKind

    static let all = [
        TrainingWork(
            name: "mlp-small", hidden: [16, 10], activation: .leakyReLU(slope: 0.1), samples: 20, optimizer: .sgd),
        TrainingWork(name: "mlp-1024-sgd", hidden: [1024, 1024], activation: .relu, samples: 32, optimizer: .sgd),
        TrainingWork(name: "mlp-1024-adam", hidden: [1024, 1024], activation: .relu, samples: 32, optimizer: .adam),
    ]

    func measure(repetitions: Int) -> Timing {
        let generator = Generator(seed: 0)
        let model = MLP(inputs: 784, hidden: hidden, outputs: 10, activation: activation, using: generator)
        let parameters = model.parameters.map(\.value)
        let batch = Batch(
            inputs: .normal([samples, 784], using: generator),
            targets: .integers([samples], in: 0..<10, using: generator))
        let optimizer = self.optimizer.make(learningRate: 1e-3)
        return Timing("train/\(name)", repetitions: repetitions, count: 50) {
            let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
            optimizer.update(parameters, with: loss.pullback().parameters)
        }
    }
}
