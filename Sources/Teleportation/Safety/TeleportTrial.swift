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
/// Training need not wait for the end of a trial: `advance(on:by:)` takes one step with the teleports, and after the last of them each
/// `retrace(isLast:by:)` one without. Where both ways are looked at before, after the steps that `isLook(after:)` names, a trial ends as
/// soon as one way is clearly ahead. `TeleportingSession` does that.
public struct TeleportTrial {
    private let model: any Layer
    private let optimizer: any Optimizer
    /// Where the way without the teleports stands.
    private var without: Snapshot
    /// Where the way with the teleports stands while the other one is taken; nil while it goes on itself.
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
        without = Snapshot(of: model, optimizer)
    }

    /// The steps taken with the teleports.
    public var stepCount: Int { lossesWith.count }

    /// The steps taken without them, on the same batches.
    public var retracedCount: Int { lossesWithout.count }

    /// Fewer steps say too little.
    static let fewestSteps = 16

    /// Whether the ways are compared after so many steps, though the trial goes on: fewer than 16 say too little, and each further
    /// look comes after twice as many.
    public static func isLook(after steps: Int) -> Bool { steps >= fewestSteps && steps.nonzeroBitCount == 1 }

    /// Takes a step on the way with the teleports; not while the way without them is behind.
    ///
    /// - Parameters:
    ///   - batch: What to train on; it is kept for the other way.
    ///   - step: Takes a step of training on a batch and returns its loss before the step, rank 0.
    /// - Returns: The loss.
    @discardableResult
    public mutating func advance(on batch: Batch, by step: (Batch) throws -> Tensor) rethrows -> Tensor {
        require(end == nil, "TeleportTrial: a step with the teleports while the way without them is behind")
        let rate = optimizer.learningRate
        let loss = try step(batch)
        rates.append(rate)
        batches.append(batch)
        lossesWith.append(loss)
        return loss
    }

    /// Takes the next step on the way without the teleports, if it is behind; at least one with them comes before.
    ///
    /// - Parameters:
    ///   - isLast: Whether the trial ends when both ways are equally long. If not, it ends there where one way is clearly ahead: over
    ///     the second half of the steps, batch by batch, the mean difference of the losses is more than four times its standard
    ///     error. Of differences that are chance alone, normal and independent, one look in 200 at 16 steps takes them for more,
    ///     and one in 800 at 32.
    ///   - step: As for `advance(on:by:)`.
    /// - Returns: The verdict, with model and optimizer at the better of the two ends; nil while the way is behind, and where the trial
    ///   goes on with the teleports.
    public mutating func retrace(isLast: Bool = true, by step: (Batch) throws -> Tensor) rethrows -> Verdict? {
        require(stepCount > 0, "TeleportTrial: no batches to try the teleports on")
        if end == nil {
            end = Snapshot(of: model, optimizer)
            endRate = optimizer.learningRate
            without.restore()
        }
        if retracedCount < stepCount {
            optimizer.learningRate = rates[retracedCount]
            lossesWithout.append(try step(batches[retracedCount]))
            guard retracedCount == stepCount else { return nil }
        }
        let verdict = Verdict(
            lossWithTeleports: Self.outcome(of: lossesWith), lossWithout: Self.outcome(of: lossesWithout),
            lossesWith: lossesWith, lossesWithout: lossesWithout)
        let isOver = isLast || verdict.lead.magnitude > 4
        if !isOver { without = Snapshot(of: model, optimizer) }
        if !isOver || verdict.keepsTeleports { end?.restore() }
        end = nil
        optimizer.learningRate = endRate
        return isOver ? verdict : nil
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

        /// Whether training goes on from where the teleports led: unless it did worse by more than rounding. A trial of one step sees the
        /// loss that the teleports kept, and no more.
        public var keepsTeleports: Bool {
            guard lossWithTeleports.isFinite else { return false }
            let rounding = 8 * (lossesWith.first?.dtype.epsilon ?? 0) * lossWithout.magnitude
            return !(lossWithout < lossWithTeleports - rounding)
        }

        /// Whether the steps without the teleports did better by more than chance: by more than twice the standard error.
        var isLostClearly: Bool { lead < -MeanDifference.clearly }

        /// By how much the steps with the teleports did better over the second half of the steps: the mean difference of the
        /// losses, batch by batch, in its standard errors. Infinite where the losses of one way are not finite, or all
        /// differences are one; zero where a single step says nothing.
        var lead: Double {
            let count = (lossesWith.count + 1) / 2
            guard count > 1 else { return 0 }
            let losses = [lossesWithout, lossesWith].map { Tensor.stacked($0.suffix(count)).doubles() }
            let lead = Self.lead(of: zip(losses[0], losses[1]).map { $0 - $1 })
            // What is not finite is lost by any measure.
            return lead.isNaN ? (keepsTeleports ? .infinity : -.infinity) : lead
        }

        /// The mean of differences in its standard errors; no number where one of them is none.
        static func lead(of differences: [Double]) -> Double {
            let difference = MeanDifference(differences)
            return difference.mean == 0 ? 0 : difference.mean / difference.standardError
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
