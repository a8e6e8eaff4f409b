import TestSupport
import Testing
import Torch

@testable import NeuralNetworks

@Suite struct ShardTests {
    private struct Part: Sendable {
        let range: Range<Int>
        let weight: Double
        let heldCounts: [Int]
    }

    @Test(
        "The parts cover each sample once, in order, as evenly as can be, and their weights add up to 1",
        arguments: 1...4)
    func ranges(size: Int) throws {
        let batches = try withRanks(size) { group in
            (1...7).map { count in
                let shard = Shard(of: count, in: group)
                return Part(range: shard.range, weight: shard.weight, heldCounts: shard.heldCounts)
            }
        }
        for count in 1...7 {
            let parts = batches.map { $0[count - 1] }
            #expect(parts.flatMap { $0.weight > 0 ? Array($0.range) : [] } == Array(0..<count), "\(count) samples")
            #expect(abs(parts.map(\.weight).reduce(0, +) - 1) < 1e-15)
            for part in parts {
                #expect(part.heldCounts == parts.map(\.range.count))
                if part.weight == 0 {
                    // One that has none holds the first.
                    #expect(part.range == 0..<1)
                } else {
                    #expect(part.weight == Double(part.range.count) / Double(count))
                    #expect([count / size, (count + size - 1) / size].contains(part.range.count))
                }
            }
            #expect(parts.count { $0.weight > 0 } == min(count, size))
        }
    }

    @Test(
        "Rows of uneven parts are gathered in the order of the batch, of several matrices at once",
        arguments: [(1, 2), (2, 2), (5, 2), (2, 3), (7, 3), (8, 3), (6, 4)])
    func gathered(count: Int, size: Int) throws {
        let results = try withRanks(size) { group in
            let shard = Shard(of: count, in: group)
            // Two rows of the first matrix for each sample, one of the second.
            func rows(_ range: Range<Int>, each: Int, columns: [Int]) -> Tensor {
                let numbers = range.flatMap { sample in
                    (0..<each * columns.reduce(1, *)).map { Double(100 * sample + $0) }
                }
                return Tensor(numbers, shape: [range.count * each] + columns)
            }
            let pending = shard.beginGather([
                rows(shard.range, each: 2, columns: [3]), rows(shard.range, each: 1, columns: [2, 2]),
            ])
            let single = shard.gathered(rows(shard.range, each: 1, columns: [5]))
            // Those that stand in are there, too.
            let held = shard.heldCounts.enumerated().flatMap { rank, held in
                let own = rank * count / size..<(rank + 1) * count / size
                return own.isEmpty ? [0..<1] : [own]
            }
            func all(each: Int, columns: [Int]) -> Tensor {
                .concatenated(held.map { rows($0, each: each, columns: columns) }, along: 0)
            }
            let expected = [
                all(each: 2, columns: [3]), all(each: 1, columns: [2, 2]), all(each: 1, columns: [5]),
            ]
            return zip(pending.wait() + [single], expected).map { ($0.shape, $0.doubles(), $1.shape, $1.doubles()) }
        }
        for (shape, numbers, expectedShape, expected) in results.flatMap({ $0 }) {
            #expect(shape == expectedShape && numbers == expected)
        }
    }

    @Test("Sums over the parts are the same at each rank, and leave what they are of as it was")
    func sums() throws {
        let results = try withRanks(3) { group in
            let shard = Shard(of: 4, in: group)
            let own = Tensor.full([2, 2], Double(group.rank + 1), dtype: .float64)
            let view = own.transposed()
            return [shard.sum(view).doubles(), own.doubles(), shard.sums([1, Double(group.rank)])]
        }
        for (rank, result) in results.enumerated() {
            #expect(result == [[6, 6, 6, 6], Array(repeating: Double(rank + 1), count: 4), [3, 3]])
        }
    }

    @Test("Batches of spread samples are the parts of those of the whole, in the same order", arguments: [2, 3])
    func samples(size: Int) throws {
        @Sendable func samples() -> Samples {
            Samples(
                inputs: Tensor((0..<22).map(Double.init), shape: [11, 2]), targets: Tensor((0..<11).map(Int64.init)))
        }
        struct Seen: Sendable {
            let labels: [Int64]
            let inputs: [Double]
            let count, own: Int
        }
        let parts = try withRanks(size) { group in
            let spread = ShardedSamples(samples(), in: group)
            return spread.batches(of: 4, shuffledBy: Generator(seed: 3)).map { batch in
                Seen(
                    labels: batch.targets.elements(as: Int64.self), inputs: batch.inputs.doubles(), count: batch.count,
                    own: batch.ownCount)
            }
                + [spread.whole.batch(.range(spread.count))].map { batch in
                    Seen(
                        labels: spread.targets?.elements(as: Int64.self) ?? [], inputs: batch.inputs.doubles(),
                        count: batch.shard == nil ? batch.count : -1, own: batch.ownCount)
                }
        }
        let whole = Array(samples().batches(of: 4, shuffledBy: Generator(seed: 3)))
        #expect(whole.map(\.count) == [4, 4, 3])
        for (index, batch) in whole.enumerated() {
            let seen = parts.map { $0[index] }
            #expect(seen.flatMap { $0.labels.prefix($0.own) } == batch.targets.elements(as: Int64.self))
            #expect(seen.flatMap { $0.inputs.prefix(2 * $0.own) } == batch.inputs.doubles())
            #expect(seen.allSatisfy { $0.count == batch.count })
        }
        for part in parts {
            #expect(part[3].labels == (0..<11).map(Int64.init) && part[3].count == 11 && part[3].own == 11)
        }
    }
}
