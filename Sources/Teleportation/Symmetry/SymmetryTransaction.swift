import Foundation
import NeuralNetworks
import Optimizers
import Torch

/// The symmetry teleport on one batch: the parameters move, or stay where they are if anything went wrong.
struct SymmetryTransaction<Model: Layer, Objective: Loss> {
    let teleporter: SymmetryTeleporter
    let model: Model
    let perceptron: Perceptron
    let loss: Objective
    let batch: Batch
    let optimizer: any Optimizer

    /// Takes the steps and reports.
    func run() -> TeleportReport {
        let start = ContinuousClock.now
        var report = TeleportReport(lossBefore: currentLoss())
        let saved = perceptron.parameters.map(SavedParameter.init)
        do throws(TeleportReport.Restoration) {
            guard report.lossBefore.isFinite else { throw .notFinite }
            try climb(&report)
            if report.steps > 0 { try report.verify(lossAfter: currentLoss(), tolerance: teleporter.tolerance) }
        } catch {
            for parameter in saved { parameter.restore() }
            report.restored = error
        }
        report.seconds = (ContinuousClock.now - start) / .seconds(1)
        return report
    }

    /// Takes steps until their number or the cap is reached.
    private func climb(_ report: inout TeleportReport) throws(TeleportReport.Restoration) {
        let ascent: any SymmetryAscent =
            switch teleporter.method {
            case .closedForm:
                ClosedFormSymmetryAscent(
                    perceptron, loss, on: batch, action: teleporter.action, element: teleporter.element)
            case .published:
                PublishedSymmetryAscent(
                    perceptron, loss, on: batch, action: teleporter.action, element: teleporter.element)
            }
        while true {
            let gradients = ascent.differentiate()
            let norm = gradients.map { $0.squaredNorm() }.total()
            guard norm.isFinite else { throw .notFinite }
            if report.steps == 0 { report.gradientNormSquaredBefore = norm }
            report.gradientNormSquaredAfter = norm
            guard report.steps < teleporter.steps else { return }

            let limit = teleporter.cap.limit(
                gradient: norm, start: report.gradientNormSquaredBefore, loss: report.lossBefore
            ) { optimizer.predictedDecrease(of: perceptron.parameters, with: gradients) }
            guard limit > 1 else { return }

            let directions = try attempt { () throws(TorchError) in try ascent.direction() }
            let direction = directions.map { $0.squaredNorm() }.total()
            guard direction.isFinite else { throw .notFinite }
            // The gradient is at a stationary point of its norm on the orbit.
            guard direction > 0 else { return }
            // To first order ||g||^2 grows by 2 eta times the direction, as where weights move along a projected H g.
            let eta = teleporter.stepSize.eta(gradient: norm, direction: direction, limit: limit)
            guard eta.isFinite else { throw .notFinite }
            try attempt { () throws(TorchError) in try ascent.move(along: directions, scale: eta) }
            report.steps += 1
        }
    }

    private func attempt<Result>(_ body: () throws(TorchError) -> Result) throws(TeleportReport.Restoration) -> Result {
        do throws(TorchError) { return try body() } catch { throw .failed(error.description) }
    }

    private func currentLoss() -> Double { loss(model(batch.inputs), batch.targets).item() }
}
