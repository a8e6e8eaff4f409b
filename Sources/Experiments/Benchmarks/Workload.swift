import NeuralNetworks
import Optimizers
import Teleportation
import Torch

/// A piece of work to be measured.
struct Workload {
    /// How often a measurement does the work; times are divided by it.
    var count = 1
    /// The most times that it is measured, for work that takes long.
    var mostRepetitions = Int.max
    /// Runs before each measurement and is not measured.
    var prepare: () -> Void = {}
    /// The work.
    let run: () -> Void

    /// Work that starts from the weights that the model has now, each time.
    static func fromTheSameWeights(
        of model: some Layer, mostRepetitions: Int = .max, run: @escaping () -> Void
    ) -> Workload {
        let start = SavedParameters(model.parameters.map(\.value))
        return Workload(mostRepetitions: mostRepetitions, prepare: start.restore, run: run)
    }

    /// Training steps on one batch, each from where the last one led.
    static func training(
        _ model: some Layer, _ loss: some Loss, on batch: Batch, by optimizer: some Optimizer, count: Int = 1,
        mostRepetitions: Int = .max
    ) -> Workload {
        let step = TrainingStep(model, loss, optimizer)
        return Workload(count: count, mostRepetitions: mostRepetitions) { step(on: batch) }
    }

    /// How long the work takes.
    func time(_ name: String, repetitions: Int) -> BenchmarkResult {
        BenchmarkResult(
            timeOf: name, repetitions: min(repetitions, mostRepetitions), count: count, prepare: prepare, run)
    }

    /// How much memory the work takes.
    ///
    /// - Throws: `ResidentMemory.Unknown` where the system does not count it.
    func peakMemory(_ name: String, repetitions: Int) throws -> BenchmarkResult {
        try BenchmarkResult(
            peakMemoryOf: name, repetitions: min(repetitions, mostRepetitions), prepare: prepare
        ) { for _ in 0..<count { run() } }
    }
}
