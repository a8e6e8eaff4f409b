import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// A trial of teleports: training goes on from where they led and, on the same batches, from where it was before them,
/// and stays on the better of the two ways.
///
/// A teleport keeps the loss of its batch and makes of its objective what it can. Whether training gains by it only training
/// tells: the curvature may grow along with the gradient, so that the steps that follow go too far, and the batch's level set
/// is not that of all the data. A trial of k steps costs k training steps, and the copies of the model and of the
/// optimizer's state.
///
/// Both ways see the same learning rates, as far as these are the optimizer's, and drop the same elements.
///
/// ```swift
/// let step = TrainingStep(model, CrossEntropy(), optimizer)
/// var trial = TeleportTrial(of: model, optimizer)
/// teleporter.teleport(model, CrossEntropy(), on: teleportBatches, before: optimizer)
/// let verdict = trial.run(on: nextBatches) { step(on: $0) }
/// ```
///
/// Training need not wait for the end of a trial: `advance(on:by:)` takes one step with the teleports, and after the last of
/// them each `retrace(by:)` one without. `TeleportingSession` does that.
public struct TeleportTrial {
    private let model: any Layer
    private let optimizer: any Optimizer
    private let start: Snapshot
    /// Where the way with the teleports ended; nil while it goes on.
    private var end: Snapshot?
    private var batches: [Batch] = []
    private var lossesWith: [Tensor] = []
    private var lossesWithout: [Tensor] = []
    /// The learning rate before each step with the teleports, and after the last: a schedule may set it in the step or around
    /// it.
    private var rates: [Double] = []
    private var endRate = 0.0

    /// A trial of teleports that are about to move a model.
    ///
    /// - Parameters:
    ///   - model: The model as it is before the teleports.
    ///   - optimizer: What trains it.
    public init(of model: some Layer, _ optimizer: any Optimizer) {
        self.model = model
        self.optimizer = optimizer
        start = Snapshot(of: model, optimizer)
    }

    /// The steps taken with the teleports.
    public var stepCount: Int { lossesWith.count }

    /// The steps taken without them, on the same batches.
    public var retracedCount: Int { lossesWithout.count }

    /// Takes a step on the way with the teleports; before the first `retrace(by:)`.
    ///
    /// - Parameters:
    ///   - batch: What to train on; it is kept for the other way.
    ///   - step: Takes a step of training on a batch and returns its loss before the step, rank 0.
    /// - Returns: The loss.
    @discardableResult
    public mutating func advance(on batch: Batch, by step: (Batch) throws -> Tensor) rethrows -> Tensor {
        require(end == nil, "TeleportTrial: a step with the teleports after one without")
        let rate = optimizer.learningRate
        let loss = try step(batch)
        rates.append(rate)
        batches.append(batch)
        lossesWith.append(loss)
        return loss
    }

    /// Takes the next step on the way without the teleports; at least one with them comes before.
    ///
    /// - Parameter step: As for `advance(on:by:)`.
    /// - Returns: The verdict after the last step, with model and optimizer at the better of the two ends; nil before that.
    public mutating func retrace(by step: (Batch) throws -> Tensor) rethrows -> Verdict? {
        require(retracedCount < stepCount, "TeleportTrial: no batches to try the teleports on")
        if end == nil {
            end = Snapshot(of: model, optimizer)
            endRate = optimizer.learningRate
            start.restore()
        }
        optimizer.learningRate = rates[retracedCount]
        lossesWithout.append(try step(batches[retracedCount]))
        guard retracedCount == stepCount else { return nil }
        let verdict = Verdict(
            lossWithTeleports: Self.outcome(of: lossesWith), lossWithout: Self.outcome(of: lossesWithout),
            lossesWith: lossesWith, lossesWithout: lossesWithout)
        if verdict.keepsTeleports { end?.restore() }
        optimizer.learningRate = endRate
        return verdict
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
    public mutating func run(on batches: [Batch], step: (Batch) throws -> Tensor) rethrows -> Verdict {
        for batch in batches { try advance(on: batch, by: step) }
        while true {
            if let verdict = try retrace(by: step) { return verdict }
        }
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

        /// Whether the steps without the teleports did better by more than chance: over the second half of the steps, batch by batch,
        /// the mean of the differences is more than twice its standard error.
        var isLostClearly: Bool {
            guard !keepsTeleports else { return false }
            let count = (lossesWith.count + 1) / 2
            let losses = [lossesWith, lossesWithout].map { Tensor.stacked($0.suffix(count)).doubles() }
            let differences = zip(losses[0], losses[1]).map { $0 - $1 }
            let mean = differences.reduce(0, +) / Double(count)
            // What is not finite is lost by any measure.
            guard mean.isFinite, count > 1 else { return count > 1 }
            let variance = differences.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(count - 1)
            return mean > 2 * (variance / Double(count)).squareRoot()
        }

        /// The loss of each batch, rank 0, on the way on which training goes on.
        public var losses: [Tensor] { keepsTeleports ? lossesWith : lossesWithout }

        /// Why training goes on without the teleports; nil if it goes on with them.
        public var objection: TeleportReport.Restoration? {
            keepsTeleports ? nil : .lostTrial(steps: lossesWith.count, with: lossWithTeleports, without: lossWithout)
        }
    }

    private static func outcome(of losses: [Tensor]) -> Double {
        let half = losses.suffix((losses.count + 1) / 2)
        return half.total() / Double(half.count)
    }
}

extension TeleportTrial.Verdict: CustomStringConvertible {
    /// One line: how the trial ended.
    public var description: String {
        objection.map { "the teleports are taken back: \($0)" }
            ?? "the teleports stand: \(losses.count.counted("step")) of training came to a loss of \(lossWithTeleports) with them and "
            + "\(lossWithout) without"
    }
}
