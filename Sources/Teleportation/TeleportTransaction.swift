import NeuralNetworks
import Torch

/// What every teleport on one batch is: the parameters move, or are set back if anything went wrong.
struct TeleportTransaction {
    /// How much the loss may change, relative to the loss before.
    let tolerance: Double
    /// The loss of the batch, computed anew.
    let loss: () -> Double

    /// A transaction with any loss.
    init(tolerance: Double, loss: @escaping () -> Double) {
        self.tolerance = tolerance
        self.loss = loss
    }

    /// A transaction with the loss of a batch.
    init(_ model: some Layer, _ loss: some Loss, on batch: Batch, tolerance: Double) {
        self.init(tolerance: tolerance) { loss(model(batch.inputs), batch.targets).item() }
    }

    /// How much a loss may change before the parameters are set back.
    ///
    /// Of a loss of nearly zero, rounding errors are a large share; below 1e-7 they are no drift.
    func allowedDrift(of loss: Double) -> Double { tolerance * loss.magnitude + 1e-7 }

    /// Moves the parameters, computes the loss anew, and holds it against the tolerance.
    ///
    /// - Parameters:
    ///   - start: When the work on the batch began.
    ///   - lossBefore: The loss of the batch.
    ///   - move: Moves parameters, after it has saved them, and notes in the report the steps and the gradient.
    /// - Returns: What was done; the parameters are what they were if it says that they were restored.
    func run(
        since start: ContinuousClock.Instant, lossBefore: Double,
        _ move: (inout SavedParameters, inout TeleportReport) throws(TeleportReport.Restoration) -> Void
    ) -> TeleportReport {
        var report = TeleportReport(lossBefore: lossBefore)
        var saved = SavedParameters()
        do throws(TeleportReport.Restoration) {
            guard lossBefore.isFinite else { throw .notFinite }
            try move(&saved, &report)
            if report.steps > 0 { try verify(&report) }
        } catch {
            saved.restore()
            report.restored = error
        }
        report.seconds = (ContinuousClock.now - start) / .seconds(1)
        return report
    }

    private func verify(_ report: inout TeleportReport) throws(TeleportReport.Restoration) {
        report.lossAfter = loss()
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

/// Parameters, and what they were when they were saved.
struct SavedParameters {
    private var saved: [(parameter: Tensor, copy: Tensor)] = []

    /// None.
    init() {}

    /// Keeps a parameter as it is now.
    mutating func save(_ parameter: Tensor) { saved.append((parameter, parameter.clone())) }

    /// Keeps a parameter as it is now, unless one in the same storage was kept before.
    mutating func saveOnce(_ parameter: Tensor) {
        if !saved.contains(where: { $0.parameter.sharesStorage(with: parameter) }) { save(parameter) }
    }

    /// Sets all back, to the last bit.
    func restore() {
        for (parameter, copy) in saved { parameter.copy(from: copy) }
    }

    /// Sets all back by half of their way.
    func halveMoves() {
        for (parameter, copy) in saved {
            parameter.multiplyInPlace(by: 0.5)
            parameter.addInPlace(copy, scale: 0.5)
        }
    }
}
