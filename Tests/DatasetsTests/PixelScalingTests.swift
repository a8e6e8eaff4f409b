import Datasets
import Testing
import Torch

@Suite struct PixelScalingTests {
    /// 1,234 images of noise with another mean and spread in each channel; more than are summed at once.
    private let dataset: ImageDataset = {
        let generator = Generator(seed: 0)
        let noise = Tensor.uniform([1234, 3, 5, 4], using: generator)
        let spread = Tensor([50, 100, 200] as [Float], shape: [3, 1, 1])
        let images = (noise * spread + 20).to(dtype: .uint8)
        return ImageDataset(images: images, labels: .zeros([1234], dtype: .int64), classCount: 1, dtype: .float64)
    }()

    @Test("Standardized channels have mean 0 and standard deviation 1")
    func standardized() {
        let scaled = dataset.scaled(.standardized(by: dataset.images))
        for channel in 0..<3 {
            let values = scaled.batch(.range(scaled.count)).inputs.selected(1, channel).doubles()
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
            #expect(abs(mean) < 1e-6)
            #expect(abs(variance - 1) < 1e-5)
        }
    }

    @Test("Another part is scaled by the numbers of the first, and a prefix and another type keep the scaling")
    func otherPart() {
        guard case .standardized(let means, let deviations) = PixelScaling.standardized(by: dataset.images) else {
            Issue.record("not standardized")
            return
        }
        let other = dataset.scaled(.standardized(means: means, deviations: deviations)).prefix(7).to(dtype: .float32)
        let unit = dataset.batch(.range(7)).inputs.selected(1, 2).doubles()
        let scaled = other.batch(.range(7)).inputs
        #expect(scaled.dtype == .float32)
        for (value, pixel) in zip(scaled.selected(1, 2).doubles(), unit) {
            #expect(abs(value - (pixel - means[2]) / deviations[2]) < 1e-5)
        }
    }

    @Test("A channel of one value becomes zeros")
    func constant() {
        let images = Tensor.full([4, 1, 2, 2], 7, dtype: .uint8)
        let dataset = ImageDataset(images: images, labels: .zeros([4], dtype: .int64), classCount: 1)
            .scaled(.standardized(by: images))
        #expect(dataset.batch(.range(4)).inputs.doubles().allSatisfy { abs($0) < 1e-6 })
    }
}
