import Datasets
import Foundation
import Reporting
import Teleportation
import Torch

/// The main job: the same training with and without teleports, over several seeds.
package struct CompareExperiment {
    /// How the models are trained, in both arms.
    package let training: TrainingConfiguration
    /// How the models of one arm are teleported.
    package let teleports: TeleportConfiguration
    /// One run of each arm for each of them.
    package let seeds: Seeds
    private let data: Split<any Dataset>

    /// A comparison on a data set.
    package init(
        _ training: TrainingConfiguration, teleports: TeleportConfiguration, seeds: Seeds, on data: Split<any Dataset>
    ) {
        self.training = training
        self.teleports = teleports
        self.seeds = seeds
        self.data = data
    }

    /// Checks that the teleports can move the model.
    ///
    /// - Throws: `SymmetryRefusal` or `RandomTeleporterError`, which say what to use instead.
    package func check() throws { try teleports.check(Training(training, on: data).makeModel(seed: seeds.values[0])) }

    /// Trains all models, seed by seed, without and then with teleports.
    ///
    /// - Parameters:
    ///   - progress: Shows how far it is.
    ///   - isCancelled: Asked before each batch; once true, the summary holds what there is.
    package func run(progress: ProgressLine? = nil, isCancelled: @escaping () -> Bool = { false }) -> Summary {
        let training = Training(self.training, on: data)
        var arms = [("baseline", nil), ("teleport", teleports)].map { name, teleports in
            (name: name, teleports: teleports, arm: Arm(seeds: [], runs: []))
        }
        let start = Date()
        training.warmUp()
        var finished = 0
        for (count, seed) in seeds.values.enumerated() {
            // Each arm goes first in turn, so that neither is always the one that meets a machine that slows down.
            let order = count.isMultiple(of: 2) ? [0, 1] : [1, 0]
            for index in order where !isCancelled() {
                let (name, teleports) = (arms[index].name, arms[index].teleports)
                let run = training.run(
                    seed: seed, teleports: teleports, arm: name, number: finished, on: progress,
                    isCancelled: isCancelled)
                guard let run else { continue }
                arms[index].arm.seeds.append(seed)
                arms[index].arm.runs.append(run)
                finished += 1
            }
        }
        return Summary(
            configuration: configuration,
            environment: Summary.Environment(
                version: Library.version, libtorchVersion: Libtorch.version, threads: Libtorch.threadCount,
                device: self.training.device.description, dtype: "\(self.training.dtype)", date: start),
            baseline: arms[0].arm, teleport: arms[1].arm)
    }

    /// A job of the size of this experiment, for `ProgressLine`.
    package var job: ProgressLine.Job {
        let batches = (data.train.count + training.batchSize - 1) / training.batchSize
        return ProgressLine.Job(runs: 2 * seeds.values.count, epochs: training.epochs, batches: batches)
    }

    /// All options that were heeded, by the names that they have on the command line.
    private var configuration: [String: JSONValue] {
        var options: [String: JSONValue] = [
            "dataset": .string(data.name), "training-samples": .integer(data.train.count),
            "test-samples": .integer(data.test.count), "model": .string(training.architecture.text),
            "optimizer": .string(training.optimizer.text), "learning-rate": .number(training.learningRate),
            "batch-size": .integer(training.batchSize), "epochs": .integer(training.epochs),
            "seeds": .array(seeds.values.map { .integer($0) }), "method": .string(teleports.method.rawValue),
            "schedule": .string(TeleportEpochs(teleports.schedule.epochs).text),
            "warm-up-steps": .integer(teleports.schedule.warmUpSteps),
            "teleport-batches": .integer(teleports.schedule.batchCount),
            "teleport-batch-size": .integer(teleports.schedule.batchSize),
            "control-samples": .integer(teleports.controlSampleCount), "trial-steps": .integer(teleports.trialSteps),
            "tolerance": .number(teleports.tolerance),
            "optimizer-state": .string(teleports.optimizerState.rawValue), "dtype": .string("\(training.dtype)"),
            "device": .string(training.device.description), "threads": .integer(Libtorch.threadCount),
        ]
        for option in TeleportOption.all where option.methods.contains(teleports.method) {
            options[option.name] = option.value(teleports)
        }
        return options
    }
}
