import NeuralNetworks
import Teleportation
import Torch

/// The sharpness and the curvature of ST22's network for MNIST, PS24 eqs. 4 and 5.
struct GeneralizationWork {
    private static func model(_ generator: Generator) -> MLP {
        MLP(inputs: 784, hidden: [512, 512], outputs: 10, activation: .leakyReLU(slope: 0.1), using: generator)
    }

    /// phi over two displacements and eight directions, on 200 samples.
    var sharpness: Workload {
        let generator = Generator(seed: 0)
        let batch = Batch.noise(of: 200, shape: [784], using: generator)
        let landscape = BatchLoss(Self.model(generator), CrossEntropy(), on: batch)
        let sharpness = Sharpness()
        return Workload {
            let value = withoutGradients { sharpness.value(of: landscape) }
            precondition(value.isFinite, "a sharpness of \(value)")
        }
    }

    /// psi of one curve, on 20 samples.
    var curvature: Workload {
        let generator = Generator(seed: 0)
        let batch = Batch.noise(of: 20, shape: [784], using: generator)
        let model = Self.model(generator)
        let curvature = Curvature()
        return Workload {
            let value = withoutGradients { try? curvature.value(of: model, on: batch.inputs) }
            precondition(value?.isFinite == true, "a curvature of \(value ?? .nan)")
        }
    }
}
