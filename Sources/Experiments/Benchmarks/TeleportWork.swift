import NeuralNetworks
import Optimizers
import Teleportation
import Torch

/// A teleport of a classifier of ten classes.
package struct TeleportWork: Sendable {
    /// What moves the classifier; by symmetry with the action that any activation admits.
    package var method = TeleportMethod.nullSpace
    package var architecture = Architecture.mlp(hidden: [1024, 1024], activation: .relu)
    package var inputShape = [784]
    package var steps = 8
    package var samples = 32
    package var batches = 1
    /// What weights and data follow from.
    package var seed = 0
    package var dtype = DType.float32
    package var device = Device.cpu

    static let mlp = TeleportWork()
    static let cnn = TeleportWork(
        architecture: .cnn(channels: [16, 32, 64], activation: .relu), inputShape: [3, 32, 32], samples: 256)

    /// One quantity varied at a time, as NS25 Figure 3 has it: the number of steps t, the width d, the samples n, the layers
    /// l and the batches b.
    package static let scaling: [(quantity: String, value: Int, work: TeleportWork)] =
        [1, 2, 4, 8, 16].map { ("t", $0, perceptron(t: $0)) }
        + [64, 128, 256, 512, 1024].map { ("d", $0, perceptron(d: $0)) }
        + [16, 32, 64, 128, 256].map { ("n", $0, perceptron(n: $0)) }
        + [2, 3, 4, 5, 6].map { ("l", $0, perceptron(l: $0)) }
        + [1, 2, 4, 8].map { ("b", $0, perceptron(b: $0)) }

    /// The work on a perceptron whose hidden layers have one width.
    package static func perceptron(t: Int = 8, d: Int = 256, n: Int = 64, l: Int = 4, b: Int = 1) -> TeleportWork {
        TeleportWork(
            architecture: .mlp(hidden: Array(repeating: d, count: l - 1), activation: .relu), steps: t, samples: n,
            batches: b)
    }

    /// Measures the work.
    ///
    /// - Parameters:
    ///   - name: What the measurement is called.
    ///   - repetitions: How many times to measure.
    ///   - teleported: Receives what each teleport did, those that warm up included.
    package func measure(
        _ name: String, repetitions: Int, teleported: @escaping ([TeleportReport]) -> Void = { _ in }
    ) -> BenchmarkResult {
        workload(teleported: teleported).time(name, repetitions: repetitions)
    }

    /// The work on a model and batches made for it; `teleported` receives what each teleport did.
    func workload(teleported: @escaping ([TeleportReport]) -> Void = { _ in }) -> Workload {
        let generator = Generator(seed: UInt64(seed))
        let model = architecture.makeModel(
            inputShape: inputShape, task: .classification(classes: 10), using: generator, dtype: dtype, device: device)
        let data = (0..<batches).map { _ in
            Batch.noise(of: samples, shape: inputShape, using: generator).to(dtype: dtype, device: device)
        }
        // A fixed step without a cap: the same steps at each repetition, whatever the gradient.
        let climb = Climb(steps: steps, stepSize: .fixed(0.01), cap: .none)
        let teleporter: any Teleporter
        switch method.teleporter.standard {
        case var symmetry as SymmetryTeleporter:
            symmetry.action = .approximate
            symmetry.climb = climb
            teleporter = symmetry
        case var climbing as any ClimbingTeleporter:
            climbing.climb = climb
            teleporter = climbing
        case let other: teleporter = other
        }
        let context = TeleportContext(before: SGD(learningRate: 1e-3), generator: generator)
        return .fromTheSameWeights(of: model) {
            teleported(teleporter.teleport(model, CrossEntropy(), on: data, in: context))
        }
    }
}

extension Batch {
    /// The same samples, with inputs of another type, on another device.
    fileprivate func to(dtype: DType, device: Device) -> Batch {
        Batch(inputs: inputs.to(dtype: dtype, device: device), targets: targets.to(device: device))
    }
}
