/// Why several processes cannot train a model together as one would.
package enum SharedTrainingRefusal: Error, Hashable, CustomStringConvertible {
    /// A layer draws random numbers for each sample, as dropout does, which the samples of several processes would share.
    case randomLayers
    /// Batches of which a process has one sample, in a model in which samples see each other, as with batch normalization.
    case loneSamples(batchSize: Int, processes: Int)
    /// Synchronized statistics, and teleports that differentiate through them by autograd.
    case synchronizedAutograd

    /// A sentence for people, which says what to give instead.
    package var description: String {
        switch self {
        case .randomLayers:
            "a model with dropout draws what it drops for all samples in turn, which several processes cannot; train it in one, or take "
                + "a --model without dropout"
        case .loneSamples(let size, let processes):
            "--batch-size \(size): with batch normalization each of \(processes) processes needs 2 samples or more; give "
                + "\(2 * processes) or more, or start fewer processes"
        case .synchronizedAutograd:
            "--batch-statistics synchronized: goes with --method null-space and --derivative closed-form alone, or --schedule none with "
                + "these; take them, or --batch-statistics per-process"
        }
    }
}
