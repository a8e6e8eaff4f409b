import Torch

/// What becomes of the bytes of images where they are the inputs of a model.
public enum PixelScaling: Hashable, Sendable {
    /// 0 to 255 become 0 to 1.
    case unit
    /// The same, less the mean of the channel and divided by its standard deviation, both over training images in units
    /// of 0 to 1.
    case standardized(means: [Double], deviations: [Double])

    /// Standardization with the means and standard deviations of the channels of images, `uint8`, `[N, C, H, W]`.
    ///
    /// A channel of one value only is not divided.
    public static func standardized(by images: Tensor) -> PixelScaling {
        let (count, channels) = (images.size(0), images.size(1))
        let sums = Tensor.zeros([2, channels], dtype: .float64)
        // Some images at a time: as numbers they take four times the memory.
        for start in stride(from: 0, to: count, by: 1000) {
            let part = images.narrowed(0, to: start..<min(start + 1000, count)).to(dtype: .float32)
            // The sums of one image fit float32; those of all images are kept in float64.
            let perImage = Tensor.stacked([part.sum(along: [2, 3]), (part * part).sum(along: [2, 3])])
            sums.addInPlace(perImage.to(dtype: .float64).sum(along: [1]).to(device: .cpu))
        }
        let values = sums.doubles()
        let pixels = Double(images.count / channels)
        let means = values[..<channels].map { $0 / pixels / 255 }
        let deviations = zip(values[channels...], means).map { square, mean in
            max(square / pixels / (255 * 255) - mean * mean, 0).squareRoot()
        }
        return .standardized(means: means, deviations: deviations.map { $0 > 1e-6 ? $0 : 1 })
    }

    /// The inputs of a model for bytes that have been converted to its type, `[n, C, H, W]`, which may be overwritten.
    func applied(to pixels: Tensor) -> Tensor {
        switch self {
        case .unit:
            // A true division, not a product with 1/255, gives each of the 256 values correctly rounded, as PyTorch's
            // ToTensor does.
            return pixels / Tensor(255, dtype: pixels.dtype)
        case .standardized(let means, let deviations):
            func perChannel(_ numbers: [Double]) -> Tensor {
                Tensor(numbers, shape: [numbers.count, 1, 1]).to(dtype: pixels.dtype, device: pixels.device)
            }
            let scaled = pixels * perChannel(deviations.map { 1 / (255 * $0) })
            scaled.addInPlace(perChannel(zip(means, deviations).map { -$0 / $1 }))
            return scaled
        }
    }
}
