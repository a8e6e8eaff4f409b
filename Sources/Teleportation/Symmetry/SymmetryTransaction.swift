import Foundation
import NeuralNetworks
import Optimizers
import Torch

/// A teleport by a group on one batch: the parameters move, or stay where they are if anything went wrong.
struct SymmetryTransaction {
    let steps: Int
    let stepSize: StepSize
    let cap: Cap
    let tolerance: Double
    /// The parameters of the model, in the order of the gradients.
    let parameters: [Tensor]
    let optimizer: any Optimizer

    /// Takes the steps and reports.
    ///
    /// - Parameters:
    ///   - moving: What the steps change.
    ///   - currentLoss: The loss of the batch, computed anew.
    ///   - makeAscent: Makes the steps, with the parameters as they are.
    func run(
        moving: [Tensor], currentLoss: @escaping () -> Double, makeAscent: () -> any SymmetryAscent
    ) -> TeleportReport {
        let start = ContinuousClock.now
        let ascent = makeAscent()
        let transaction = TeleportTransaction(tolerance: tolerance, loss: currentLoss)
        return transaction.run(since: start, lossBefore: ascent.currentLoss()) {
            saved, report throws(TeleportReport.Restoration) in
            for parameter in moving { saved.save(parameter) }
            try climb(ascent, &report)
            ascent.commit()
        }
    }

    /// Takes steps until their number or the cap is reached.
    private func climb(
        _ ascent: any SymmetryAscent, _ report: inout TeleportReport
    ) throws(TeleportReport.Restoration) {
        let constantEta = stepSize.constantEta(under: cap)
        while true {
            let gradients = ascent.differentiate()
            let isDone = report.steps == steps
            // Under way, steps of one size need no norms.
            let needsNorms = constantEta == nil || report.steps == 0
            var norm = Double.nan
            if needsNorms || isDone {
                norm = try gradients.squaredNorm().checkedFinite()
                if report.steps == 0 { report.gradientNormSquaredBefore = norm }
                report.gradientNormSquaredAfter = norm
            }
            guard !isDone else { return }

            let limit = cap.limit(
                gradient: norm, start: report.gradientNormSquaredBefore, loss: report.lossBefore
            ) {
                ascent.commit()
                return optimizer.predictedDecrease(of: parameters, with: gradients)
            }
            guard limit > 1 else { return }

            let directions = try attempt { () throws(TorchError) in try ascent.direction() }
            var direction = Double.nan
            if needsNorms {
                direction = try directions.squaredNorm().checkedFinite()
                // The gradient is at a stationary point of its norm on the orbit.
                guard direction > 0 else { return }
            }
            // To first order ||g||^2 grows by 2 eta times the direction, as where weights move along a projected H g.
            let eta = constantEta ?? stepSize.eta(gradient: norm, direction: direction, limit: limit)
            guard eta.isFinite else { throw .notFinite }
            let halvings = try attempt { () throws(TorchError) in try ascent.move(along: directions, scale: eta) }
            guard let halvings else {
                if !needsNorms { report.gradientNormSquaredAfter = try gradients.squaredNorm().checkedFinite() }
                return
            }
            report.halvings += halvings
            report.steps += 1
        }
    }

    private func attempt<Result>(
        _ body: () throws(TorchError) -> Result
    ) throws(TeleportReport.Restoration) -> Result {
        do throws(TorchError) { return try body() } catch { throw .failed(error.description) }
    }
}
