import Foundation
import Torch

/// The look at the data, which finds what there is to warn of.
extension DatasetWarning {
    /// The images that are looked at, of however many: reading shall not take longer for it.
    private static let lookCount = 256

    /// Warnings about images, `uint8`, `[N, C, H, W]`, of which some are drawn to look at.
    static func aboutImages(_ images: Tensor, in path: String) -> [DatasetWarning] {
        let count = min(images.size(0), lookCount)
        let indices = Tensor.integers([count], in: 0..<images.size(0), using: Generator(seed: 0))
        let drawn = images.size(0) > count ? images.gathered(0, indices) : images
        let size = drawn.count / count
        let bytes = drawn.elements(as: UInt8.self)
        return bytes.withUnsafeBytes { bytes in
            let start = bytes.baseAddress!
            // An image is blank if it equals itself moved by a byte; most differ from the next one, and from the first, soon.
            let blank = (0..<count).count { memcmp(start + $0 * size, start + $0 * size + 1, size - 1) == 0 }
            let equal = (1..<max(count, 1)).allSatisfy { memcmp(start, start + $0 * size, size) == 0 }
            // One in a hundred may be a black photograph.
            if size > 1 && 100 * blank > count {
                return [DatasetWarning(path: path, .blankImages(share: Double(blank) / Double(count), lookedAt: count))]
            }
            return equal && count > 1 ? [DatasetWarning(path: path, .equalImages(lookedAt: count))] : []
        }
    }

    /// A warning where labels in `0..<classCount` are not of all classes.
    static func aboutLabels(_ labels: some Sequence<some BinaryInteger>, of classCount: Int, in path: String)
        -> [DatasetWarning]
    {
        var isPresent = [Bool](repeating: false, count: classCount)
        for label in labels { isPresent[Int(label)] = true }
        let present = isPresent.count { $0 }
        return present < classCount ? [DatasetWarning(path: path, .fewClasses(present, of: classCount))] : []
    }

    /// Warnings about a series, standardized with its rows to train on.
    static func aboutSeries(_ split: Split<SeriesDataset>, in path: String) -> [DatasetWarning] {
        let train = split.train.values
        let width = train.size(1)
        let largest = largestMagnitudes(in: split.test.values)
        // A column that is constant in the rows to train on is zero in all of them, the first among them.
        let first = train.selected(0, 0).doubles()
        let constant = (0..<width).filter { column in
            first[column] == 0 && largest[column] > 0 && train.selected(1, column).absolute().sum().item() == 0
        }
        let far = (0..<width).filter { largest[$0] > farDeviations && !constant.contains($0) }
        var warnings: [DatasetWarning] = []
        if !constant.isEmpty {
            warnings.append(DatasetWarning(path: path, .constantInTraining(columns: constant.map { $0 + 1 })))
        }
        if let most = far.map({ largest[$0] }).max() {
            warnings.append(
                DatasetWarning(path: path, .farFromTraining(columns: far.map { $0 + 1 }, deviations: most)))
        }
        return warnings
    }

    /// No error of a forecast counts beside the squares of such.
    private static let farDeviations = 100.0

    /// The largest magnitude in each column of `[L, D]`.
    private static func largestMagnitudes(in values: Tensor) -> [Double] {
        let width = values.size(1)
        return values.doubles().withUnsafeBufferPointer { numbers in
            [Double](unsafeUninitializedCapacity: width) { largest, count in
                largest.initialize(repeating: 0)
                for row in stride(from: 0, to: numbers.count, by: width) {
                    for column in 0..<width { largest[column] = max(largest[column], numbers[row + column].magnitude) }
                }
                count = width
            }
        }
    }

    /// Warnings about a training text, and a test text in its vocabulary.
    static func aboutTexts(_ train: TextFile, _ test: TextFile) -> [DatasetWarning] {
        var warnings: [DatasetWarning] = []
        // Beside the words there are those for the ends of lines and for unknown ones.
        if train.vocabulary.count <= 3 { warnings.append(DatasetWarning(path: train.url.path, .oneWord)) }
        let share = test.unknownShare
        if share > 0.5 { warnings.append(DatasetWarning(path: test.url.path, .unknownWords(share: share))) }
        return warnings
    }
}
