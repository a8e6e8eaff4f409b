import Foundation
import NeuralNetworks
import Optimizers
import Torch

/// The teleport on one batch: the parameters move, or stay where they are if anything went wrong.
struct NullSpaceTransaction<Model: Layer, Objective: Loss> {
    let teleporter: NullSpaceTeleporter
    let model: Model
    let loss: Objective
    let batch: Batch
    let optimizer: any Optimizer

    /// Takes the steps and reports.
    ///
    /// - Parameter spaces: Where the null spaces come from.
    func run(in spaces: InputNullSpaces) -> TeleportReport {
        let start = ContinuousClock.now
        let linearized = LinearizedLoss(model, loss, on: batch)
        let ascent: any NullSpaceAscent =
            switch teleporter.method {
            case .closedForm: ClosedFormAscent(linearized)
            case .doubleBackward:
                DoubleBackwardAscent(model, loss, on: batch, maps: linearized.model.affineMaps)
            }
        var report = TeleportReport(lossBefore: linearized.value.item())
        var saved: [(parameter: Tensor, copy: Tensor)] = []
        do throws(TeleportReport.Restoration) {
            guard report.lossBefore.isFinite else { throw TeleportReport.Restoration.notFinite }
            try climb(ascent, in: spaces, &report) { moves in
                if saved.isEmpty { saved = moves.map { ($0.parameter, $0.parameter.clone()) } }
            }
            if report.steps > 0 { try verify(&report) }
        } catch {
            for (parameter, copy) in saved { parameter.copy(from: copy) }
            report.restored = error
        }
        report.freeDimensions = spaces.freeDimensions
        report.seconds = (ContinuousClock.now - start) / .seconds(1)
        return report
    }

    /// Takes steps until their number or the cap is reached.
    ///
    /// - Parameter beforeStep: Receives the moves that are about to be made.
    private func climb(
        _ ascent: any NullSpaceAscent, in spaces: InputNullSpaces, _ report: inout TeleportReport,
        beforeStep: ([Move]) -> Void
    ) throws(TeleportReport.Restoration) {
        let parameters = model.parameters.map(\.value)
        while true {
            let gradients = ascent.differentiate()
            let norm = gradients.map { $0.squaredNorm() }.total()
            guard norm.isFinite else { throw .notFinite }
            if report.steps == 0 { report.gradientNormSquaredBefore = norm }
            report.gradientNormSquaredAfter = norm
            guard report.steps < teleporter.steps else { return }

            let limit = teleporter.cap.limit(
                gradient: norm, start: report.gradientNormSquaredBefore, loss: report.lossBefore
            ) { optimizer.predictedDecrease(of: parameters, with: gradients) }
            guard limit > 1 else { return }

            guard let moves = try? ascent.direction(in: spaces) else { throw .notFinite }
            let direction = moves.map { $0.direction.squaredNorm() }.total()
            guard direction.isFinite else { throw .notFinite }
            // Nothing is free to move, or the gradient is at a stationary point of its norm.
            guard direction > 0 else { return }
            let eta = teleporter.stepSize.eta(gradient: norm, direction: direction, limit: limit)
            guard eta.isFinite else { throw .notFinite }
            beforeStep(moves)
            for move in moves { move.direction.add(to: move.parameter, scale: eta) }
            report.steps += 1
        }
    }

    /// Computes the loss anew and holds it against the tolerance.
    private func verify(_ report: inout TeleportReport) throws(TeleportReport.Restoration) {
        report.lossAfter = loss(model(batch.inputs), batch.targets).item()
        guard report.lossAfter.isFinite else { throw .notFinite }
        // Relative to a loss of nearly zero every rounding error is large; a thousandth of a unit roundoff is not drift.
        let allowed = teleporter.tolerance * report.lossBefore.magnitude + 1e-7
        guard abs(report.lossAfter - report.lossBefore) <= allowed else {
            throw .drifted(relativeDrift: report.relativeDrift, tolerance: teleporter.tolerance)
        }
    }
}
