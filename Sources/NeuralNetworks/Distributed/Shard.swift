import Torch

/// The part of a batch that a process holds, of a batch whose samples are spread over the processes of a group.
///
/// Process r of R holds samples `r n / R` to `(r + 1) n / R` of n. One that would hold none, of a batch that has fewer samples than there
/// are processes, holds the first, which then counts for nothing: what it spans, the process that owns it spans too.
public struct Shard {
    /// The processes.
    public let group: ProcessGroup
    /// n, the samples of the whole batch.
    public let sampleCount: Int

    /// A part of a batch of so many samples, at least 1.
    public init(of sampleCount: Int, in group: ProcessGroup) {
        require(sampleCount >= 1, "Shard: a batch of \(sampleCount) samples")
        self.sampleCount = sampleCount
        self.group = group
    }

    /// The positions of the samples of this process within the batch.
    public var range: Range<Int> {
        let range = Self.range(of: sampleCount, at: group.rank, of: group.size)
        return range.isEmpty ? 0..<1 : range
    }

    /// The samples of this process, without one that stands in where it has none.
    public var ownCount: Int { Self.range(of: sampleCount, at: group.rank, of: group.size).count }

    /// What the mean over this part counts for in the mean over the batch.
    public var weight: Double { Double(ownCount) / Double(sampleCount) }

    /// The samples that each process holds, by its rank.
    public var heldCounts: [Int] {
        (0..<group.size).map { max(1, Self.range(of: sampleCount, at: $0, of: group.size).count) }
    }

    private static func range(of count: Int, at rank: Int, of size: Int) -> Range<Int> {
        rank * count / size..<(rank + 1) * count / size
    }

    /// The sum of a tensor over the processes, in a new one.
    public func sum(_ tensor: Tensor) -> Tensor {
        let sum = tensor.contiguous().clone()
        group.sum(sum)
        return sum
    }

    /// The sums of numbers over the processes.
    public func sums(_ numbers: [Double]) -> [Double] {
        let sums = Tensor(numbers, shape: [numbers.count])
        group.sum(sums)
        return sums.doubles()
    }

    /// The rows of all processes, in the order of the batch; see `beginGather(_:)`.
    public func gathered(_ rows: Tensor) -> Tensor { beginGather([rows]).wait()[0] }

    /// Begins to gather the rows of matrices, `[m, ...]`, of which each sample has equally many: together, in one collective.
    public func beginGather(_ matrices: [Tensor]) -> PendingRows {
        let held = heldCounts
        let (own, most) = (held[group.rank], held.max() ?? 1)
        let flat = matrices.map { matrix in
            let missing = matrix.size(0) / own * (most - own)
            guard missing > 0 else { return matrix.flattened() }
            return .concatenated(
                [
                    matrix,
                    .zeros([missing] + matrix.shape.dropFirst(), dtype: matrix.dtype, device: matrix.device),
                ], along: 0
            ).flattened()
        }
        return PendingRows(
            collective: group.beginGather(.concatenated(flat, along: 0)), held: held,
            shapes: matrices.map { [$0.size(0) / own] + $0.shape.dropFirst() })
    }

    /// Rows on their way.
    public struct PendingRows {
        fileprivate let collective: Collective
        fileprivate let held: [Int]
        /// Of each matrix the rows of a sample, and the shape of a row.
        fileprivate let shapes: [[Int]]

        /// Waits for them.
        ///
        /// - Returns: The matrices of all processes, one below the other.
        public func wait() -> [Tensor] {
            let all = collective.wait()
            let most = held.max() ?? 1
            var start = 0
            return shapes.map { shape in
                let (rows, size) = (shape[0], shape.reduce(1, *))
                let part = all.narrowed(1, to: start..<start + most * size)
                start += most * size
                return .concatenated(
                    held.enumerated().map { rank, count in
                        part.selected(0, rank).narrowed(0, to: 0..<count * size)
                            .reshaped([count * rows] + shape.dropFirst())
                    }, along: 0)
            }
        }
    }
}
