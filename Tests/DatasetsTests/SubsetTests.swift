import Datasets
import Testing
import Torch

@Suite struct SubsetTests {
    /// Ten images whose only pixel is their number.
    private let samples = ImageDataset(
        images: Tensor((0..<10).map(UInt8.init), shape: [10, 1, 1, 1]), labels: .range(10), classCount: 10)

    @Test func drawsTheSameSamplesEachTime() {
        let subset = samples.thinned(to: 4)
        let targets = subset.batch(.range(4)).targets.elements(as: Int64.self)
        #expect(subset.count == 4)
        #expect(targets == targets.sorted() && Set(targets).count == 4)
        #expect(samples.thinned(to: 4).batch(.range(4)).targets.elements() == targets)
        #expect(subset.batch(Tensor([3, 1] as [Int64])).targets.elements() == [targets[3], targets[1]])
        #expect(subset.prefix(2).batch(.range(2)).targets.elements() == Array(targets[..<2]))
        #expect(samples.thinned(to: 99).batch(.range(10)).targets.elements() == Array(0..<10) as [Int64])
    }

    @Test("Classes that take turns are all there")
    func hasAllClasses() {
        let images = ImageDataset(
            images: .zeros([10_000, 1, 1, 1], dtype: .uint8), labels: Tensor((0..<10_000).map { Int64($0 % 100) }),
            classCount: 100)
        let labels = images.thinned(to: 1000).batch(.range(1000)).targets.elements(as: Int64.self)
        #expect(Set(labels).count == 100)
    }

    @Test func isADatasetLikeTheWhole() {
        let subset = samples.thinned(to: 3).to(dtype: .float64)
        #expect(subset.inputShape == [1, 1, 1] && subset.task == .classification(classes: 10))
        #expect(subset.batch(.range(3)).inputs.dtype == .float64)
        #expect(subset.batches(of: 2).map(\.count) == [2, 1])
    }
}
