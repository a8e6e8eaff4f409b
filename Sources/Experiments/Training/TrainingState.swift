import NeuralNetworks
import Optimizers
import Teleportation
import TextForms
import Torch

/// All that a training under way is, for a file to hold: numbers, and tensors under names.
package struct TrainingState {
    /// The numbers.
    package var progress: Progress
    /// The parameters and buffers of the model (`model.0.weight`), what the optimizer remembers of each parameter
    /// (`optimizer.0.weight.exp_avg`), the states of the generators, and the sum of the epoch's losses.
    package var tensors: [String: Tensor]

    /// Where a training is, and what it has measured.
    package struct Progress: Codable, Equatable, Sendable {
        /// What weights, order and teleport batches follow from.
        package var seed: Int
        /// The epoch in progress, from 0, or the one that comes next.
        package var epoch: Int
        /// The batches of it that are done.
        package var batchesDone: Int
        /// Whether it has begun.
        package var isWithinEpoch: Bool
        /// The samples of the batches that are done.
        package var samplesDone: Int
        /// The optimizer, by its name.
        package var optimizer: String
        /// The learning rate of the optimizer.
        package var learningRate: Double
        /// How often the optimizer has moved each parameter.
        package var optimizerSteps: [Int]
        /// Where the session is.
        package var position: TeleportSchedule.Position
        /// Whether the teleport that is due there is done.
        package var hasTeleported: Bool
        /// The trials lost in a row.
        package var lostTrials: Int
        /// The epochs and teleports so far.
        package var record: Run
        /// The time that training has taken, in seconds.
        package var seconds: Double
        /// The part of it that went into teleports.
        package var teleportSeconds: Double
        /// What it has computed, in gradients of a training batch.
        package var gradientEvaluations: Double
    }

    /// A tensor by its name, of the shape and type of another one.
    func tensor(_ name: String, like expected: Tensor? = nil) throws(TrainingStateError) -> Tensor {
        guard let tensor = tensors[name] else { throw TrainingStateError("the state of a training lacks \(name)") }
        if let expected, tensor.shape != expected.shape || tensor.dtype != expected.dtype {
            throw TrainingStateError(
                "\(name) of the state is \(tensor.shape) of \(tensor.dtype), but the model needs \(expected.shape) of "
                    + "\(expected.dtype); go on with the model that the state was taken of")
        }
        return tensor
    }

    /// Sets a generator to where it was.
    func restore(_ generator: Generator, from name: String) throws(TrainingStateError) {
        let tensor = try tensor(name)
        do throws(TorchError) {
            try generator.restore(tensor)
        } catch {
            throw TrainingStateError("\(name) of the state: \(error)")
        }
    }

    /// The tensors whose names begin with a prefix, without it.
    func tensors(under prefix: String) -> [String: Tensor] {
        var found: [String: Tensor] = [:]
        for (name, tensor) in tensors where name.hasPrefix(prefix) {
            found[String(name.dropFirst(prefix.count))] = tensor
        }
        return found
    }

    /// What the optimizer remembers of parameters.
    func optimizerState(of parameters: [Parameter]) throws(TrainingStateError) -> OptimizerState {
        guard progress.optimizerSteps.count == parameters.count else {
            throw TrainingStateError(
                "the state is of a model with \(progress.optimizerSteps.count.counted("parameter")), and this one has "
                    + "\(parameters.count); go on with the model that the state was taken of")
        }
        return OptimizerState(
            zip(parameters, progress.optimizerSteps).map { parameter, steps in
                OptimizerState.Entry(stepCount: steps, tensors: tensors(under: "optimizer.\(parameter.name)."))
            })
    }
}

extension TrainingState.Progress {
    /// Checks that a training can go on from these numbers.
    func check(_ training: Training) throws(TrainingStateError) {
        let name = training.configuration.optimizer.name.rawValue
        guard optimizer == name else {
            throw TrainingStateError(
                "the state is of a training with \(optimizer), and this one is with \(name); go on with the optimizer that "
                    + "the state was taken of")
        }
        let numbers = [
            ("seed", seed, Training.seeds.contains(seed)), ("epoch", epoch, epoch >= 0),
            ("batchesDone", batchesDone, (0...training.batchesPerEpoch).contains(batchesDone)),
            ("samplesDone", samplesDone, samplesDone >= 0),
            // A session does not go back.
            ("position.epoch", position.epoch, position.epoch <= epoch),
        ]
        for (name, number, isPossible) in numbers where !isPossible {
            throw TrainingStateError(
                "\(name) of the state is \(number), which no run of this training has; take a state that one gave")
        }
    }
}

/// A state that is not that of a training.
package struct TrainingStateError: Error, Hashable, CustomStringConvertible {
    /// What does not fit, and what to do.
    package let description: String

    init(_ description: String) { self.description = description }
}
