import Datasets
import Testing
import Torch

@Suite struct SubsetTests {
    /// Ten images whose only pixel is their number.
    private let samples = ImageDataset(
        images: Tensor((0..<10).map(UInt8.init), shape: [10, 1, 1, 1]), labels: .range(10), classCount: 10)

    @Test func spreadsOverAllSamples() {
        let subset = samples.thinned(to: 4)
        #expect(subset.count == 4)
        #expect(subset.batch(.range(4)).targets.elements() == [0, 2, 5, 7] as [Int64])
        #expect(subset.batch(Tensor([3, 1] as [Int64])).targets.elements() == [7, 2] as [Int64])
        #expect(subset.prefix(2).batch(.range(2)).targets.elements() == [0, 2] as [Int64])
        #expect(samples.thinned(to: 99).batch(.range(10)).targets.elements() == Array(0..<10) as [Int64])
    }

    @Test func isADatasetLikeTheWhole() {
        let subset = samples.thinned(to: 3).to(dtype: .float64)
        #expect(subset.inputShape == [1, 1, 1] && subset.task == .classification(classes: 10))
        #expect(subset.batch(.range(3)).inputs.dtype == .float64)
        #expect(subset.batches(of: 2).map(\.count) == [2, 1])
    }
}
