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

    /// The most times that a step is halved that went too far.
    private static var halvings: Int { 5 }
    /// The most times that a move is halved for the sake of the control samples. Each look at these costs more than a
    /// teleport step, and less than an eighth of a move is hardly worth one.
    private static var controlHalvings: Int { 3 }

    /// Takes the steps and reports.
    ///
    /// - Parameters:
    ///   - spaces: Where the null spaces come from.
    ///   - controlLoss: The loss of the control samples before the teleport; nil if there are none.
    func run(in spaces: InputNullSpaces, controlLoss: Double?) -> TeleportReport {
        let start = ContinuousClock.now
        let linearized = LinearizedLoss(model, loss, on: batch)
        let ascent: any NullSpaceAscent =
            switch teleporter.method {
            case .closedForm: ClosedFormAscent(linearized, of: model.parameters.map(\.value))
            case .doubleBackward:
                DoubleBackwardAscent(model, loss, on: batch, linearized)
            }
        let transaction = TeleportTransaction(model, loss, on: batch, tolerance: teleporter.tolerance)
        var report = transaction.run(since: start, lossBefore: linearized.value.item()) {
            saved, report throws(TeleportReport.Restoration) in
            let gradients = try climb(ascent, in: spaces, saving: &saved, &report)
            if let controlLoss, report.steps > 0 {
                try settle(ascent, gradients, from: saved, controlLoss: controlLoss, &report)
            }
        }
        report.freeDimensions = spaces.freeDimensions(in: model)
        return report
    }

    /// Takes steps until their number or the cap is reached.
    ///
    /// - Parameter saved: Receives each parameter as it is before its first move.
    /// - Returns: The gradients after the last step.
    private func climb(
        _ ascent: any NullSpaceAscent, in spaces: InputNullSpaces, saving saved: inout SavedParameters,
        _ report: inout TeleportReport
    ) throws(TeleportReport.Restoration) -> [ParameterGradient] {
        let constantEta = teleporter.stepSize.constantEta(under: teleporter.cap)
        var gradients = ascent.differentiate()
        var norm = gradients.squaredNorm()
        report.gradientNormSquaredBefore = norm
        while true {
            guard norm.isFinite else { throw .notFinite }
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
            var eta: Double
            if let constantEta, report.steps > 0 {
                eta = constantEta
            } else {
                let direction = try moves.map(\.direction).squaredNorm().checkedFinite()
                // Nothing is free to move, or the gradient is at a stationary point of its norm.
                guard direction > 0 else { return gradients }
                eta = try teleporter.stepSize.eta(gradient: norm, direction: direction, limit: limit).checkedFinite()
            }
            for move in moves {
                // A map may be at rest in one step and move in a later one.
                saved.saveOnce(move.parameter)
                move.direction.add(to: move.parameter, scale: eta)
            }
            gradients = ascent.differentiate()
            // Under way, steps of one size need no norms.
            if constantEta == nil || report.steps + 1 == teleporter.steps {
                let largest = teleporter.stepSize.largestGrowth(limit: limit) * norm
                norm = gradients.squaredNorm()
                for _ in 0..<Self.halvings where !(norm <= largest) {
                    eta /= 2
                    for move in moves { move.direction.add(to: move.parameter, scale: -eta) }
                    gradients = ascent.differentiate()
                    norm = gradients.squaredNorm()
                }
            }
            report.steps += 1
            teleporter.stepTaken?(report.steps)
        }
    }

    /// Shortens the move until one step of the optimizer on this batch leaves the control samples no worse than they were
    /// before the teleport. A part of a move in the null space is in the null space too, so that the batch's loss stays.
    ///
    /// What counts is what the step does, not what it promises to first order: where the curvature has grown with the
    /// gradient the step goes too far. And it counts from before the first batch: each of many moves may cost what one step
    /// gains, and then there is only one such step.
    private func settle(
        _ ascent: any NullSpaceAscent, _ gradients: [ParameterGradient], from saved: SavedParameters,
        controlLoss before: Double, _ report: inout TeleportReport
    ) throws(TeleportReport.Restoration) {
        guard let control = teleporter.control else { return }
        var gradients = gradients
        var after = Double.nan
        for halving in 0...Self.controlHalvings {
            if halving > 0 {
                saved.halveMoves()
                gradients = ascent.differentiate()
                report.gradientNormSquaredAfter = gradients.squaredNorm()
                report.halvings = halving
            }
            after = lossAfterStep(along: gradients, on: control)
            if after <= before { return }
        }
        throw .costly(before: before, after: after)
    }

    /// The loss of control samples as the optimizer's next step would leave it. The step is taken and taken back.
    private func lossAfterStep(along gradients: [ParameterGradient], on samples: Batch) -> Double {
        let parameters = model.parameters.map(\.value)
        let saved = parameters.map { $0.clone() }
        let state = optimizer.state
        optimizer.update(parameters, with: gradients)
        let value = loss.controlLoss(of: model, on: samples)
        for (parameter, value) in zip(parameters, saved) { parameter.copy(from: value) }
        do {
            try optimizer.restore(state, for: parameters)
        } catch {
            fatalError("an optimizer refused its own state: \(error)")
        }
        return value
    }

    private func predictedDecrease(_ gradients: [ParameterGradient]) -> Double {
        optimizer.predictedDecrease(of: model.parameters.map(\.value), with: gradients)
    }
}
