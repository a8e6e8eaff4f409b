import NeuralNetworks
import Torch

/// What every teleport on one batch is: the parameters move, or are set back if anything went wrong.
struct TeleportTransaction {
    /// How much the loss may change, relative to the loss before.
    private let tolerance: Double
    private let landscape: BatchLoss

    /// A transaction with the loss of a batch.
    init(_ landscape: BatchLoss, tolerance: Double) {
        self.landscape = landscape
        self.tolerance = tolerance
    }

    /// How much a loss may change before the parameters are set back.
    ///
    /// Of a loss of nearly zero, rounding errors are a large share; below 1e-7 they are no drift.
    func allowedDrift(of loss: Double) -> Double {
        // Of a loss of zero any share is zero, but whoever tolerates everything means that too.
        tolerance == .infinity ? .infinity : tolerance * loss.magnitude + 1e-7
    }

    /// Moves the parameters, computes the loss anew, and holds it against the tolerance.
    ///
    /// - Parameters:
    ///   - start: When the work on the batch began.
    ///   - lossBefore: The loss of the batch.
    ///   - restore: Sets the parameters back.
    ///   - move: Moves parameters, and notes in the report the steps and the gradient.
    /// - Returns: What was done; the parameters are what they were if it says that they were restored.
    func run(
        since start: ContinuousClock.Instant, lossBefore: Double, restore: () -> Void,
        _ move: (inout TeleportReport) throws(TeleportReport.Restoration) -> Void
    ) -> TeleportReport {
        var report = TeleportReport(lossBefore: lossBefore)
        do throws(TeleportReport.Restoration) {
            guard lossBefore.isFinite else { throw .notFinite }
            try move(&report)
            if report.steps > 0 { try verify(&report) } else { stay(&report, restore) }
        } catch {
            restore()
            report.ending = nil
            report.restored = error
        }
        report.gradientEvaluations = landscape.work.gradientEvaluations
        report.seconds = (ContinuousClock.now - start) / .seconds(1)
        return report
    }

    /// Undoes what steps that were taken back have left: rounding, or on an orbit a difference of second order.
    private func stay(_ report: inout TeleportReport, _ restore: () -> Void) {
        restore()
        report.gradientNormSquaredAfter = report.gradientNormSquaredBefore
        report.objectiveAfter = report.objectiveBefore
    }

    private func verify(_ report: inout TeleportReport) throws(TeleportReport.Restoration) {
        report.lossAfter = landscape.value()
        guard report.lossAfter.isFinite else { throw .notFinite }
        guard abs(report.lossAfter - report.lossBefore) <= allowedDrift(of: report.lossBefore) else {
            throw .drifted(relativeDrift: report.relativeDrift, tolerance: tolerance)
        }
    }
}

extension Double {
    /// The number; `Restoration.notFinite` is thrown where it is none to go on with.
    func checkedFinite() throws(TeleportReport.Restoration) -> Double {
        guard isFinite else { throw .notFinite }
        return self
    }
}
