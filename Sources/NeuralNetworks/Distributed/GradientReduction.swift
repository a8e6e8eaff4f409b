import Torch

/// The sum, over the processes of a group, of the gradients that a pull-back meets: they travel in buckets while it goes on.
///
/// A factored gradient `delta^T A` of m rows at each process is `[delta_1; delta_2; ...]^T [A_1; A_2; ...]`: its factors are gathered
/// where they are fewer numbers than the sum moves, `M (out + in) < 2 out in` for M rows in all (a ring moves each number of a sum twice,
/// and each gathered one once), and where the product of all rows stays worth its factors.
final class GradientReduction {
    private let shard: Shard
    /// The samples that each process holds.
    private let held: [Int]
    /// The gradients so far, with the parameters that they are of, in the order in which they were met.
    private var taken: [(parameter: Tensor, gradient: Taken)] = []
    private var sums = Bucket()
    private var factors = Bucket()
    /// Buckets that are on their way.
    private var summing: [(collective: Collective, parts: [Tensor])] = []
    private var gathering: [Shard.PendingRows] = []

    private enum Taken {
        /// A part of a bucket of sums.
        case sum(bucket: Int, part: Int)
        /// Two parts of a bucket of factors, the first of which is numbered.
        case factors(bucket: Int, part: Int)
    }

    private struct Bucket {
        var parts: [Tensor] = []
        var bytes = 0
    }

    /// The bytes from which on a bucket travels: enough that what a message costs by itself is little beside them, and few enough that
    /// the pull-back of a model goes on beside most of its gradients.
    private static let bucketBytes = 1 << 20

    init(over shard: Shard) {
        self.shard = shard
        held = shard.heldCounts
    }

    /// Takes the gradient of one use of a parameter.
    func take(_ gradient: ParameterGradient, of parameter: Tensor) {
        if case .product(let delta, let input) = gradient, isGathered(delta, input) {
            taken.append((parameter, .factors(bucket: gathering.count, part: factors.parts.count)))
            factors.parts += [delta, input.rows]
            // Of the process with the most rows: all are to send at the same moment.
            factors.bytes +=
                rows(of: input, for: held.max() ?? 1) * (delta.size(1) + input.columnCount) * delta.dtype.byteCount
            if factors.bytes >= Self.bucketBytes { sendFactors() }
        } else {
            taken.append((parameter, .sum(bucket: summing.count, part: sums.parts.count)))
            sums.parts.append(gradient.formed())
            sums.bytes += parameter.count * parameter.dtype.byteCount
            if sums.bytes >= Self.bucketBytes { sendSums() }
        }
    }

    private func isGathered(_ delta: Tensor, _ input: Representation) -> Bool {
        let (out, columns) = (delta.size(1), input.columnCount)
        let all = rows(of: input, for: held.reduce(0, +))
        return all * (out + columns) < 2 * out * columns && all <= max(out, columns)
    }

    /// The rows of so many samples.
    private func rows(of input: Representation, for samples: Int) -> Int {
        input.rowCount / held[shard.group.rank] * samples
    }

    private func sendSums() {
        guard !sums.parts.isEmpty else { return }
        let flat = Tensor.concatenated(sums.parts.map { $0.flattened() }, along: 0)
        summing.append((shard.group.beginSum(flat), sums.parts))
        sums = Bucket()
    }

    private func sendFactors() {
        guard !factors.parts.isEmpty else { return }
        gathering.append(shard.beginGather(factors.parts))
        factors = Bucket()
    }

    /// Waits for the sums, after the last gradient.
    ///
    /// - Returns: What was taken, added up, in the same order.
    func wait() -> [(parameter: Tensor, gradient: ParameterGradient)] {
        sendSums()
        sendFactors()
        let formed = summing.map { collective, parts in
            let flat = collective.wait()
            var start = 0
            return parts.map { part in
                defer { start += part.count }
                return flat.narrowed(0, to: start..<start + part.count).reshaped(part.shape)
            }
        }
        let gathered = gathering.map { $0.wait() }
        return taken.map { parameter, gradient in
            switch gradient {
            case .sum(let bucket, let part): (parameter, .tensor(formed[bucket][part]))
            case .factors(let bucket, let part):
                (
                    parameter,
                    .product(
                        delta: gathered[bucket][part], input: Representation(rows: gathered[bucket][part + 1]))
                )
            }
        }
    }
}
