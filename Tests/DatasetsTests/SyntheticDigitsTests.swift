import Testing
import Torch

@testable import Datasets

@Suite struct SyntheticDigitsTests {
    private func split() -> Split<ImageDataset> { SyntheticDigits(trainCount: 600, testCount: 200).split() }

    /// The FNV-1a hash of some bytes.
    private func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    @Test func drawsTheSameImagesOnEachMachine() {
        let split = SyntheticDigits(trainCount: 20, testCount: 20).split()
        #expect(
            split.train.labels.elements() == [7, 9, 5, 4, 1, 8, 5, 8, 0, 6, 7, 4, 3, 0, 2, 2, 1, 6, 9, 3] as [Int64])
        #expect(hash(split.train.images.elements()) == 5_769_955_778_514_718_954)
        #expect(hash(split.test.images.elements()) == 4_177_815_851_275_075_652)
    }

    @Test func followsTheSeed() {
        func images(seed: UInt64) -> (train: [UInt8], test: [UInt8]) {
            let split = SyntheticDigits(trainCount: 20, testCount: 20, seed: seed).split()
            return (split.train.images.elements(), split.test.images.elements())
        }
        let first = images(seed: 1)
        #expect(first == images(seed: 1))
        #expect(first.train != images(seed: 2).train)
        #expect(first.test != images(seed: 2).test)
        #expect(first.train != first.test)
    }

    @Test func balancesTheClasses() {
        let labels = split().train.labels.elements(as: Int64.self)
        let counts = (0..<10).map { digit in labels.count { $0 == digit } }
        #expect(counts == [Int](repeating: 60, count: 10))
        #expect(labels != (0..<600).map { Int64($0 % 10) })
    }

    @Test func leavesAMarginAsInMNIST() {
        let train = split().train
        #expect(train.images.shape == [600, 1, 28, 28])
        let pixels = train.images.reshaped([600, 28, 28])
        let inner = pixels.narrowed(1, to: 1..<27).narrowed(2, to: 1..<27).to(dtype: .int64).sum().item()
        #expect(inner == pixels.to(dtype: .int64).sum().item())
        // The mean pixel of MNIST is 0.13.
        let mean = train.batch(Tensor.range(600)).inputs.mean().item()
        #expect((0.09...0.17).contains(mean))
        // Each digit has ink of nearly full brightness.
        for image in 0..<600 {
            #expect(pixels.selected(0, image).elements(as: UInt8.self).max()! >= 200)
        }
    }

    /// The classes can be told apart, but not by so simple a rule as the nearest mean image alone.
    @Test func isNeitherTooHardNorTooEasy() {
        let split = self.split()
        let train = split.train.batch(Tensor.range(600))
        let test = split.test.batch(Tensor.range(200))
        // One-hot labels, [600, 10], as the columns of an identity matrix that the labels pick.
        let members = Tensor.identity(10).gathered(0, train.targets)
        let centroids = members.transposed().matmul(train.inputs.flattened(from: 1)) / 60
        // |x - c|^2 is smallest where <x, c> - |c|^2 / 2 is largest.
        let halfNorms = (centroids * centroids).sum(along: [1]) / 2
        let scores = test.inputs.flattened(from: 1).matmul(centroids.transposed()) - halfNorms
        let accuracy = scores.argmax().equals(test.targets).to(dtype: .float64).mean().item()
        #expect((0.5...0.9).contains(accuracy))
    }
}
