import Reporting

/// What one teleport did: the steps taken on one batch, and whether the parameters kept the move.
package struct TeleportRecord: Codable, Equatable, Sendable {
    /// How many epochs were complete when it happened: 0 before the first, as schedules count.
    package var epoch: Int
    /// The index of the teleport batch within this epoch's teleport, from 0.
    package var batch: Int
    /// How many ascent steps were taken.
    package var steps: Int
    /// The loss on the teleport batch before the first step.
    @JSONNumber package var lossBefore: Double
    /// The loss on the teleport batch after the last step, of the moved parameters even when they were restored.
    @JSONNumber package var lossAfter: Double
    /// The squared norm of the gradient on the teleport batch before the first step.
    @JSONNumber package var gradientNormSquaredBefore: Double
    /// The squared norm of the gradient on the teleport batch after the last step.
    @JSONNumber package var gradientNormSquaredAfter: Double
    /// The dimension of the null space in which each layer could move, by the name of the layer.
    package var freeDimensions: [String: Int]
    /// How often the move, or a step of it, was halved, as `TeleportReport` has it.
    package var halvings: Int
    /// Whether the move was undone, for itself or with all of its epoch, and the parameters are those from before.
    package var restored: Bool
    /// Why the move was undone; nil, and absent from the JSON, when it was kept.
    package var reason: String?
    /// Wall-clock seconds that this teleport took.
    @JSONNumber package var seconds: Double

    /// A record of one teleport.
    package init(
        epoch: Int, batch: Int, steps: Int, lossBefore: Double, lossAfter: Double, gradientNormSquaredBefore: Double,
        gradientNormSquaredAfter: Double, freeDimensions: [String: Int], halvings: Int = 0,
        restored: Bool = false,
        reason: String? = nil, seconds: Double
    ) {
        self.epoch = epoch
        self.batch = batch
        self.steps = steps
        self.lossBefore = lossBefore
        self.lossAfter = lossAfter
        self.gradientNormSquaredBefore = gradientNormSquaredBefore
        self.gradientNormSquaredAfter = gradientNormSquaredAfter
        self.freeDimensions = freeDimensions
        self.halvings = halvings
        self.restored = restored
        self.reason = reason
        self.seconds = seconds
    }

    /// Whether the parameters are elsewhere than before.
    package var hasMoved: Bool { steps > 0 && !restored }

    /// The record of the same teleport, undone after all.
    func restored(because reason: String) -> TeleportRecord {
        var record = self
        record.restored = true
        record.reason = reason
        return record
    }

    /// By how much the loss moved, as a fraction of the loss before: `|lossAfter - lossBefore| / |lossBefore|`.
    ///
    /// Teleportation promises that this is zero; the measured value says how well it was kept.
    package var relativeDrift: Double {
        lossAfter == lossBefore ? 0 : abs(lossAfter - lossBefore) / abs(lossBefore)
    }
}
