import Datasets
import Foundation
import NeuralNetworks
import Teleportation
import Torch

@testable import Experiments

/// A few hundred generated digits.
var digits: Split<any Dataset> { SyntheticDigits(trainCount: 300, testCount: 100).split().erased }

/// Two sines, in windows of 12 rows.
var sines: Split<any Dataset> {
    func series(_ range: Range<Int>) -> SeriesDataset {
        let values = range.flatMap { [sin(0.3 * Double($0)), cos(0.5 * Double($0))] }
        return SeriesDataset(Tensor(values, shape: [range.count, 2]), windowLength: 12, horizon: 3)
    }
    return Split(name: "sines", train: series(0..<150), test: series(150..<200)).erased
}

/// Six words, each of which follows from the one before.
var cycleOfWords: Split<any Dataset> {
    let tokens = (0..<700).map { Int64($0 % 6) }
    let text = TextDataset(Tensor(tokens), vocabulary: Vocabulary(["a", "b", "c", "d", "e", "f"]), length: 10)
    return Split(name: "cycle", train: text, test: text).erased
}

/// Coloured images of 8 x 8 without a meaning, two of them to test with.
var noise: Split<any Dataset> {
    let generator = Generator(seed: 2)
    let images = ImageDataset(
        images: Tensor.integers([24, 3, 8, 8], in: 0..<256, using: generator).to(dtype: .uint8),
        labels: Tensor.integers([24], in: 0..<2, using: generator), classCount: 2)
    return Split(name: "noise", train: images, test: images.prefix(2)).erased
}

/// A training that takes milliseconds.
func training(
    epochs: Int = 3, learningRate: Double = 0.05, dtype: DType = .float64,
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
) -> Training {
    var configuration = TrainingConfiguration(
        architecture: .mlp(hidden: [64, 64], activation: .relu), learningRate: learningRate, batchSize: 30,
        epochs: epochs, dtype: dtype)
    change(&configuration)
    return Training(configuration, on: digits)
}

/// Null-space teleports before the given epochs, on two batches of 20 samples each, without a trial.
func teleports(
    _ epochs: some Sequence<Int> = 0..<3, warmUpSteps: Int = 0,
    _ changeTeleporter: (inout NullSpaceTeleporter) -> Void = { _ in },
    plan change: (inout TeleportPlan) -> Void = { _ in }
) -> TeleportPlan {
    var teleporter = NullSpaceTeleporter(Climb(steps: 4))
    changeTeleporter(&teleporter)
    var plan = TeleportPlan(
        teleporter,
        schedule: TeleportSchedule(epochs: epochs, batchCount: 2, batchSize: 20, warmUpSteps: warmUpSteps),
        trialSteps: 0, patience: 0)
    change(&plan)
    return plan
}

/// A training with teleports every six steps, each on trial, for tests that stop it and go on with it.
func interruptedExperiment(
    epochs: Int, _ course: TrainExperiment.Course, learningRate: Double = 0.02
) throws -> TrainExperiment {
    let plan = teleports(
        0..<3,
        { $0.climb.cap = .none },
        plan: {
            $0.schedule.moments = .every(6)
            $0.trialSteps = 3
            $0.largestOwnProgress = 1
            $0.controlSamples = 20
        })
    return TrainExperiment(
        TrainingConfiguration(
            architecture: .mlp(hidden: [32], activation: .relu), optimizer: try OptimizerOption(text: "adam"),
            learningRate: learningRate, batchSize: 30, epochs: epochs),
        plan: plan, seed: 5, course: course, on: digits)
}

extension Run {
    /// What does not depend on how fast the machine is.
    var withoutTimes: Run {
        var run = self
        for index in run.epochs.indices {
            run.epochs[index].seconds = 0
            run.epochs[index].teleportSeconds = 0
            run.epochs[index].gradientEvaluations = nil
        }
        for index in run.teleports.indices { run.teleports[index].report.seconds = 0 }
        return run
    }
}
