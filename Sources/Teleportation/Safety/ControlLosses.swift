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
    var mean: Double { Self.mean(values.filter { !$0.isNaN }) }

    /// How much higher these are than others were of the same samples.
    ///
    /// - Returns: The mean difference over the samples whose loss was a number, and its standard error; 0 of one sample, of whose spread
    ///   nothing is known. Neither is a number where a loss is none any more.
    func increase(over before: ControlLosses) -> (mean: Double, standardError: Double) {
        let differences = zip(values, before.values).filter { !$1.isNaN }.map { $0 - $1 }
        let mean = Self.mean(differences)
        let squares = differences.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
        let count = differences.count
        return (mean, (squares / Double(max(count - 1, 1) * count)).squareRoot())
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
