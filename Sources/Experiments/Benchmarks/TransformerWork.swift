import NeuralNetworks
import Optimizers
import Teleportation
import Torch

/// A transformer that predicts from a week of hours: NS25's network for time series (appendix A.3), of 8 features.
struct TransformerWork {
    let model: Transformer
    let batch: Batch

    /// A repetition takes a hundred times as long as those of the other models.
    private static let mostRepetitions = 5

    init() {
        let (samples, tokens, features) = (32, 168, 8)
        let generator = Generator(seed: 0)
        model = .regression(
            features: features, outputs: features, length: tokens, heads: 4, layers: 4, using: generator)
        batch = Batch(
            inputs: .normal([samples, tokens, features], using: generator),
            targets: .normal([samples, features], using: generator))
    }

    var teleport: Workload {
        let teleporter = NullSpaceTeleporter(Climb(steps: 8, stepSize: .fixed(1e-4), cap: .none))
        let optimizer = SGD(learningRate: 1e-3)
        return .fromTheSameWeights(of: model, mostRepetitions: Self.mostRepetitions) {
            _ = teleporter.teleport(model, MeanSquaredError(), on: [batch], before: optimizer)
        }
    }

    var training: Workload {
        .training(
            model, MeanSquaredError(), on: batch, by: SGD(learningRate: 1e-3), mostRepetitions: Self.mostRepetitions)
    }
}
