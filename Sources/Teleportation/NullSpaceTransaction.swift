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

    /// The most times that a move is halved for the sake of the control samples.
    private static var halvings: Int { 5 }

    /// Takes the steps and reports.
    ///
    /// - Parameters:
    ///   - spaces: Where the null spaces come from.
    ///   - controlLoss: The loss of the control samples, before and after; nil if there are none.
    func run(in spaces: InputNullSpaces, controlLoss: inout Double?) -> TeleportReport {
        let start = ContinuousClock.now
        let linearized = LinearizedLoss(model, loss, on: batch)
        let ascent: any NullSpaceAscent =
            switch teleporter.method {
            case .closedForm: ClosedFormAscent(linearized)
            case .doubleBackward:
                DoubleBackwardAscent(model, loss, on: batch, linearized)
            }
        var report = TeleportReport(lossBefore: linearized.value.item())
        var saved: [SavedParameter] = []
        do throws(TeleportReport.Restoration) {
            guard report.lossBefore.isFinite else { throw .notFinite }
            let gradients = try climb(ascent, in: spaces, saving: &saved, &report)
            if report.steps > 0 {
                let settled = try controlLoss.map { loss throws(TeleportReport.Restoration) in
                    try settle(ascent, gradients, from: saved, controlLoss: loss, &report)
                }
                try verify(&report)
                controlLoss = settled
            }
        } catch {
            for parameter in saved { parameter.restore() }
            report.restored = error
        }
        report.freeDimensions = spaces.freeDimensions
        report.seconds = (ContinuousClock.now - start) / .seconds(1)
        return report
    }

    /// Takes steps until their number or the cap is reached.
    ///
    /// - Parameter saved: Receives each parameter as it is before its first move.
    /// - Returns: The gradients after the last step.
    private func climb(
        _ ascent: any NullSpaceAscent, in spaces: InputNullSpaces, saving saved: inout [SavedParameter],
        _ report: inout TeleportReport
    ) throws(TeleportReport.Restoration) -> [ParameterGradient] {
        while true {
            let gradients = ascent.differentiate()
            let norm = gradients.map { $0.squaredNorm() }.total()
            guard norm.isFinite else { throw .notFinite }
            if report.steps == 0 { report.gradientNormSquaredBefore = norm }
            report.gradientNormSquaredAfter = norm
            guard report.steps < teleporter.steps else { return gradients }

            let limit = teleporter.cap.limit(
                gradient: norm, start: report.gradientNormSquaredBefore, loss: report.lossBefore
            ) { predictedDecrease(gradients) }
            guard limit > 1 else { return gradients }

            let moves: [Move]
            do throws(TorchError) {
                moves = try ascent.direction(in: spaces)
            } catch {
                throw .failed(error.description)
            }
            let direction = moves.map { $0.direction.squaredNorm() }.total()
            guard direction.isFinite else { throw .notFinite }
            // Nothing is free to move, or the gradient is at a stationary point of its norm.
            guard direction > 0 else { return gradients }
            let eta = teleporter.stepSize.eta(gradient: norm, direction: direction, limit: limit)
            guard eta.isFinite else { throw .notFinite }
            for move in moves {
                // A map may be at rest in one step and move in a later one.
                if !saved.contains(where: { $0.parameter.sharesStorage(with: move.parameter) }) {
                    saved.append(SavedParameter(move.parameter))
                }
                move.direction.add(to: move.parameter, scale: eta)
            }
            report.steps += 1
        }
    }

    /// Shortens the move until the loss of the control samples has risen by no more than the optimizer's next step
    /// promises. A part of a move in the null space is in the null space too, so that the batch's loss stays.
    ///
    /// - Returns: The loss of the control samples.
    private func settle(
        _ ascent: any NullSpaceAscent, _ gradients: [ParameterGradient], from saved: [SavedParameter],
        controlLoss before: Double, _ report: inout TeleportReport
    ) throws(TeleportReport.Restoration) -> Double {
        guard let control = teleporter.control else { return before }
        var gradients = gradients
        var rise = 0.0
        var promise = 0.0
        for halving in 0...Self.halvings {
            if halving > 0 {
                for parameter in saved { parameter.halveMove() }
                gradients = ascent.differentiate()
                report.gradientNormSquaredAfter = gradients.map { $0.squaredNorm() }.total()
                report.halvings = halving
            }
            let after = loss(model(control.inputs), control.targets).item()
            rise = after - before
            // No step takes more off a loss than all of it, whatever a large gradient promises to first order.
            promise = min(max(predictedDecrease(gradients), 0), report.lossBefore.magnitude)
            if rise <= promise { return after }
        }
        throw .costly(rise: rise, promise: promise)
    }

    /// Computes the loss anew and holds it against the tolerance.
    private func verify(_ report: inout TeleportReport) throws(TeleportReport.Restoration) {
        let value = loss(model(batch.inputs), batch.targets).item()
        try report.verify(lossAfter: value, tolerance: teleporter.tolerance)
    }

    private func predictedDecrease(_ gradients: [ParameterGradient]) -> Double {
        optimizer.predictedDecrease(of: model.parameters.map(\.value), with: gradients)
    }
}
