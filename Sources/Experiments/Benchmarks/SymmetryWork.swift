import NeuralNetworks
import Optimizers
import Teleportation
import Torch

/// A symmetry teleport of ST22's network for MNIST.
struct SymmetryWork {
    private static let samples = 20
    private static let steps = 10

    var workload: Workload {
        let generator = Generator(seed: 0)
        let model = MLP(
            inputs: 784, hidden: [512, 512], outputs: 10, activation: .leakyReLU(slope: 0.1), using: generator)
        let batch = Batch.noise(of: Self.samples, shape: [784], using: generator)
        // A fixed step without a cap: the same steps at each repetition, whatever the gradient. It is twice ST22's learning
        // rate, which multiplies the gradient of ||grad L||^2 and not of half of it.
        let teleporter = SymmetryTeleporter(Climb(steps: Self.steps, stepSize: .fixed(2e-3), cap: .none))
        let optimizer = SGD(learningRate: 1e-3)
        return .fromTheSameWeights(of: model) {
            let report = teleporter.teleport(model, CrossEntropy(), on: [batch], before: optimizer)[0]
            // A teleport that ends early would pass for a fast one.
            precondition(report.steps == Self.steps && report.restored == nil, "\(report)")
        }
    }
}
