import NeuralNetworks
import Testing
import Torch

@testable import Datasets

@Suite struct BatchTests {
    /// Ten images of 2 x 1 pixels; the pixels of image i are i and 255 - i, its label is i.
    let samples = ImageDataset(
        images: Tensor((0..<10).flatMap { [UInt8($0), 255 - UInt8($0)] }, shape: [10, 1, 2, 1]),
        labels: Tensor((0..<10).map(Int64.init)), classCount: 10)

    private func labels(_ batches: some Sequence<Batch>) -> [[Int64]] { batches.map { $0.targets.elements() } }

    @Test func keepsTheOrderWithoutAGenerator() {
        let batches = samples.batches(of: 4)
        #expect(labels(batches) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
        #expect(batches.batchCount == 3)
        #expect(samples.batches(of: 5).batchCount == 2)
        #expect(labels(samples.batches(of: 5)).count == 2)
        #expect(labels(samples.batches(of: 100)).map(\.count) == [10])
    }

    @Test(arguments: [1, 3, 4, 5, 9, 10, 11, .max])
    func countsItsBatches(size: Int) {
        for samples in [samples, samples.prefix(0)] {
            let count = labels(samples.batches(of: size)).count
            #expect(samples.batchCount(of: size) == count)
            #expect(samples.batches(of: size).batchCount == count)
        }
    }

    @Test func visitsEachSampleOnceInAnEpoch() {
        let batches = samples.batches(of: 3, shuffledBy: Generator(seed: 5))
        let first = labels(batches)
        let second = labels(batches)
        for epoch in [first, second] {
            #expect(epoch.map(\.count) == [3, 3, 3, 1])
            #expect(epoch.joined().sorted() == Array(0..<10))
        }
        #expect(first != second)
        #expect(first.flatMap(\.self) != Array(0..<10))
    }

    @Test func repeatsTheOrdersOfASeed() {
        func epochs(seed: UInt64) -> [[[Int64]]] {
            let batches = samples.batches(of: 3, shuffledBy: Generator(seed: seed))
            return (0..<3).map { _ in labels(batches) }
        }
        #expect(epochs(seed: 5) == epochs(seed: 5))
        #expect(epochs(seed: 5) != epochs(seed: 6))
    }

    @Test func drawsRandomBatchesWithoutRepetition() {
        let generator = Generator(seed: 1)
        let draws = (0..<50).map { _ in samples.randomBatch(of: 4, using: generator).targets.elements(as: Int64.self) }
        #expect(draws.allSatisfy { Set($0).count == 4 })
        #expect(Set(draws.joined()).count == 10)
        #expect(Set(draws).count > 40)
        #expect(samples.randomBatch(of: 10, using: generator).count == 10)
    }

    @Test(arguments: [DType.float32, .float64]) func scalesBytesExactly(dtype: DType) {
        let bytes = (0...255).map { UInt8($0) }
        let images = ImageDataset(
            images: Tensor(bytes, shape: [256, 1, 1, 1]), labels: Tensor.zeros([256], dtype: .int64), classCount: 1,
            dtype: dtype)
        let batch = images.batch(Tensor.range(256))
        #expect(batch.inputs.dtype == dtype)
        #expect(batch.inputs.shape == [256, 1, 1, 1])
        let expected = bytes.map { dtype == .float32 ? Double(Float($0) / 255) : Double($0) / 255 }
        #expect(batch.inputs.doubles() == expected)
    }

    @Test func gathersImagesWithTheirLabels() {
        let batch = samples.to(dtype: .float64).batch(Tensor([7, 0, 7] as [Int64]))
        #expect(batch.targets.elements() == [7, 0, 7] as [Int64])
        #expect(batch.inputs.dtype == .float64)
        #expect(batch.inputs.shape == [3, 1, 2, 1])
        #expect(batch.inputs.doubles() == [7, 248, 0, 255, 7, 248].map { $0 / 255 })
        #expect(samples.images.elements(as: UInt8.self)[14...15] == [7, 248])
    }

    @Test func keepsTheElementTypeOnAnotherDevice() {
        #expect(samples.to(dtype: .float64).to(device: .cpu).dtype == .float64)
        #expect(samples.to(device: .cpu).dtype == .float32)
    }

    @Test func takesPrefixes() {
        let prefix = samples.to(dtype: .float64).prefix(3)
        #expect(prefix.count == 3)
        #expect(prefix.dtype == .float64)
        #expect(labels(prefix.batches(of: 2)) == [[0, 1], [2]])
        #expect(prefix.images.sharesStorage(with: samples.images))
        #expect(samples.prefix(11).count == 10)
        #expect(Array(samples.prefix(0).batches(of: 2)).isEmpty)
    }

    @Test func mapsBothPartsOfASplit() {
        let split = Split(name: "numbers", train: samples, test: samples.prefix(4)).map { $0.prefix(2) }
        #expect(split.train.count == 2)
        #expect(split.test.count == 2)
        #expect(split.name == "numbers")
        #expect(split.train.classCount == 10)
        #expect(split.train.inputShape == [1, 2, 1])
    }
}
