import NeuralNetworks
import Teleportation
import Torch

/// How a model is trained.
package struct TrainingConfiguration: Sendable {
    /// The shape of the model.
    package var architecture: Architecture
    /// The optimizer.
    package var optimizer: OptimizerOption
    /// The optimizer's learning rate; eta_prim in NS25 Table 1.
    package var learningRate: Double
    /// The samples in a batch.
    package var batchSize: Int
    /// The passes over the training data.
    package var epochs: Int
    /// The element type of weights and inputs.
    package var dtype: DType
    /// Where the training takes place.
    package var device: Device

    /// A training; the defaults are those of the command line.
    ///
    /// - Parameter learningRate: Nil stands for the usual one of the optimizer.
    package init(
        architecture: Architecture = .mlp(hidden: [1024, 1024], activation: .relu), optimizer: OptimizerOption = .sgd,
        learningRate: Double? = nil, batchSize: Int = 32, epochs: Int = 5, dtype: DType = .float32,
        device: Device = .cpu
    ) {
        self.architecture = architecture
        self.optimizer = optimizer
        self.learningRate = learningRate ?? optimizer.name.usualLearningRate
        self.batchSize = batchSize
        self.epochs = epochs
        self.dtype = dtype
        self.device = device
    }
}
