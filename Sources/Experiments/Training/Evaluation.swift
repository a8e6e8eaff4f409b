import Datasets
import NeuralNetworks
import Torch

/// How well a classifier does on samples.
public struct Evaluation: Sendable {
    /// The mean loss.
    public let loss: Double
    /// The share of samples whose target is the class with the largest output.
    public let accuracy: Double

    /// The samples that are run at once.
    static let batchSize = 1000

    /// Runs a model over all samples of a data set.
    public init(of model: some Layer, _ loss: some Loss, on data: some Dataset) {
        var lossSum = 0.0
        var correct = 0.0
        for batch in data.batches(of: Self.batchSize) {
            let outputs = model(batch.inputs)
            lossSum += loss(outputs, batch.targets).item() * Double(batch.count)
            correct += outputs.argmax().equals(batch.targets).sum().item()
        }
        self.loss = lossSum / Double(data.count)
        accuracy = correct / Double(data.count)
    }

    /// `||g||^2` of the loss over the first samples of a data set.
    static func gradientNormSquared(of model: some Layer, _ loss: some Loss, on data: some Dataset) -> Double {
        let indices = Tensor.range(min(data.count, batchSize))
        return LinearizedLoss(model, loss, on: data.batch(indices)).pullback().parameters
            .reduce(0) { $0 + $1.squaredNorm().item() }
    }
}
