import Optimizers
import Torch

/// The parameters of a model, tensors beside them and the state of their optimizer, as they were when it was taken: all that an
/// optimizer's step changes.
struct Snapshot {
    private let tensors: SavedParameters
    private let parameters: [Tensor]
    private let optimizer: any Optimizer
    private let state: OptimizerState

    /// What is there now.
    ///
    /// - Parameters:
    ///   - parameters: What the optimizer moves.
    ///   - buffers: What else a training step changes.
    ///   - optimizer: The optimizer.
    init(of parameters: [Tensor], buffers: [Tensor] = [], _ optimizer: any Optimizer) {
        tensors = SavedParameters(parameters + buffers)
        self.parameters = parameters
        self.optimizer = optimizer
        state = optimizer.state(of: parameters)
    }

    /// Sets all back, to the last bit.
    func restore() {
        tensors.restore()
        do {
            try optimizer.restore(state, for: parameters)
        } catch {
            fatalError("an optimizer refused its own state: \(error)")
        }
    }
}
