import Foundation
import Torch

/// The binary files in which CIFAR-10 and CIFAR-100 are distributed, each as it is or compressed.
///
/// A file has no header: it is a sequence of records, each of one or two label bytes and the 3072 bytes of an image,
/// `[3, 32, 32]`. So its size and its labels are all that can be checked.
struct CIFARFolder {
    /// Which of the two it is.
    let layout: Layout
    /// The folder with one subfolder for each data set.
    let root: URL

    private static let imageShape = [3, 32, 32]
    // The training file of CIFAR-100 has as many. Compressed data can stand for a thousand times their size, so there must
    // be a bound.
    private static let recordLimit = 50_000

    /// How the files of a data set are called, and what is in a record.
    struct Layout {
        /// The name of the data set.
        let name: String
        /// The folder that its archive unpacks to.
        let archiveFolder: String
        /// The files of the training set.
        let train: [String]
        /// The file of the test set.
        let test: String
        /// The number of classes of each label byte; the last one is the target.
        let classCounts: [Int]

        /// Five training files, and a label.
        static let cifar10 = Layout(
            name: DatasetName.cifar10.rawValue, archiveFolder: "cifar-10-batches-bin",
            train: (1...5).map { "data_batch_\($0).bin" }, test: "test_batch.bin", classCounts: [10])

        /// One training file, and a coarse label before the fine one.
        static let cifar100 = Layout(
            name: DatasetName.cifar100.rawValue, archiveFolder: "cifar-100-binary", train: ["train.bin"],
            test: "test.bin", classCounts: [20, 100])
    }

    /// Reads the files.
    ///
    /// - Throws: `DatasetError` if files are missing or damaged.
    func read() throws(DatasetError) -> Split<ImageDataset> {
        let files = layout.train + [layout.test]
        let folder = self.folder
        // All are looked up first, so that one error can name all that are missing.
        let missing = files.filter { folder.existingFile($0) == nil }
        guard missing.isEmpty else {
            throw .missingFiles(dataset: layout.name, folder: folder.path, files: missing)
        }
        let train = try read(layout.train, in: folder)
        let test = try read([layout.test], in: folder)
        return Split(name: layout.name, train: train, test: test)
            .map { $0.scaled(.standardized(by: train.images)) }
    }

    /// The folder of this data set, under its own name or that of the archive, whichever has files of it.
    private var folder: URL {
        let folders = [layout.name, layout.archiveFolder].map { root.appendingPathComponent($0) }
        let files = layout.train + [layout.test]
        return folders.first { folder in files.contains { folder.existingFile($0) != nil } } ?? folders[0]
    }

    private func read(_ files: [String], in folder: URL) throws(DatasetError) -> ImageDataset {
        var parts: [Tensor] = []
        for file in files {
            parts.append(try records(of: folder.existingFile(file) ?? folder.appendingPathComponent(file)))
        }
        let records = parts.count == 1 ? parts[0] : Tensor.concatenated(parts, along: 0)
        let labelCount = layout.classCounts.count
        return ImageDataset(
            images: records.narrowed(1, to: labelCount..<records.size(1))
                .reshaped([records.size(0)] + Self.imageShape),
            labels: records.selected(1, labelCount - 1).to(dtype: .int64),
            classCount: layout.classCounts[labelCount - 1])
    }

    /// The records of one file, `uint8`, `[n, labels + 3072]`.
    private func records(of url: URL) throws(DatasetError) -> Tensor {
        let file = try InputFile(path: url.path)
        let path = file.path
        let isCompressed = path.hasSuffix(".gz")
        let stream: any ByteStream = isCompressed ? try GzipStream(file) : file
        let size = layout.classCounts.count + Self.imageShape.reduce(1, *)
        let buffer = try ByteBuffer(readingUpTo: Self.recordLimit * size, from: stream)
        // No record begins with the label 31, as gzip files do.
        if !isCompressed && buffer.bytes.starts(with: [0x1f, 0x8b]) { throw .file(path: path, .gzipWithoutSuffix) }
        guard buffer.count > 0 else { throw .file(path: path, .empty) }
        guard buffer.count.isMultiple(of: size) else {
            throw .file(path: path, .partialRecord(byteCount: buffer.count, recordSize: size))
        }
        // This also brings a gzip stream to its checksum.
        let surplus = try ByteBuffer(readingUpTo: 1, from: stream)
        guard surplus.count == 0 else { throw .file(path: path, .tooManyRecords(limit: Self.recordLimit)) }

        let records = Tensor(bytes: buffer.bytes, shape: [buffer.count / size, size], dtype: .uint8)
        for (position, classCount) in layout.classCounts.enumerated() {
            let labels = records.selected(1, position).elements(as: UInt8.self)
            if let index = labels.firstIndex(where: { $0 >= classCount }) {
                throw .file(
                    path: path, .labelOutOfRange(Int(labels[index]), index: index, classCount: classCount))
            }
        }
        return records
    }
}
