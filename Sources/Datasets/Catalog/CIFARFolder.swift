import Foundation
import Torch

/// The binary files in which CIFAR-10 and CIFAR-100 are distributed, each as it is or compressed.
///
/// A file has no header: it is a sequence of records, each of one or two label bytes and the 3072 bytes of an image,
/// `[3, 32, 32]`. So its size and its labels are all that can be checked.
struct CIFARFolder: DatasetFolder {
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
        /// The archive of its binary version, and the folder that it unpacks to.
        let archive: String
        let archiveFolder: String
        /// Files and folders that the Python version has and the binary one has not.
        let pythonSigns: [String]
        /// The files of the training set.
        let train: [String]
        /// The file of the test set.
        let test: String
        /// The number of classes of each label byte; the last one is the target.
        let classCounts: [Int]

        /// Five training files, and a label.
        static let cifar10 = Layout(
            name: DatasetName.cifar10.rawValue, archive: "cifar-10-binary.tar.gz",
            archiveFolder: "cifar-10-batches-bin",
            pythonSigns: ["cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1", "batches.meta"],
            train: (1...5).map { "data_batch_\($0).bin" }, test: "test_batch.bin", classCounts: [10])

        /// One training file, and a coarse label before the fine one.
        static let cifar100 = Layout(
            name: DatasetName.cifar100.rawValue, archive: "cifar-100-binary.tar.gz", archiveFolder: "cifar-100-binary",
            pythonSigns: ["cifar-100-python", "cifar-100-python.tar.gz", "meta"], train: ["train.bin"],
            test: "test.bin",
            classCounts: [20, 100])
    }

    /// Reads the files.
    ///
    /// - Throws: `DatasetError` if files are missing or damaged.
    func read() throws(DatasetError) -> Split<ImageDataset> {
        let urls = try search.urls()
        let train = try read(urls.dropLast())
        let test = try read(urls.suffix(1))
        return Split(
            name: layout.name, train: train.samples, test: test.samples,
            sizes: .images(train: train.samples, test: test.samples), warnings: train.warnings + test.warnings
        ).map { $0.scaled(.standardized(by: train.samples.images)) }
    }

    var search: FileSearch {
        FileSearch(
            dataset: layout.name, root: root,
            folders: [layout.name, layout.archiveFolder, "\(layout.name)/\(layout.archiveFolder)"],
            files: (layout.train + [layout.test]).map { [$0] }, archives: [layout.archive],
            otherVersion: (layout.pythonSigns, layout.archive))
    }

    func split() throws(DatasetError) -> Split<any Dataset> { try read().erased }

    func check(_ part: Int, at url: URL) throws(DatasetError) -> Bool {
        _ = try records(of: url)
        return true
    }

    private func read(
        _ urls: some Collection<URL>
    ) throws(DatasetError) -> (samples: ImageDataset, warnings: [DatasetWarning]) {
        var parts: [Tensor] = []
        var warnings: [DatasetWarning] = []
        for url in urls {
            let records = try records(of: url)
            warnings += DatasetWarning.aboutImages(images(of: records), in: url.path)
            parts.append(records)
        }
        let records = parts.count == 1 ? parts[0] : Tensor.concatenated(parts, along: 0)
        let labelCount = layout.classCounts.count
        let labels = records.selected(1, labelCount - 1)
        let classCount = layout.classCounts[labelCount - 1]
        // The files of a set have all classes together, one alone need not.
        let path = urls.count == 1 ? urls.first!.path : urls.first!.deletingLastPathComponent().path
        warnings += DatasetWarning.aboutLabels(labels.elements(as: UInt8.self), of: classCount, in: path)
        return (
            ImageDataset(images: images(of: records), labels: labels.to(dtype: .int64), classCount: classCount),
            warnings
        )
    }

    /// The images in records, `[n, 3, 32, 32]`.
    private func images(of records: Tensor) -> Tensor {
        records.narrowed(1, to: layout.classCounts.count..<records.size(1)).reshaped(
            [records.size(0)] + Self.imageShape)
    }

    /// The records of one file, `uint8`, `[n, labels + 3072]`.
    private func records(of url: URL) throws(DatasetError) -> Tensor {
        let path = url.path
        let stream = try ContentStream(path: path)
        let size = layout.classCounts.count + Self.imageShape.reduce(1, *)
        let buffer = try ByteBuffer(readingUpTo: Self.recordLimit * size, from: stream)
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
