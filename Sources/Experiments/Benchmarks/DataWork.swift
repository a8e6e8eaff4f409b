import CZlib
import Datasets
import Foundation
import Reporting
import Torch

/// Reading data sets from files that are like the real ones but generated, and gathering a batch.
struct DataWork {
    /// The training images of MNIST.
    var imageCount = 10_000
    /// The images in each file of CIFAR-10.
    var recordCount = 2_000
    /// The rows of the electricity data.
    var rowCount = 5_000
    /// The words to train on in Penn Treebank.
    var wordCount = 900_000

    private static let cifarFiles = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]
    private static let cifarRecordSize = 3073
    private static let batchSize = 32

    /// Writes the files and measures; the files are removed in the end.
    ///
    /// - Parameters:
    ///   - repetitions: How many times each piece of work is measured.
    ///   - parent: Where a folder for the files is made.
    ///   - report: Receives each measurement as it is made.
    /// - Throws: what Foundation throws if the files cannot be written, and `DatasetError` if they cannot be read.
    func measure(
        repetitions: Int, in parent: URL = FileManager.default.temporaryDirectory, report: (BenchmarkResult) -> Void
    ) throws {
        let folder = parent.appendingPathComponent("teleport-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let catalog = Catalog(folder: folder)
        let generator = Generator(seed: 0)
        let sets: [(name: DatasetName, write: (URL, Generator) throws -> Int)] = [
            (.mnist, writeMNIST), (.cifar10, writeCIFAR10), (.electricity, writeElectricity),
            (.pennTreebank, writePennTreebank),
        ]
        for (name, write) in sets {
            let bytes = try write(folder, generator)
            report(
                try BenchmarkResult(timeOf: "data/\(name.rawValue)", repetitions: repetitions, bytes: bytes) {
                    _ = try catalog.dataset(name)
                })
        }
        let images = try catalog.dataset(.cifar10).train
        let indices = Tensor.integers([Self.batchSize], in: 0..<images.count, using: generator)
        report(
            BenchmarkResult(
                timeOf: "data/batch-cifar", repetitions: repetitions, count: 50,
                bytes: Self.batchSize * images.inputShape.reduce(1, *)
            ) {
                _ = images.batch(indices)
            })
    }

    // MARK: Files

    // Each function writes the files of a data set and returns the number of bytes that they hold, uncompressed.

    private func writeMNIST(_ folder: URL, _ generator: Generator) throws -> Int {
        let digits = SyntheticDigits(trainCount: imageCount, testCount: imageCount / 10 + 1).split()
        var bytes = 0
        for (prefix, part) in [("train", digits.train), ("t10k", digits.test)] {
            let shape = [part.count] + part.inputShape.dropFirst()
            for (name, elements) in [
                ("images-idx3", Self.idx(shape: shape, part.images)),
                ("labels-idx1", Self.idx(shape: [part.count], part.labels.to(dtype: .uint8))),
            ] {
                try Self.write(elements, to: folder.appendingPathComponent("mnist/\(prefix)-\(name)-ubyte.gz"))
                bytes += elements.count
            }
        }
        return bytes
    }

    private static func idx(shape: [Int], _ elements: Tensor) -> [UInt8] {
        let extents = shape.flatMap { extent in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: extent >> $0) } }
        return [0, 0, 8, UInt8(shape.count)] + extents + elements.elements(as: UInt8.self)
    }

    private func writeCIFAR10(_ folder: URL, _ generator: Generator) throws -> Int {
        for name in Self.cifarFiles {
            let labels = Tensor.integers([recordCount, 1], in: 0..<10, using: generator)
            let pixels = Tensor.integers([recordCount, Self.cifarRecordSize - 1], in: 0..<256, using: generator)
            let records = Tensor.concatenated([labels, pixels], along: 1).to(dtype: .uint8)
            try Self.write(records.elements(as: UInt8.self), to: folder.appendingPathComponent("cifar-10/\(name)"))
        }
        return Self.cifarFiles.count * recordCount * Self.cifarRecordSize
    }

    private func writeElectricity(_ folder: URL, _ generator: Generator) throws -> Int {
        let columnCount = 321
        let values = Tensor.integers([rowCount * columnCount], in: 0..<10_000, using: generator)
        var text: [UInt8] = []
        for (index, value) in values.elements(as: Int64.self).enumerated() {
            text += "\(value)".utf8
            text.append(UInt8(ascii: (index + 1).isMultiple(of: columnCount) ? "\n" : ","))
        }
        try Self.write(text, to: folder.appendingPathComponent("electricity/electricity.txt"))
        return text.count
    }

    private func writePennTreebank(_ folder: URL, _ generator: Generator) throws -> Int {
        var bytes = 0
        for (name, count) in [("train", wordCount), ("test", wordCount / 10 + 1)] {
            // As the law of Zipf has it, the word of rank r is about as frequent as 1 / r.
            let ranks = (Tensor.uniform([count], using: generator) * log(10_000)).exponential().doubles()
            var text: [UInt8] = []
            for (index, rank) in ranks.enumerated() {
                // Squared, so that the words have about as many letters as in English; the frequent ones are the short ones.
                text += String(Int(rank) * Int(rank), radix: 26).utf8
                text.append(UInt8(ascii: (index + 1).isMultiple(of: 21) ? "\n" : " "))
            }
            try Self.write(text, to: folder.appendingPathComponent("ptb/ptb.\(name).txt"))
            bytes += text.count
        }
        return bytes
    }

    /// Writes a file, compressed if its name ends in `.gz`, and makes its folder.
    private static func write(_ bytes: [UInt8], to url: URL) throws {
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        guard url.pathExtension == "gz" else { return try Data(bytes).write(to: url) }
        let file = gzopen(url.path, "wb")
        let written = file.map { gzwrite($0, bytes, UInt32(bytes.count)) }
        guard let file, gzclose(file) == Z_OK, written == Int32(bytes.count) else {
            throw ReportError.unwritable(path: url.path, reason: String(cString: strerror(errno)))
        }
    }
}
