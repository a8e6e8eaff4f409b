import NeuralNetworks
import Optimizers

/// A way to move a model's parameters within the level set of its loss.
public protocol Teleporter {
    /// Moves the parameters on one batch after the other.
    ///
    /// Each batch is a transaction: the parameters are set back where a number stopped being finite or the loss of the
    /// batch drifted beyond the teleporter's tolerance and by more than 1e-7, and the report says so.
    ///
    /// - Parameters:
    ///   - model: The model whose parameters move, in place.
    ///   - loss: The loss whose level set they stay in.
    ///   - batches: The samples on which the loss is held.
    ///   - optimizer: The optimizer that goes on from there; its state is read by `Cap.predicted` and not changed.
    /// - Returns: One report for each batch.
    func teleport(
        _ model: some Layer, _ loss: some Loss, on batches: some Sequence<Batch>, before optimizer: any Optimizer
    ) -> [TeleportReport]
}
