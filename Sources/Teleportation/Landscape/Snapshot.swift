import NeuralNetworks
import Optimizers
import Torch

/// What training changes, as it was when the snapshot was taken: the parameters of a model and those of its buffers that
/// are no constants, the generators of its layers, and the state and the learning rate of its optimizer.
package struct Snapshot {
    private let tensors: SavedParameters
    private let generators: [(generator: Generator, state: Tensor)]
    private let optimizer: OptimizerSnapshot

    /// All that a training step of a model changes, as it is now.
    package init(of model: some Layer, _ optimizer: any Optimizer) {
        let parameters = model.parameters.map(\.value)
        tensors = SavedParameters(parameters + model.buffers.filter { !$0.isConstant }.map(\.value))
        generators = model.generators.map { ($0, $0.state) }
        self.optimizer = OptimizerSnapshot(of: optimizer, for: parameters)
    }

    /// Sets all back, to the last bit.
    package func restore() {
        tensors.restore()
        for (generator, state) in generators { generator.state = state }
        optimizer.restore()
    }
}

/// What an optimizer remembers of some parameters, and its learning rate, as they were when the snapshot was taken.
struct OptimizerSnapshot {
    private let optimizer: any Optimizer
    private let parameters: [Tensor]
    private let state: OptimizerState
    private let learningRate: Double

    /// What is there now.
    init(of optimizer: any Optimizer, for parameters: [Tensor]) {
        self.optimizer = optimizer
        self.parameters = parameters
        state = optimizer.state(of: parameters)
        learningRate = optimizer.learningRate
    }

    /// Sets all back, to the last bit.
    func restore() {
        optimizer.learningRate = learningRate
        do {
            try optimizer.restore(state, for: parameters)
        } catch {
            fatalError("an optimizer refused its own state: \(error)")
        }
    }
}
