import Foundation
import Testing
import Torch

@testable import Datasets

@Suite struct CIFARTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// An image that no other seed gives.
    private static func pixels(_ seed: Int) -> [UInt8] {
        (0..<3072).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 256 &+ 31 &* seed) }
    }

    /// The bytes of a file with one image for each of the given label bytes; the images have the seeds `first`,
    /// `first + 1` and so on.
    private static func content(_ labels: [[UInt8]], first: Int = 0) -> [UInt8] {
        labels.enumerated().flatMap { $1 + pixels(first + $0) }
    }

    /// Files of CIFAR-10: two images in each training file, three in that of the test set.
    private static let cifar10: [String: [UInt8]] = {
        var files = ["test_batch.bin": content([[9], [0], [5]], first: 10)]
        for index in 0..<5 {
            files["data_batch_\(index + 1).bin"] = content([[UInt8(index)], [UInt8(9 - index)]], first: 2 * index)
        }
        return files
    }()

    /// Files of CIFAR-100: three images to train on, two to test with.
    private static let cifar100 = [
        "train.bin": content([[19, 99], [0, 7], [3, 0]]), "test.bin": content([[1, 42], [2, 98]], first: 3),
    ]

    private func write(_ files: [String: [UInt8]], to subfolder: String, compressed: Bool = false) throws {
        for (name, bytes) in files {
            try folder.write(
                compressed ? gzip(bytes) : bytes, to: "\(subfolder)/\(name)" + (compressed ? ".gz" : ""))
        }
    }

    private func read(_ name: DatasetName) throws(DatasetError) -> Split<ImageDataset> {
        try Catalog(folder: folder.url).images(name)
    }

    // MARK: Files as they should be

    @Test(arguments: ["cifar-10", "cifar-10-batches-bin"], [false, true])
    func readsCIFAR10(subfolder: String, compressed: Bool) throws {
        try write(Self.cifar10, to: subfolder, compressed: compressed)
        let split = try read(.cifar10)
        #expect(split.name == "cifar-10")
        #expect(split.train.classCount == 10 && split.test.classCount == 10)
        #expect(split.train.inputShape == [3, 32, 32])
        #expect(split.train.labels.elements() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5] as [Int64])
        #expect(split.test.labels.elements() == [9, 0, 5] as [Int64])
        #expect(split.train.images.shape == [10, 3, 32, 32])
        #expect(split.train.images.elements() == (0..<10).flatMap(Self.pixels))
        #expect(split.test.images.elements() == (10..<13).flatMap(Self.pixels))
    }

    @Test(arguments: ["cifar-100", "cifar-100-binary"], [false, true])
    func readsCIFAR100(subfolder: String, compressed: Bool) throws {
        try write(Self.cifar100, to: subfolder, compressed: compressed)
        let split = try read(.cifar100)
        #expect(split.name == "cifar-100")
        #expect(split.train.classCount == 100 && split.test.classCount == 100)
        #expect(split.train.inputShape == [3, 32, 32])
        #expect(split.train.labels.elements() == [99, 7, 0] as [Int64], "the fine labels")
        #expect(split.test.labels.elements() == [42, 98] as [Int64])
        #expect(split.train.images.elements() == (0..<3).flatMap(Self.pixels))
        #expect(split.test.images.elements() == (3..<5).flatMap(Self.pixels))
    }

    @Test func readsAFolderWithinTheFolder() throws {
        try write(Self.cifar10, to: "cifar-10/cifar-10-batches-bin")
        #expect(try read(.cifar10).train.count == 10)
    }

    @Test func warnsOfAFileOfZeros() throws {
        var files = Self.cifar10
        files["data_batch_2.bin"] = [UInt8](repeating: 0, count: 2 * 3073)
        try write(files, to: "cifar-10")
        let warnings = try read(.cifar10).warnings
        #expect(
            warnings == [
                DatasetWarning(
                    path: folder.url.path + "/cifar-10/data_batch_2.bin", .blankImages(share: 1, lookedAt: 2)),
                DatasetWarning(path: folder.url.path + "/cifar-10", .fewClasses(8, of: 10)),
                DatasetWarning(path: folder.url.path + "/cifar-10/test_batch.bin", .fewClasses(3, of: 10)),
            ])
        #expect(
            warnings[0].description.hasSuffix(
                ": 100 % of 2 images looked at are blank, with one value in all their pixels; check the file"))
    }

    @Test(arguments: [
        ("cifar-10-batches-py/data_batch_1", DatasetName.cifar10, "cifar-10-binary.tar.gz"),
        ("cifar-10/data_batch_1", .cifar10, "cifar-10-binary.tar.gz"),
        ("cifar-100-python/train", .cifar100, "cifar-100-binary.tar.gz"),
        ("cifar-100/cifar-100-python.tar.gz", .cifar100, "cifar-100-binary.tar.gz"),
    ])
    func namesThePythonVersion(path: String, name: DatasetName, archive: String) throws {
        try folder.write([0x80, 0x02], to: path)
        let error = #expect(throws: DatasetError.self) { try read(name) }
        guard case .missingFiles(_, _, _, _, .takeVersion(archive)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func namesWhatTheFileIsInstead() throws {
        // The beginning of a file of the Python version, renamed.
        try expect(.otherFormat(.pickle), reading: [0x80, 0x02, 0x7d, 0x71, 0x01] + [UInt8](repeating: 1, count: 4000))
        try expect(.otherFormat(.webPage), reading: Array("<!DOCTYPE html><html>".utf8), from: "train.bin.gz")
    }

    @Test func theImagesMakeBatches() throws {
        try write(Self.cifar100, to: "cifar-100")
        let train = try read(.cifar100).train.scaled(.unit)
        let batch = train.batch(Tensor([2, 0] as [Int64]))
        #expect(batch.inputs.shape == [2, 3, 32, 32])
        #expect(batch.targets.elements() == [0, 99] as [Int64])
        let expected = (Self.pixels(2) + Self.pixels(0)).map { Float($0) / 255 }
        #expect(batch.inputs.elements() == expected)
    }

    @Test func takesPlainAndCompressedFilesTogether() throws {
        try write(["train.bin": Self.cifar100["train.bin"]!], to: "cifar-100", compressed: true)
        try write(["test.bin": Self.cifar100["test.bin"]!], to: "cifar-100")
        let split = try read(.cifar100)
        #expect(split.train.count == 3 && split.test.count == 2)
    }

    /// Reads the files of CIFAR-10, where there are any.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: Catalog.defaultFolder().path + "/cifar-10/test_batch.bin")))
    func readsTheWholeOfCIFAR10() throws {
        let split = try Catalog().images(.cifar10)
        #expect(split.train.images.shape == [50_000, 3, 32, 32])
        #expect(split.test.images.shape == [10_000, 3, 32, 32])
        #expect(split.warnings == [])
        // There are as many of each class.
        for label in 0..<10 {
            #expect(split.train.labels.equals(Tensor([Int64(label)])).sum().item() == 5000)
            #expect(split.test.labels.equals(Tensor([Int64(label)])).sum().item() == 1000)
        }
    }

    // MARK: Defects

    @Test func namesAllMissingFiles() throws {
        var files = Self.cifar10
        files["data_batch_2.bin"] = nil
        files["test_batch.bin"] = nil
        try write(files, to: "cifar-10-batches-bin")
        let found = folder.url.path + "/cifar-10-batches-bin"
        let error = #expect(throws: DatasetError.self) { try read(.cifar10) }
        #expect(
            error
                == .missingFiles(
                    dataset: "cifar-10", folder: found, files: ["data_batch_2.bin", "test_batch.bin"],
                    found: FolderContents(
                        path: found,
                        names: ["data_batch_1.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"]),
                    remedy: .putOrUnpack(archive: "cifar-10-binary.tar.gz")))
        let message = try #require(error?.description)
        for part in [found, "data_batch_2.bin", "teleport data download cifar-10", "--data"] {
            #expect(message.contains(part), "\(message)")
        }
        // Where there is nothing at all, the folder of the data set's own name is the one to fill.
        #expect(
            throws: DatasetError.missingFiles(
                dataset: "cifar-100", folder: folder.url.path + "/cifar-100", files: ["train.bin", "test.bin"],
                found: FolderContents(path: folder.url.path, names: ["cifar-10-batches-bin/"]),
                remedy: .putOrUnpack(archive: "cifar-100-binary.tar.gz"))
        ) { try read(.cifar100) }
    }

    /// Checks that reading CIFAR-100 with another training file, both as it is and compressed, fails as expected and that
    /// the message names the file.
    private func expect(
        _ defect: FileDefect, reading bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for (name, bytes) in [("train.bin", bytes), ("train.bin.gz", gzip(bytes))] {
            try expect(defect, reading: bytes, from: name, sourceLocation: sourceLocation)
        }
    }

    private func expect(
        _ defect: FileDefect, reading bytes: [UInt8], from name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try write(Self.cifar100, to: "cifar-100")
        let files = FileManager.default
        try files.removeItem(at: folder.url.appendingPathComponent("cifar-100/train.bin"))
        let url = try folder.write(bytes, to: "cifar-100/\(name)")
        defer { try? files.removeItem(at: url) }
        let error = #expect(throws: DatasetError.self, sourceLocation: sourceLocation) { try read(.cifar100) }
        #expect(error == .file(path: url.path, defect), sourceLocation: sourceLocation)
        #expect(error?.description.hasPrefix(url.path + ": ") == true, sourceLocation: sourceLocation)
    }

    private static let train = cifar100["train.bin"]!

    @Test func refusesSizesThatAreNoMultipleOfARecord() throws {
        try expect(.partialRecord(byteCount: 3 * 3074 - 1, recordSize: 3074), reading: Self.train.dropLast())
        try expect(.partialRecord(byteCount: 3 * 3074 + 1, recordSize: 3074), reading: Self.train + [0])
        try expect(.partialRecord(byteCount: 1, recordSize: 3074), reading: [0])
        // The records of CIFAR-10 have another size.
        try expect(.partialRecord(byteCount: 2 * 3073, recordSize: 3074), reading: Self.cifar10["data_batch_1.bin"]!)
    }

    @Test func refusesEmptyFiles() throws {
        try expect(.empty, reading: [])
        try expect(.empty, reading: [], from: "train.bin.gz")
    }

    @Test func refusesLabelsWithoutAClass() throws {
        var bytes = Self.train
        bytes[2 * 3074 + 1] = 100
        try expect(.labelOutOfRange(100, index: 2, classCount: 100), reading: bytes)
        bytes[3074] = 20
        try expect(.labelOutOfRange(20, index: 1, classCount: 20), reading: bytes)

        var files = Self.cifar10
        files["data_batch_3.bin"]![3073] = 10
        try write(files, to: "cifar-10")
        #expect(
            throws: DatasetError.file(
                path: folder.url.path + "/cifar-10/data_batch_3.bin", .labelOutOfRange(10, index: 1, classCount: 10))
        ) { try read(.cifar10) }
    }

    @Test func refusesPlainFilesNamedAsGzipAndTheReverse() throws {
        try expect(.notGzip, reading: Self.train, from: "train.bin.gz")
        try expect(.gzipWithoutSuffix, reading: gzip(Self.train), from: "train.bin")
        // What was compressed twice has the suffix already.
        let once = gzip(Self.train)
        try expect(.compressedTwice, reading: gzip(once), from: "train.bin.gz")
    }

    @Test func refusesDamagedGzipFiles() throws {
        var bytes = gzip(Self.train)
        try expect(.dataAfterGzip, reading: bytes + [1, 2, 3], from: "train.bin.gz")
        bytes[bytes.count - 8] ^= 1
        try expect(.damagedGzip("incorrect data check"), reading: bytes, from: "train.bin.gz")
    }

    @Test func refusesATruncatedGzipFile() throws {
        let bytes = gzip(Self.train)
        for length in stride(from: 1, to: bytes.count, by: 7) {
            try expect(.truncatedGzip(byteCount: length), reading: Array(bytes[..<length]), from: "train.bin.gz")
        }
    }

    @Test func inflatesNoMoreThanAFileCanHave() throws {
        // Nearly two gigabytes of zeros, which are labels and pixels as good as any.
        let block = gzip([UInt8](repeating: 0, count: 1 << 24))
        let bomb = [[UInt8]](repeating: block, count: 110).joined()
        try expect(.tooManyRecords(limit: 50_000), reading: Array(bomb), from: "train.bin.gz")
    }

    @Test func refusesFolders() throws {
        try write(["test.bin": Self.cifar100["test.bin"]!, "train.bin/inside": [1]], to: "cifar-100")
        #expect(
            throws: DatasetError.file(path: folder.url.path + "/cifar-100/train.bin", .notARegularFile)
        ) { try read(.cifar100) }
    }

    @Test func survivesTruncationAnywhere() throws {
        try write(Self.cifar100, to: "cifar-100")
        for length in stride(from: 0, to: Self.train.count, by: 61) where !length.isMultiple(of: 3074) || length == 0 {
            try folder.write(Array(Self.train[..<length]), to: "cifar-100/train.bin")
            #expect(throws: DatasetError.self) { try read(.cifar100) }
        }
    }

    @Test func survivesRandomDamage() throws {
        var random = SplitMix64(seed: 17)
        for (name, original) in [("train.bin", Self.train), ("train.bin.gz", gzip(Self.train))] {
            try write(["test.bin": Self.cifar100["test.bin"]!], to: "cifar-100")
            let url = folder.url.appendingPathComponent("cifar-100/\(name)")
            for _ in 0..<300 {
                var bytes = original
                for _ in 0...random.integer(below: 4) {
                    // Half of the damage goes where labels, or the header of gzip, are.
                    let end = random.integer(below: 2) == 0 ? 16 : bytes.count
                    bytes[random.integer(below: end)] = UInt8(random.integer(below: 256))
                }
                if random.integer(below: 3) == 0 { bytes.removeLast(random.integer(below: bytes.count)) }
                try folder.write(bytes, to: "cifar-100/\(name)")
                do {
                    let split = try read(.cifar100)
                    #expect((1...3).contains(split.train.count))
                    #expect(split.train.labels.elements(as: Int64.self).allSatisfy { (0..<100).contains($0) })
                } catch {
                    guard case .file(path: url.path, _) = error else {
                        Issue.record("an error about another file: \(error)")
                        continue
                    }
                }
            }
            try FileManager.default.removeItem(at: url)
        }
    }
}
