// `import Teleportation` alone is enough to build, train and teleport a model.
@_exported public import NeuralNetworks
@_exported public import Optimizers
@_exported public import Torch
