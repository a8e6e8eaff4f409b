import Datasets
import Foundation
import NeuralNetworks
import Teleportation
import Torch

/// Two epochs of a training with the default teleports: what share of the time these take, with their looks and trials.
///
/// The steps of an epoch are those of MNIST for perceptron and CNN, and fewer for what takes longer, where trials weigh more. The learning
/// rate is one at which first teleports are kept.
struct ShareWork {
    let name: String
    private let training: TrainingConfiguration
    /// Makes the data.
    private let data: () -> Split<any Dataset>

    /// One of each family.
    static var all: [ShareWork] {
        [
            ShareWork("mlp-1024", .mlp(hidden: [1024, 1024], activation: .relu)) { digits(60_000) },
            ShareWork("cnn", .cnn(channels: [16, 32, 64], activation: .relu)) { digits(60_000) },
            ShareWork("resnet", .resnet(channels: [16, 32])) { digits(6000) },
            ShareWork("transformer", .transformer(TransformerSize(heads: 4, headSize: 16, layers: 2)), series),
        ]
    }

    private init(_ name: String, _ architecture: Architecture, _ data: @escaping () -> Split<any Dataset>) {
        self.name = name
        training = TrainingConfiguration(
            architecture: architecture, optimizer: .sgd, learningRate: 1e-2, batchSize: 32, epochs: 2, dtype: .float32,
            device: .cpu)
        self.data = data
    }

    private static func digits(_ count: Int) -> Split<any Dataset> {
        SyntheticDigits(trainCount: count, testCount: 100).split().erased
    }

    /// Days and weeks of eight variables, each a little later than the one before, with noise, in 3,200 windows.
    private static func series() -> Split<any Dataset> {
        let (hours, variables) = (SeriesDataset.defaultWindowLength + SeriesDataset.defaultHorizon + 3200 - 1, 8)
        let cycles = (0..<hours * variables).map { index in
            let time = Double(index / variables + index % variables)
            return sin(2 * .pi * time / 24) + sin(2 * .pi * time / 168)
        }
        let noise = Tensor.normal([hours, variables], using: Generator(seed: 0), dtype: .float64)
        let windows: any Dataset = SeriesDataset(Tensor(cycles, shape: [hours, variables]) + noise * 0.3)
        return Split(name: "series", train: windows, test: windows.thinned(to: 32))
    }

    /// Trains anew each time.
    ///
    /// - Throws: As `TrainingRun.init`.
    func measure(repetitions: Int) throws -> BenchmarkResult {
        let training = Training(training, on: data())
        training.warmUp()
        return try BenchmarkResult(shareOf: "share/\(name)", repetitions: min(repetitions, 3)) {
            let run = try training.run(seed: 0, plan: TeleportPlan())
            guard let last = run.epochs.last else { return .nan }
            return last.teleportSeconds / last.seconds
        }
    }
}
