import Torch

/// Handwritten-like digits in the format of MNIST, generated from a seed and therefore in need of no file.
///
/// Each image is one of several ways of writing a digit, drawn with a pen of random thickness by a hand that jitters,
/// bends, slants, narrows and turns it. As in MNIST, the images are 28 x 28 bytes, the ink is bright on black, and the
/// digit fills a box of about 20 x 20 pixels near the centre. A seed gives the same images on each machine.
public struct SyntheticDigits: Sendable {
    /// The number of images to train on.
    public let trainCount: Int
    /// The number of images to test with, which come from a random stream of their own.
    public let testCount: Int
    /// What all images follow from.
    public let seed: UInt64

    private static let classCount = 10

    /// A data set of the given sizes, each at least 1.
    public init(trainCount: Int = 12_000, testCount: Int = 2_000, seed: UInt64 = 0) {
        require(trainCount >= 1 && testCount >= 1, "\(trainCount) training and \(testCount) test images")
        self.trainCount = trainCount
        self.testCount = testCount
        self.seed = seed
    }

    /// Generates the images, `[N, 1, 28, 28]`, in random order, with as many of each class as of the others, give or
    /// take one.
    public func split() -> Split<ImageDataset> {
        var seeds = SplitMix64(seed: seed)
        let train = Self.images(trainCount, seed: seeds.next())
        let test = Self.images(testCount, seed: seeds.next())
        return Split(
            name: DatasetName.digits.rawValue, train: train, test: test, sizes: .images(train: train, test: test))
    }

    private static func images(_ count: Int, seed: UInt64) -> ImageDataset {
        var random = SplitMix64(seed: seed)
        var labels = (0..<count).map { Int64($0 % classCount) }
        random.shuffle(&labels)

        let size = StrokeRenderer.size
        var renderer = StrokeRenderer()
        let pixels = [UInt8](unsafeUninitializedCapacity: count * size * size) { buffer, initialized in
            for (index, label) in labels.enumerated() {
                draw(Int(label), with: &renderer, into: buffer.baseAddress! + index * size * size, using: &random)
            }
            initialized = buffer.count
        }
        return ImageDataset(
            images: Tensor(pixels, shape: [count, 1, size, size]), labels: Tensor(labels), classCount: classCount)
    }

    /// Draws one random image of a digit.
    private static func draw(
        _ digit: Int, with renderer: inout StrokeRenderer, into image: UnsafeMutablePointer<UInt8>,
        using random: inout SplitMix64
    ) {
        let glyphs = Glyph.variants[digit]
        let glyph = glyphs[random.integer(below: glyphs.count)]
        var curves = Handwriting(using: &random).write(glyph, using: &random)

        let radius = random.uniform(0.9, 1.7)
        let softness = random.uniform(0.9, 1.5)
        let pens = curves.map { _ in
            StrokeRenderer.Pen(
                radii: (radius * random.uniform(0.75, 1.2), radius * random.uniform(0.75, 1.2)), softness: softness)
        }
        let box = random.uniform(16.5, 20)
        let centre = Float(StrokeRenderer.size - 1) / 2
        let offset: SIMD2<Float> = [random.uniform(-1.5, 1.5), random.uniform(-1.5, 1.5)]
        fit(&curves, extent: box - 2 * radius, centre: SIMD2(repeating: centre) + offset)
        renderer.draw(curves, with: pens, ink: random.uniform(225, 255), into: image)
    }

    /// Scales and moves curves so that the longer side of the box around them has a given extent and centre.
    private static func fit(_ curves: inout [Curve], extent: Float, centre: SIMD2<Float>) {
        var lower = curves[0].points[0]
        var upper = lower
        for curve in curves {
            for point in curve.points {
                lower = pointwiseMin(lower, point)
                upper = pointwiseMax(upper, point)
            }
        }
        let size = upper - lower
        let scale = extent / max(size.x, size.y)
        let middle = 0.5 * (lower + upper)
        for index in curves.indices {
            for position in curves[index].points.indices {
                curves[index].points[position] = centre + scale * (curves[index].points[position] - middle)
            }
        }
    }
}
