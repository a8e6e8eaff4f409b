import NeuralNetworks
import Optimizers
import Torch

/// A trial of teleports: training goes on from where they led and, on the same batches, from where it was before them,
/// and stays on the better of the two ways.
///
/// A teleport keeps the loss of its batch and raises the gradient. Whether training gains by it only training tells: the
/// curvature may grow along with the gradient, so that the steps that follow go too far, and the batch's level set is not
/// that of all the data. A trial of k steps costs k training steps, and the copies of the model and of the optimizer's
/// state.
///
/// What dropout draws goes on: the second way sees other masks than the first.
///
/// ```swift
/// let parameters = model.parameters.map(\.value)
/// let trial = TeleportTrial(of: model, optimizer)
/// teleporter.teleport(model, CrossEntropy(), on: teleportBatches, before: optimizer)
/// let verdict = trial.run(on: nextBatches) { batch in
///     let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
///     optimizer.update(parameters, with: loss.gradients(of: parameters))
///     return loss.value
/// }
/// ```
public struct TeleportTrial {
    private let parameters: [Tensor]
    private let buffers: [Tensor]
    private let optimizer: any Optimizer
    private let start: Snapshot

    /// A trial of teleports that are about to move a model.
    ///
    /// - Parameters:
    ///   - model: The model as it is before the teleports.
    ///   - optimizer: What trains it.
    public init(of model: some Layer, _ optimizer: any Optimizer) {
        parameters = model.parameters.map(\.value)
        buffers = model.buffers.map(\.value)
        self.optimizer = optimizer
        start = Snapshot(of: parameters, buffers: buffers, optimizer)
    }

    /// Takes the steps with and without the teleports, and leaves model and optimizer at the better of the two ends.
    ///
    /// What counts is the mean loss over the second half of the steps: the first of them show what a teleport does at once,
    /// the others where it leads.
    ///
    /// - Parameters:
    ///   - batches: At least one; the steps on them are then done.
    ///   - step: Takes a step of training on a batch and returns its loss before the step, rank 0. It is called for all
    ///     batches with the teleports, then for all of them without. Where it throws, model and optimizer stay where they are.
    public func run(on batches: [Batch], step: (Batch) throws -> Tensor) rethrows -> Verdict {
        require(!batches.isEmpty, "TeleportTrial: no batches to try the teleports on")
        let with = try batches.map(step)
        let end = Snapshot(of: parameters, buffers: buffers, optimizer)
        start.restore()
        let without = try batches.map(step)
        let verdict = Verdict(
            lossWithTeleports: Self.outcome(of: with), lossWithout: Self.outcome(of: without), lossesWith: with,
            lossesWithout: without)
        if verdict.keepsTeleports { end.restore() }
        return verdict
    }

    /// How a trial ended.
    public struct Verdict {
        /// The mean loss over the second half of the steps that followed the teleports.
        public let lossWithTeleports: Double
        /// The same, had there been no teleports.
        public let lossWithout: Double
        fileprivate let lossesWith: [Tensor]
        fileprivate let lossesWithout: [Tensor]

        /// Whether training goes on from where the teleports led.
        public var keepsTeleports: Bool { lossWithTeleports.isFinite && !(lossWithout < lossWithTeleports) }

        /// The loss of each batch, rank 0, on the way on which training goes on.
        public var losses: [Tensor] { keepsTeleports ? lossesWith : lossesWithout }

        /// Why training goes on without the teleports, a sentence for people; nil if it goes on with them.
        public var objection: String? {
            keepsTeleports
                ? nil
                : "training on trial, \(lossesWith.count) steps long, came to a loss of \(lossWithTeleports) with the "
                    + "teleports and \(lossWithout) without"
        }
    }

    private static func outcome(of losses: [Tensor]) -> Double {
        let half = losses.suffix((losses.count + 1) / 2)
        return half.total() / Double(half.count)
    }
}
