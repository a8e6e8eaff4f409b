import Datasets
import Reporting
import Teleportation
import Torch

extension TrainingConfiguration {
    /// All options that a training with teleports heeds, by the names that they have on the command line, every default written out.
    ///
    /// - Parameters:
    ///   - plan: How the training is interrupted by teleports.
    ///   - data: What the model learns from and is tested with.
    package func options(_ plan: TeleportPlan, on data: Split<any Dataset>) -> [String: JSONValue] {
        let stepsPerEpoch = data.train.batchCount(of: batchSize)
        let schedule: [String: JSONValue] = [
            "batch-size": .integer(batchSize), "epochs": .integer(epochs),
            "schedule": .string(plan.schedule.settled(stepsPerEpoch: stepsPerEpoch).moments.text),
            "warm-up-steps": .integer(plan.schedule.warmUpSteps),
            "trial-steps": .integer(plan.trialStepCount(stepsPerEpoch: stepsPerEpoch)),
            "patience": .integer(plan.patience),
            "optimizer-state": .string(plan.optimizerState.rawValue),
        ]
        let progress: [String: JSONValue] =
            plan.hasTrials ? ["own-progress": .number(plan.largestOwnProgress)] : [:]
        return optionsOfOneTeleport(plan, on: data).merging(schedule) { $1 }.merging(progress) { $1 }
    }

    /// Those of them that one teleport heeds, without a training around it.
    func optionsOfOneTeleport(_ plan: TeleportPlan, on data: Split<any Dataset>) -> [String: JSONValue] {
        let own: [String: JSONValue] = [
            "dataset": .string(data.name), "training-samples": .integer(data.train.count),
            "test-samples": .integer(data.test.count), "model": .string(architecture.text),
            "optimizer": .string(optimizer.text), "learning-rate": .number(learningRate),
            "teleport-batches": .integer(plan.schedule.batchCount(of: data.train.count)),
            "teleport-batch-size": .integer(plan.schedule.batchSize),
            "control-samples": .integer(min(plan.controlSampleCount, data.train.count)), "dtype": .string("\(dtype)"),
            "device": .string(device.description), "threads": .integer(Libtorch.threadCount),
        ]
        return own.merging(TeleportOption.values(of: plan.teleporter)) { $1 }
    }
}
