import NeuralNetworks
import Torch

/// The loss of each control sample by itself, so that a difference of two of them has a standard error.
struct ControlLosses {
    /// One number a sample, those of other processes included; not a number where a sample has no target that counts.
    private let values: [Double]

    /// The losses of a model as it is.
    ///
    /// Some samples are run at a time: they are many more than a teleport batch, and the outputs alone of a language model would take
    /// gigabytes.
    init(of model: some Layer, _ loss: some Loss, on samples: Batch) {
        // Parts of nearly one size: batch normalization has no variance in a part of one sample.
        let count = samples.inputs.size(0)
        // Processes that share a batch take equally many, since statistics of it may be taken by all together.
        let parts = ((samples.shard?.heldCounts.max() ?? count) + 31) / 32
        let losses = (0..<parts).flatMap { part in
            let range = part * count / parts..<(part + 1) * count / parts
            let (outputs, targets) = (
                model(samples.inputs.narrowed(0, to: range)), samples.targets.narrowed(0, to: range)
            )
            return (0..<range.count).map {
                loss(outputs.narrowed(0, to: $0..<$0 + 1), targets.narrowed(0, to: $0..<$0 + 1))
            }
        }
        let own = Tensor.stacked(losses).doubles()
        guard let shard = samples.shard else {
            values = own
            return
        }
        // Each process adds its samples to zeros.
        var all = Array(repeating: 0.0, count: shard.sampleCount)
        if shard.ownCount > 0 { all.replaceSubrange(shard.range, with: own) }
        values = shard.sums(all)
    }

    /// The losses of samples that are known.
    init(_ values: [Double]) { self.values = values }

    /// The mean over the samples with targets that count.
    var mean: Double {
        let counted = values.filter { !$0.isNaN }
        return counted.reduce(0, +) / Double(counted.count)
    }

    /// How much higher these are than others were of the same samples, of those whose loss was finite. Not a number where the loss of one is
    /// none any more.
    func rise(over before: ControlLosses) -> MeanDifference {
        MeanDifference(zip(values, before.values).filter { $1.isFinite }.map { $0 - $1 })
    }

    /// Whether these are clearly higher than others were of the same samples: by more than twice the standard error, or, where a few samples
    /// make both large, by more than a hundredth of the loss.
    func areClearlyHigher(than before: ControlLosses) -> Bool {
        let rise = rise(over: before)
        return !(rise.mean <= min(MeanDifference.clearly * rise.standardError, 0.01 * before.mean.magnitude))
    }
}
