import Foundation
import Torch

/// The four IDX files in which MNIST, and Fashion-MNIST after it, are distributed, each as it is or compressed.
struct MNISTFolder {
    /// The name of the data set.
    let name: String
    /// Where the files are.
    let folder: URL

    private static let classCount = 10

    /// Reads the files.
    ///
    /// - Throws: `DatasetError` if files are missing or damaged, or do not fit together.
    func read() throws(DatasetError) -> Split<ImageDataset> {
        let parts = [Part(prefix: "train"), Part(prefix: "t10k")]
        // The four are looked up first, so that one error can name all that are missing.
        let missing = parts.flatMap(\.files).filter { folder.existingFile($0) == nil }
        guard missing.isEmpty else {
            throw .missingFiles(dataset: name, folder: folder.path, files: missing)
        }
        let train = try read(parts[0])
        let test = try read(parts[1])
        guard test.inputShape == train.inputShape else {
            let size = Array(test.inputShape.dropFirst())
            let expected = Array(train.inputShape.dropFirst())
            throw .file(path: url(parts[1].images).path, .wrongImageSize(size, expected: expected))
        }
        return Split(name: name, train: train, test: test)
    }

    private struct Part {
        let prefix: String
        var images: String { prefix + "-images-idx3-ubyte" }
        var labels: String { prefix + "-labels-idx1-ubyte" }
        var files: [String] { [images, labels] }
    }

    private func url(_ file: String) -> URL {
        folder.existingFile(file) ?? folder.appendingPathComponent(file)
    }

    private func read(_ part: Part) throws(DatasetError) -> ImageDataset {
        let images = try IDXFile(contentsOf: url(part.images), rank: 3)
        let labels = try IDXFile(contentsOf: url(part.labels), rank: 1)
        let extents = images.elements.shape
        guard labels.elements.count == extents[0] else {
            throw .file(
                path: labels.url.path,
                .wrongLabelCount(labels.elements.count, images: images.url.path, imageCount: extents[0]))
        }
        let classes = labels.elements.elements(as: UInt8.self)
        if let index = classes.firstIndex(where: { $0 >= Self.classCount }) {
            let label = Int(classes[index])
            throw .file(
                path: labels.url.path, .labelOutOfRange(label, index: index, classCount: Self.classCount))
        }
        return ImageDataset(
            images: images.elements.expanded(at: 1), labels: labels.elements.to(dtype: .int64),
            classCount: Self.classCount)
    }
}
