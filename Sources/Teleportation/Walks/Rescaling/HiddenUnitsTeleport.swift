import NeuralNetworks
import Torch

/// A teleport that climbs nothing: hidden units are moved, and the gradient becomes whatever it is there.
struct HiddenUnitsTeleport: Teleport {
    private let landscape: (Batch) -> BatchLoss
    private let tolerance: Double
    private let moveUnits: () -> Void

    /// A teleport of a model.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - loss: The loss whose level set it stays in.
    ///   - tolerance: How much the loss of a batch may change, relative to the loss.
    ///   - moveUnits: Moves the units, in place.
    init(of model: some Layer, _ loss: some Loss, tolerance: Double, moveUnits: @escaping () -> Void) {
        landscape = { BatchLoss(model, loss, on: $0) }
        self.tolerance = tolerance
        self.moveUnits = moveUnits
    }

    func move(on batch: Batch) -> TeleportReport {
        let start = ContinuousClock.now
        let landscape = self.landscape(batch)
        let saved = SavedParameters(landscape.parameters)
        let linearized = landscape.linearized()
        return TeleportTransaction(landscape, tolerance: tolerance).run(
            since: start, lossBefore: linearized.value.item(), restore: saved.restore
        ) { report throws(TeleportReport.Restoration) in
            report.gradientNormSquaredBefore =
                try linearized.gradients(of: landscape.parameters).squaredNorm().checkedFinite()
            moveUnits()
            report.steps = 1
            report.gradientNormSquaredAfter =
                try landscape.linearized().gradients(of: landscape.parameters).squaredNorm().checkedFinite()
        }
    }
}
