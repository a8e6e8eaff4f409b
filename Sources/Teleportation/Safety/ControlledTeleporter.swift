import NeuralNetworks
import Optimizers
import Torch

/// A teleporter that watches other samples than those of its batches.
///
/// A teleport holds the loss of its own batch and not that of other samples, and on a batch that the model fits well, or where
/// the curvature grows with the gradient, the move can cost them much more than it gains. Where one step of the optimizer
/// after a move would leave the loss of the control samples clearly higher than it was before the teleport, the move is halved until
/// it would not, and in the end undone. Clearly is by more than twice the standard error of the mean difference, since at a small learning
/// rate a step gains next to nothing, and of two moves one would be undone by chance; and by more than a hundredth of the loss in any case.
/// A move whose parts are not on the level set is undone at once.
///
/// The batches of one teleport meet the same control samples. After a move of which these left nothing, the climb takes half as many steps
/// on the next batch, after one of which they left all, twice as many again, from an eighth to all: where moves are taken back, they are to
/// cost little. After eight in a row of which nothing was left the teleport ends (`TeleportReport.endsTeleport`).
///
/// What the step does counts, and not what it promises to first order: where the curvature has grown with the gradient the step
/// goes too far. And it counts from before the first batch: each of many moves may cost what one step gains, while there is
/// only one such step.
///
/// ```swift
/// let teleporter = ControlledTeleporter(NullSpaceTeleporter(), by: samples)
/// ```
public struct ControlledTeleporter: Teleporter {
    /// What moves the parameters.
    public var base: any Teleporter
    /// Samples to stand for all others.
    public var samples: Batch

    /// A teleporter whose moves leave samples not clearly worse.
    public init(_ base: any Teleporter, by samples: Batch) {
        self.base = base
        self.samples = samples
    }

    /// As the moves of the base.
    public var hasDivisibleMoves: Bool { base.hasDivisibleMoves }

    /// As the moves of the base.
    public var carriesVelocities: Bool { base.carriesVelocities }

    /// As the base.
    public var movesOnShards: Bool { base.movesOnShards }

    /// Checks that the base can move the model.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try base.check(model, before: optimizer)
    }

    /// Begins a teleport of the base; see `Teleporter`. Of a sequence each move is controlled by itself, all against the loss
    /// before the first.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        if let sequence = base as? TeleporterSequence {
            return TeleporterSequence(sequence.teleporters.map { ControlledTeleporter($0, by: samples) })
                .begin(model, loss, in: context)
        }
        return ControlledTeleport(
            base: base.begin(model, loss, in: context), samples: samples, model: model, loss: loss,
            optimizer: context.optimizer)
    }
}

/// A teleport under control.
private final class ControlledTeleport: Teleport {
    private let base: any Teleport
    private let samples: Batch
    private let model: any Layer
    private let loss: any Loss
    private let parameters: [Tensor]
    private let optimizer: any Optimizer
    /// The losses of the control samples before the teleport.
    private let lossesBefore: ControlLosses
    /// How often somebody has looked at the control samples since the last batch; before the first one, once.
    private var looks = 1

    /// The moves in a row of which the control samples have left nothing.
    private var rejections = 0

    /// The most times that a move is halved, before and after it is made: less than an eighth of one is hardly worth its looks at the
    /// control samples, each of which costs nearly as much as a step.
    private static var mostHalvings: Int { 3 }
    /// The moves in a row of which nothing was left after which the teleport ends. Of 266 teleports of perceptrons by moves of all steps one in
    /// five moves came through after three such in a row, and about as many after six; those of fewer steps cost less to try.
    private static var mostRejections: Int { 8 }

    init(base: any Teleport, samples: Batch, model: any Layer, loss: any Loss, optimizer: any Optimizer) {
        self.base = base
        self.samples = samples
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        parameters = model.parameters.map(\.value)
        require(samples.count > 0, "ControlledTeleporter: no control samples")
        lossesBefore = ControlLosses(of: model, loss, on: samples)
    }

    func move(on batch: Batch) -> TeleportReport {
        let start = ContinuousClock.now
        // A climb remembers where it began by itself.
        let climbing = base as? ClimbingTeleport
        let saved = climbing == nil ? SavedParameters(parameters) : nil
        var report = base.move(on: batch)
        defer { looks = 0 }
        guard report.steps > 0, report.restored == nil else {
            // The control samples had no say.
            rejections = 0
            count(&report, on: batch)
            return report
        }
        do throws(TeleportReport.Restoration) {
            try shorten(climbing, on: batch, &report)
            rejections = 0
            if report.halvings.control == 0 { climbing?.takeMoreSteps() }
        } catch {
            if let climbing { climbing.restore() } else { saved?.restore() }
            climbing?.takeFewerSteps(halvings: Self.mostHalvings)
            report.restored = error
            rejections += 1
            // Of moves that are drawn at random the next one may be quite another.
            report.endsTeleport = climbing != nil && rejections >= Self.mostRejections
        }
        count(&report, on: batch)
        report.seconds = (ContinuousClock.now - start) / .seconds(1)
        return report
    }

    func carried(_ velocity: [Tensor]) -> [Tensor] { base.carried(velocity) }

    /// Shortens the move until one step of the optimizer on this batch leaves the control samples not clearly worse than they were before
    /// the teleport.
    private func shorten(
        _ climbing: ClimbingTeleport?, on batch: Batch, _ report: inout TeleportReport
    ) throws(TeleportReport.Restoration) {
        if climbing == nil { report.gradientEvaluations += 1 }
        var gradients = climbing?.gradients ?? LinearizedLoss(model, loss, on: batch).gradients(of: parameters)
        var after = lossesAfterStep(along: gradients)
        while after.areClearlyHigher(than: lossesBefore) {
            let halvings = report.halvings.control + (climbing?.stepHalvings ?? 0)
            guard halvings < Self.mostHalvings, let climbing, climbing.halve() else {
                throw .costly(before: lossesBefore.mean, after: lossesBefore.mean + after.rise(over: lossesBefore).mean)
            }
            report.halvings.control += 1
            gradients = climbing.look(again: &report)
            after = lossesAfterStep(along: gradients)
        }
        guard report.halvings.control > 0 else { return }
        report.lossAfter = loss.value(of: model, on: batch)
        report.gradientEvaluations += 1.0 / 3
    }

    /// Counts the looks at the control samples, each a forward pass.
    private func count(_ report: inout TeleportReport, on batch: Batch) {
        report.gradientEvaluations += Double(looks * samples.count) / Double(3 * batch.count)
    }

    /// The losses of the control samples as the optimizer's next step would leave them.
    private func lossesAfterStep(along gradients: [ParameterGradient]) -> ControlLosses {
        looks += 1
        let control = BatchLoss(model, loss, on: samples)
        return control.at(optimizer.displaced(control.parameters, with: gradients, by: 1)) {
            ControlLosses(of: model, loss, on: samples)
        }
    }
}
