import Torch

/// Samples in batches; `SampleSource.batches(of:shuffledBy:)` makes one.
///
/// Each pass over a shuffled sequence is an epoch of its own: it draws the next order from the generator. The orders
/// of a run thus follow from the seed of the generator alone.
public struct BatchSequence: Sequence {
    let samples: any SampleSource
    let size: Int
    let generator: Generator?

    init(_ samples: any SampleSource, size: Int, generator: Generator?) {
        require(size >= 1, "batches of \(size) samples")
        self.samples = samples
        self.size = size
        self.generator = generator
    }

    /// The number of batches in one pass.
    public var batchCount: Int { samples.batchCount(of: size) }

    /// The number of batches in one pass.
    public var underestimatedCount: Int { batchCount }

    /// Begins a pass, drawing its order.
    public func makeIterator() -> Iterator {
        let count = samples.count
        let order = generator.map { Tensor.permutation(count, using: $0) } ?? Tensor.range(count)
        return Iterator(samples: samples, order: order, count: count, size: size)
    }

    /// One pass over the samples.
    public struct Iterator: IteratorProtocol {
        let samples: any SampleSource
        let order: Tensor
        let count: Int
        let size: Int
        var position = 0

        /// Passes over batches without forming them.
        package mutating func skip(_ batches: Int) { position = Swift.min(position + batches * size, count) }

        /// The next batch, or nil at the end of the pass.
        public mutating func next() -> Batch? {
            guard position < count else { return nil }
            let end = position + Swift.min(size, count - position)
            defer { position = end }
            return samples.batch(order.narrowed(0, to: position..<end))
        }
    }
}

extension SampleSource {
    /// All samples in batches of `size`, the last of which holds what remains.
    ///
    /// - Parameters:
    ///   - size: The number of samples in a batch, at least 1.
    ///   - generator: Each pass draws a new order of the samples from it; without one they come as they are stored.
    public func batches(of size: Int, shuffledBy generator: Generator? = nil) -> BatchSequence {
        BatchSequence(self, size: size, generator: generator)
    }

    /// The number of batches of `size` samples, at least 1, that hold all samples: `count / size` rounded up.
    public func batchCount(of size: Int) -> Int {
        require(size >= 1, "batches of \(size) samples")
        return count / size + (count.isMultiple(of: size) ? 0 : 1)
    }
}
