import Datasets
import Foundation
import NeuralNetworks
import Optimizers
import Reporting
import Teleportation
import Torch

/// A look at how much room a model has to teleport, and at what the room gives: NS25 Figure 6.
package struct InspectExperiment {
    /// The model, and how it is trained before the look at it; for no epochs, it is the one with random weights.
    package let training: TrainingConfiguration
    /// The weights, the order of the training and the samples to look at follow from it.
    package let seed: Int
    /// The samples of the teleport batch: as many as were asked for, or all if there are fewer.
    package let samples: Int
    /// How the batch is climbed; steps, step size and objective are heeded, and caps and tolerance are left out.
    package let climb: Climb
    /// The shares of the inputs' energy to hold, each on its own.
    package let taus: [Double]
    private let data: Split<any Dataset>
    /// The training with the data where they are needed: these are moved once.
    private let prepared: Training

    /// An inspection on a data set.
    package init(
        _ training: TrainingConfiguration, seed: Int, samples: Int, climb: Climb, taus: [Double],
        on data: Split<any Dataset>
    ) {
        self.training = training
        self.seed = seed
        self.samples = min(samples, data.train.count)
        self.climb = climb
        self.taus = taus
        self.data = data
        prepared = Training(training, on: data)
    }

    /// Checks that all goes together.
    ///
    /// - Returns: The loss of the untrained model, from which on a loss may have risen.
    /// - Throws: `MemoryError`, `StartingLossError`, and as `TrainingRun.init`.
    package func check() throws -> Double {
        try prepared.checkMemory()
        return try prepared.startingLoss(of: TrainingRun(prepared, seed: seed).model, on: data.name)
    }

    /// Trains the model if it is to be, and looks at it.
    ///
    /// - Parameters:
    ///   - startingLoss: What `check()` returns.
    ///   - progress: Shows how far the training is.
    ///   - watch: Watches how busy the machine is.
    ///   - isCancelled: Asked before each batch of the training; once true, the model is looked at as it is.
    /// - Throws: `Divergence` if the training diverged, so that there is nothing to look at, `StartingLossError` if the data are
    ///   to blame for that, `TorchError` if an input cannot be
    ///   decomposed, and as `TrainingRun.init`.
    package func run(
        from startingLoss: Double = .infinity, progress: ProgressLine? = nil, watch: ProcessorWatch = ProcessorWatch(),
        isCancelled: () -> Bool = { false }
    ) throws -> Inspection {
        let start = Date()
        let run = try TrainingRun(prepared, seed: seed)
        for tau in taus { try NullSpaceTeleporter(climb, tau: tau).check(run.model, before: run.optimizer) }
        while !isCancelled(), let event = run.next() {
            progress?.show(event, of: run, arm: "training", number: 0)
        }
        if let divergence = Divergence(of: [run.record], from: startingLoss) {
            try prepared.checkData(after: divergence, seed: seed, on: data.name)
            throw divergence
        }

        let model = run.model
        let generator = Training.generator(.teleports, seed)
        let batch = prepared.trainingSamples.randomBatch(of: samples, using: generator)
        var trajectories: [Inspection.Trajectory] = []
        for tau in taus {
            trajectories.append(
                trajectory(of: model, prepared.trainingSamples.task.loss, on: batch, tau: tau, before: run.optimizer))
        }
        return Inspection(
            configuration: configuration, data: data.namedSizes,
            environment: Summary.Environment(of: training, watch: watch, date: start),
            layers: try InputSpectrum.ofMovableMaps(of: model, prepared.trainingSamples.task.loss, over: [batch])
                .map { Inspection.LayerRoom($0, taus: taus) },
            trajectories: trajectories)
    }

    /// Loss and gradient after each number of steps, as they are at the moved weights; these are set back.
    private func trajectory(
        of model: any Layer, _ loss: any Loss, on batch: Batch, tau: Double, before optimizer: any Optimizer
    ) -> Inspection.Trajectory {
        let parameters = model.parameters.map(\.value)
        let start = Snapshot(of: model, optimizer)
        defer { start.restore() }
        var points: [Inspection.StepRecord] = []
        func look(after steps: Int) {
            withMode(.teleportation) {
                let moved = LinearizedLoss(model, loss, on: batch)
                points.append(
                    Inspection.StepRecord(
                        step: steps, loss: moved.value.item(),
                        gradientNormSquared: moved.gradients(of: parameters).squaredNorm()))
            }
        }
        look(after: 0)
        var climb = self.climb
        climb.cap = .none
        climb.tolerance = .infinity
        let teleporter = NullSpaceTeleporter(climb, tau: tau)
        let generator = Generator(seed: UInt64(seed))
        let context = TeleportContext(
            before: optimizer, stepTaken: look,
            drawOthers: { data.train.randomBatch(of: min($0, data.train.count), using: generator) })
        let report = teleporter.teleport(model, loss, on: [batch], in: context)[0]
        let endsEarly = report.restored == nil && report.steps < climb.steps
        return Inspection.Trajectory(
            tau: tau, points: points, objectiveBefore: report.objectiveBefore, objectiveAfter: report.objectiveAfter,
            reason: report.restored?.description, ending: endsEarly ? report.ending?.description : nil)
    }

    /// All options by the names that they have on the command line.
    private var configuration: [String: JSONValue] {
        [
            "dataset": .string(data.name), "training-samples": .integer(data.train.count),
            "test-samples": .integer(data.test.count), "model": .string(training.architecture.text),
            "optimizer": .string(training.optimizer.text), "learning-rate": .number(training.learningRate),
            "batch-size": .integer(training.batchSize), "epochs": .integer(training.epochs), "seed": .integer(seed),
            "samples": .integer(samples), "steps": .integer(climb.steps), "step-size": .string(climb.stepSize.text),
            "objective": .string(climb.objectiveText),
            "tau": .array(taus.map { .number($0) }), "dtype": .string("\(training.dtype)"),
            "device": .string(training.device.description), "threads": .integer(Libtorch.threadCount),
        ]
    }

    /// A job of the size of the training, for `ProgressLine`.
    package var job: ProgressLine.Job { prepared.job(runs: 1) }
}
