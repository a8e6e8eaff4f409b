import NeuralNetworks
import Optimizers
import Torch

/// How much of the loss of batches the optimizer's next steps take by themselves: `1 - sum of L(w + 3 d) / sum of L(w)`, with the step d
/// that it would take from the gradient of the batch, which takes nothing where it goes too far. A sum, since of a batch that is nearly
/// fitted a share says little.
///
/// It says beforehand what a trial would say, for the price of four thirds of a gradient a batch. Where it is near 0, training gets on
/// slowly and gains by teleports; where three steps take a tenth of the loss or more, training gets on by itself, and teleports have
/// nearly always lost their trial. Of a loss that is below 0 or not finite there is no share: it counts as 0.
struct OwnProgress {
    /// The share of the loss, from 0 to 1.
    let share: Double
    /// What it took to find out, in gradients of a batch.
    let gradientEvaluations: Double
    /// What it took to find out, in seconds.
    let seconds: Double
    /// The mean loss of the batches.
    let loss: Double
    /// The mean of their squared gradient norms.
    let gradientNormSquared: Double

    /// The most batches that are looked at: the loss of one alone says little.
    static var mostBatches: Int { 4 }

    /// Looks at the loss of batches after three steps of an optimizer; model and optimizer stay as they are.
    ///
    /// The loss is that of `Mode.teleportation`.
    init(of model: some Layer, _ loss: some Loss, before optimizer: any Optimizer, on batches: [Batch]) {
        let start = ContinuousClock.now
        let looks = withoutGradients {
            withMode(.teleportation) { batches.map { Look(at: BatchLoss(model, loss, on: $0), before: optimizer) } }
        }
        func mean(_ value: (Look) -> Double) -> Double { looks.map(value).reduce(0, +) / Double(looks.count) }
        self.loss = mean(\.loss)
        share = Self.share(of: self.loss, taken: mean(\.taken))
        gradientNormSquared = mean(\.gradientNormSquared)
        gradientEvaluations = looks.map(\.gradientEvaluations).reduce(0, +)
        seconds = (ContinuousClock.now - start) / .seconds(1)
    }

    private static func share(of loss: Double, taken: Double) -> Double {
        // Of a loss of 0 there is nothing left to take.
        if loss == 0 { return 1 }
        return loss > 0 && loss.isFinite ? min(taken / loss, 1) : 0
    }

    /// The look at one batch.
    private struct Look {
        let loss: Double
        let gradientNormSquared: Double
        /// What three steps take of the loss.
        let taken: Double
        let gradientEvaluations: Double

        init(at landscape: BatchLoss, before optimizer: any Optimizer) {
            let linearized = landscape.linearized()
            let gradients = linearized.gradients(of: landscape.parameters)
            loss = linearized.value.item()
            gradientNormSquared = gradients.squaredNorm()
            let stepped = optimizer.displaced(landscape.parameters, with: gradients, by: Lookahead().margin)
            let ahead = landscape.at(stepped) { landscape.value() }
            taken = ahead < loss ? loss - ahead : 0
            gradientEvaluations = landscape.work.gradientEvaluations
        }
    }

    /// The report of teleports that are not made.
    var report: TeleportReport {
        var report = TeleportReport(lossBefore: loss)
        report.gradientNormSquaredBefore = gradientNormSquared
        report.gradientNormSquaredAfter = gradientNormSquared
        report.ending = .ownProgress
        return report
    }
}
