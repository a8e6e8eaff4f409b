import NeuralNetworks
import Torch

extension Loss {
    /// The mean loss of control samples, some at a time: they are many more than a teleport batch, and the outputs alone of
    /// a language model would take gigabytes.
    func controlLoss(of model: some Layer, on samples: Batch) -> Double {
        // Parts of nearly one size: batch normalization has no variance in a part of one sample.
        let count = samples.inputs.size(0)
        // Processes that share a batch take equally many, since statistics of it may be taken by all together.
        let parts = ((samples.shard?.heldCounts.max() ?? count) + 31) / 32
        let means = (0..<parts).map { part in
            let range = part * count / parts..<(part + 1) * count / parts
            let outputs = model(samples.inputs.narrowed(0, to: range))
            let share = Double(range.count) / Double(count)
            return self(outputs, samples.targets.narrowed(0, to: range)) * share
        }
        guard let shard = samples.shard else { return means.total() }
        return shard.sums([means.total() * shard.weight])[0]
    }
}
