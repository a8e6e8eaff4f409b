import NeuralNetworks
import Torch

/// The mean loss over samples, and how long its gradient is.
package struct LossGradient: Sendable {
    /// The mean loss.
    package let loss: Double
    /// `||g||^2`, over all parameters.
    package let squaredNorm: Double

    /// Runs a model over samples, forward and back.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - loss: The loss.
    ///   - batches: The samples, as many at once as fit into memory.
    ///   - count: How many there are.
    ///   - mode: What the model is run for.
    package init(
        of model: some Layer, _ loss: some Loss, over batches: some Sequence<Batch>, count: Int, mode: Mode
    ) {
        let parameters = model.parameters.map(\.value)
        var losses: [Tensor] = []
        var sums: [Tensor] = []
        for batch in batches {
            let share = Double(batch.count) / Double(count)
            let (value, gradients) = withMode(mode) {
                let linearized = LinearizedLoss(model, loss, on: batch)
                return (linearized.value, linearized.gradients(of: parameters))
            }
            losses.append(value * share)
            if sums.isEmpty { sums = gradients.map { Tensor.zeros(like: $0.formed()) } }
            for (sum, gradient) in zip(sums, gradients) { gradient.add(to: sum, scale: share) }
        }
        self.loss = losses.total()
        squaredNorm = sums.map { $0.squaredNorm() }.total()
    }
}
