import Datasets
import NeuralNetworks
import Torch

/// How well a model does on samples.
package struct Evaluation: Sendable {
    /// The mean loss.
    package let loss: Double
    /// The share of targets, classes or tokens, for which the model has its largest output; nil for regression, and where the
    /// loss is not finite: of outputs that are no numbers none is the largest.
    package let accuracy: Double?

    /// Runs a model over all samples of a data set, in `Mode.evaluation`.
    package init(of model: some Layer, _ loss: some Loss, on data: any Dataset) {
        /// The loss, the targets that are met, and all of them.
        var sums = [0.0, 0.0, 0.0]
        var shard: Shard?
        for batch in data.batches(of: Self.batchSize(for: data)) {
            shard = batch.shard
            let outputs = withMode(.evaluation) { model(batch.inputs) }
            sums[0] += loss(outputs, batch.targets).item() * Double(batch.ownCount)
            guard batch.ownCount > 0 else { continue }
            if case .regression = data.task { continue }
            sums[1] += outputs.argmax().equals(batch.targets).sum().item()
            sums[2] += Double(batch.targets.count)
        }
        if let shard { sums = shard.sums(sums) }
        self.loss = sums[0] / Double(data.count)
        accuracy = sums[2] > 0 && self.loss.isFinite ? sums[1] / sums[2] : nil
    }

    /// The samples that are run at once: a thousand, or fewer where they are large, since activations take memory.
    static func batchSize(for data: any Dataset) -> Int {
        // The numbers that make up an input where a model takes it in, or an output if these are more: each token of a
        // sequence becomes a vector, and each of a text has an output for every word.
        let shape = data.inputShape
        let numbers =
            switch data.task {
            case .languageModelling(let vocabulary): shape[0] * max(vocabulary, 128)
            case .classification, .regression: shape.count == 3 ? shape.reduce(1, *) : shape[0] * 128
            }
        return min(max((1 << 22) / numbers, 1), 1000)
    }

    /// `||g||^2` of the loss over 1,000 samples of a data set, in `Mode.evaluation`.
    static func gradientNormSquared(of model: some Layer, _ loss: some Loss, on data: any Dataset) -> Double {
        let samples = data.thinned(to: 1000)
        return LossGradient(
            of: model, loss, over: samples.batches(of: batchSize(for: data)), count: samples.count, mode: .evaluation
        ).squaredNorm
    }
}
