import NeuralNetworks
import Optimizers
import Torch

/// How much of a batch's loss the optimizer's next steps take by themselves: the mean over batches of `1 - L(w + 3 d) / L(w)`, with the
/// step d that it would take from the gradient of the batch, and 0 where that goes too far.
///
/// It says beforehand what a trial would say, for the price of four thirds of a gradient a batch. Where it is near 0, training gets on
/// slowly and gains by teleports; where three steps take a fifth of the loss or more, training gets on by itself, and teleports have
/// nearly always lost their trial.
struct OwnProgress {
    /// The share of the loss, from 0 to 1.
    let share: Double
    /// What it took to find out, in gradients of a batch.
    let gradientEvaluations: Double
    /// The mean loss of the batches.
    let loss: Double

    /// The most batches that are looked at: the loss of one alone says little.
    static var mostBatches: Int { 4 }

    /// Looks at the loss of batches after three steps of an optimizer; model and optimizer stay as they are.
    ///
    /// The loss is that of `Mode.teleportation`.
    init(of model: some Layer, _ loss: some Loss, before optimizer: any Optimizer, on batches: [Batch]) {
        let found = withoutGradients {
            withMode(.teleportation) {
                batches.map { Self.look(at: BatchLoss(model, loss, on: $0), before: optimizer) }
            }
        }
        let count = Double(batches.count)
        share = found.map(\.share).reduce(0, +) / count
        gradientEvaluations = found.map(\.evaluations).reduce(0, +)
        self.loss = found.map(\.loss).reduce(0, +) / count
    }

    private static func look(
        at landscape: BatchLoss, before optimizer: any Optimizer
    ) -> (share: Double, loss: Double, evaluations: Double) {
        let linearized = landscape.linearized()
        let step = optimizer.displacement(
            of: landscape.parameters, with: linearized.gradients(of: landscape.parameters))
        let loss = linearized.value.item()
        let ahead = landscape.at(landscape.displaced(by: step, scale: Lookahead().margin)) { landscape.value() }
        // Of a loss of 0 there is nothing left to take.
        let share = loss > 0 ? max(1 - ahead / loss, 0) : 1
        return (share, loss, landscape.work.gradientEvaluations)
    }
}
