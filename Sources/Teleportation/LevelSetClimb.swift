import Foundation
import NeuralNetworks
import Optimizers
import Torch

/// A level-set teleport on one batch.
struct LevelSetClimb<Model: Layer, Objective: Loss> {
    let teleporter: LevelSetTeleporter
    let model: Model
    let loss: Objective
    let batch: Batch
    let transaction: TeleportTransaction
    let optimizer: any Optimizer

    /// The most times that the line search halves a step.
    private static var halvings: Int { 20 }

    /// A place on the way.
    private struct Point {
        let loss: TwiceDifferentiableLoss
        let value: Double
        /// `||g||^2`.
        let squaredNorm: Double

        init(_ loss: TwiceDifferentiableLoss) {
            self.loss = loss
            value = loss.value.item()
            squaredNorm = loss.gradients.map { $0.squaredNorm() }.total()
        }

        var isFinite: Bool { value.isFinite && squaredNorm.isFinite }

        func merit(from lossBefore: Double, penalty: Double) -> Double {
            0.5 * log(squaredNorm) - penalty * abs(value - lossBefore)
        }
    }

    /// Takes the steps and reports.
    func run() -> TeleportReport {
        let start = ContinuousClock.now
        let point = differentiate()
        return transaction.run(since: start, lossBefore: point.value) {
            saved, report throws(TeleportReport.Restoration) in
            for parameter in model.parameters { saved.save(parameter.value) }
            try climb(from: point, &report)
        }
    }

    private func differentiate() -> Point {
        Point(TwiceDifferentiableLoss(model, loss, on: batch))
    }

    /// Takes steps until their number or the cap is reached, or the line search finds no way up.
    private func climb(from start: Point, _ report: inout TeleportReport) throws(TeleportReport.Restoration) {
        let parameters = model.parameters.map(\.value)
        let lossBefore = start.value
        let allowedDrift = transaction.allowedDrift(of: lossBefore)
        var penalty = 0.0
        var point = start
        while true {
            guard point.isFinite else { throw .notFinite }
            if report.steps == 0 { report.gradientNormSquaredBefore = point.squaredNorm }
            report.gradientNormSquaredAfter = point.squaredNorm
            guard report.steps < teleporter.steps && point.squaredNorm > 0 else { return }

            let limit = teleporter.cap.limit(
                gradient: point.squaredNorm, start: report.gradientNormSquaredBefore, loss: lossBefore
            ) { optimizer.predictedDecrease(of: parameters, with: point.loss.gradients.map { .tensor($0) }) }
            guard limit > 1 else { return }

            let step = LevelSetStep(
                gradients: point.loss.gradients, squaredNorm: point.squaredNorm,
                hessianGradients: point.loss.hessianGradient(with: parameters),
                drift: point.value - lossBefore)
            guard step.squaredTangent.isFinite else { throw .notFinite }
            guard !step.isStationary else { return }
            let eta = eta(of: step, limit: limit)
            guard eta.isFinite else { throw .notFinite }

            guard teleporter.searchesLine else {
                step.add(to: parameters, eta: eta, part: 1)
                report.steps += 1
                point = differentiate()
                continue
            }
            penalty = max(penalty, 2 * abs(step.multiplier))
            let merit = point.merit(from: lossBefore, penalty: penalty)
            let slope = step.slope(eta: eta, penalty: penalty)
            let found = search(along: step, eta: eta, of: parameters, &report) { trial, part in
                trial.isFinite && abs(trial.value - lossBefore) <= allowedDrift
                    && trial.merit(from: lossBefore, penalty: penalty) >= merit + 1e-4 * part * slope
            }
            guard let found else { return }
            report.steps += 1
            point = found
        }
    }

    /// Eta of `LevelSetStep`.
    private func eta(of step: LevelSetStep, limit: Double) -> Double {
        let stepSize: StepSize =
            switch (teleporter.stepSize, teleporter.ascent) {
            case (.growth, _), (.fixed, .squaredNorm): teleporter.stepSize
            case (.fixed(let rho), .logarithm): .fixed(rho / step.squaredNorm)
            case (.fixed(let rho), .unit): .fixed(rho / step.squaredTangent.squareRoot())
            }
        return stepSize.eta(gradient: step.squaredNorm, direction: step.squaredTangent, limit: limit)
    }

    /// Takes the step, or as much of it as is accepted after halving.
    ///
    /// - Parameter accepts: Whether a part of the step, given second, may lead to the point given first.
    /// - Returns: Where it leads; nil if nothing was accepted, and the parameters are where they were.
    private func search(
        along step: LevelSetStep, eta: Double, of parameters: [Tensor], _ report: inout TeleportReport,
        accepts: (Point, Double) -> Bool
    ) -> Point? {
        var start = SavedParameters()
        for parameter in parameters { start.save(parameter) }
        for halving in 0...Self.halvings {
            if halving > 0 {
                start.restore()
                report.halvings += 1
            }
            let part = pow(0.5, Double(halving))
            step.add(to: parameters, eta: eta, part: part)
            let point = differentiate()
            if accepts(point, part) { return point }
        }
        start.restore()
        return nil
    }
}
