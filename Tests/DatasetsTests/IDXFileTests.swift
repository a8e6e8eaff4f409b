import Foundation
import Testing
import Torch

@testable import Datasets

@Suite struct IDXFileTests {
    let folder: TemporaryFolder
    let shape = [5, 3, 4]
    let body = (0..<60).map { UInt8($0 * 4) }
    var content: [UInt8] { idx(shape: shape, body) }

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: ["plain", "compressed.gz"])
    func readsShapeAndElements(name: String) throws {
        let url = try folder.write(name.hasSuffix("gz") ? gzip(content) : content, to: name)
        let file = try IDXFile(contentsOf: url, rank: 3)
        #expect(file.elements.shape == shape)
        #expect(file.elements.elements() == body)
        #expect(file.url == url)
    }

    @Test func readsMoreThanOneBlockOfTheBuffer() throws {
        var random = SplitMix64(seed: 3)
        // 2.5 MB that do not compress, so that the input comes in many pieces, too.
        let body = (0..<2_500_000 / 8).flatMap { _ in withUnsafeBytes(of: random.next(), Array.init) }
        let content = idx(shape: [body.count], body)
        for (name, bytes) in [("plain", content), ("compressed.gz", gzip(content))] {
            let file = try IDXFile(contentsOf: folder.write(bytes, to: name), rank: 1)
            #expect(file.elements.elements() == body)
        }
    }

    @Test func readsGzipFilesOfSeveralMembers() throws {
        let bytes = gzip(Array(content[..<9])) + gzip(Array(content[9...]))
        #expect(try IDXFile(contentsOf: folder.write(bytes, to: "members.gz"), rank: 3).elements.elements() == body)
    }

    // MARK: Defects

    /// Checks that reading the bytes, both as they are and compressed, fails as expected and that the message names
    /// the file.
    private func expect(
        _ defect: FileDefect, reading bytes: [UInt8], rank: Int = 3, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for (name, bytes) in [("plain", bytes), ("compressed.gz", gzip(bytes))] {
            try expect(defect, reading: bytes, from: name, rank: rank, sourceLocation: sourceLocation)
        }
    }

    private func expect(
        _ defect: FileDefect, reading bytes: [UInt8], from name: String, rank: Int = 3,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let url = try folder.write(bytes, to: name)
        let error = #expect(throws: DatasetError.self, sourceLocation: sourceLocation) {
            try IDXFile(contentsOf: url, rank: rank)
        }
        #expect(error == .file(path: url.path, defect), sourceLocation: sourceLocation)
        #expect(error?.description.hasPrefix(url.path + ": ") == true, sourceLocation: sourceLocation)
    }

    @Test func refusesATruncatedHeader() throws {
        try expect(.truncatedHeader(byteCount: 2, expected: 16), reading: Array(content[..<2]))
        try expect(.truncatedHeader(byteCount: 15, expected: 16), reading: Array(content[..<15]))
        try expect(.truncatedHeader(byteCount: 7, expected: 8), reading: [0, 0, 8, 1, 0, 0, 0], rank: 1)
    }

    @Test func refusesATruncatedBody() throws {
        try expect(.truncatedBody(byteCount: 59, shape: shape), reading: content.dropLast())
        try expect(.truncatedBody(byteCount: 0, shape: shape), reading: Array(content[..<16]))
    }

    @Test func refusesTrailingData() throws {
        try expect(.trailingData(shape: shape), reading: content + [0])
    }

    @Test func refusesWrongMagic() throws {
        var bytes = content
        bytes[1] = 3
        try expect(.wrongMagic(0, 3), reading: bytes)
        try expect(.wrongMagic(60, 104), reading: Array("<hello>".utf8))
    }

    @Test func refusesOtherElementTypes() throws {
        var bytes = content
        bytes[2] = 13
        try expect(.wrongElementType(13), reading: bytes)
    }

    @Test func refusesOtherRanks() throws {
        try expect(.wrongRank(3, expected: 1), reading: content, rank: 1)
        try expect(.wrongRank(1, expected: 3), reading: idx(shape: [60], body))
    }

    @Test func refusesHeadersThatAnnounceNothing() throws {
        try expect(.noElements(shape: [0, 28, 28]), reading: idx(shape: [0, 28, 28], []))
    }

    @Test func refusesHeadersThatAnnounceTerabytes() throws {
        let terabytes = [100_000, 10_000, 10_000]
        let bytes = idx(shape: terabytes, body)
        try expect(.truncatedBody(byteCount: 60, shape: terabytes), reading: bytes, from: "plain")
        try expect(.inflatesTooFar(shape: terabytes, byteLimit: 1 << 27), reading: gzip(bytes), from: "compressed.gz")
        let overflowing = [0xffff_ffff, 0xffff_ffff, 0xffff_ffff]
        try expect(.tooManyElements(shape: overflowing), reading: idx(shape: overflowing, body))
    }

    @Test func refusesEmptyFiles() throws {
        try expect(.empty, reading: [], from: "plain")
        try expect(.empty, reading: [], from: "compressed.gz")
        // What is compressed may be empty, too.
        try expect(.truncatedHeader(byteCount: 0, expected: 16), reading: gzip([]), from: "nothing.gz")
    }

    @Test func refusesPlainFilesNamedAsGzipAndTheReverse() throws {
        try expect(.notGzip, reading: content, from: "plain.gz")
        try expect(.gzipWithoutSuffix, reading: gzip(content), from: "compressed")
    }

    @Test func inflatesNoMoreThanALimit() throws {
        // What a gzip file in the clothes of IDX stands for may be a thousand times as much.
        let url = try folder.write(gzip(content), to: "limited.gz")
        #expect(throws: DatasetError.file(path: url.path, .inflatesTooFar(shape: shape, byteLimit: 59))) {
            try IDXFile(contentsOf: url, rank: 3, inflatedLimit: 59)
        }
        #expect(try IDXFile(contentsOf: url, rank: 3, inflatedLimit: 60).elements.count == 60)
        // A file that is not compressed has what it has.
        let plain = try folder.write(content, to: "limited")
        #expect(try IDXFile(contentsOf: plain, rank: 3, inflatedLimit: 59).elements.count == 60)
    }

    @Test func refusesWhatIsCompressedTwice() throws {
        try expect(.compressedTwice, reading: gzip(gzip(content)), from: "twice.gz")
        #expect(
            FileDefect.compressedTwice.description
                == "compressed by gzip twice; decompress it once with gunzip, and add the suffix .gz again")
    }

    @Test func refusesATruncatedGzipFile() throws {
        let bytes = gzip(content)
        for length in 1..<bytes.count {
            try expect(.truncatedGzip(byteCount: length), reading: Array(bytes[..<length]), from: "cut.gz")
        }
    }

    @Test func refusesAGzipFileWithAWrongChecksum() throws {
        var bytes = gzip(content)
        bytes[bytes.count - 8] ^= 1
        try expect(.damagedGzip("incorrect data check"), reading: bytes, from: "checksum.gz")
        bytes[bytes.count - 8] ^= 1
        bytes[bytes.count - 4] ^= 1
        try expect(.damagedGzip("incorrect length check"), reading: bytes, from: "length.gz")
    }

    @Test func refusesBytesAfterAGzipStream() throws {
        try expect(.dataAfterGzip, reading: gzip(content) + [1, 2, 3], from: "more.gz")
    }

    @Test func inflatesNoMoreThanIsAnnounced() throws {
        // A gigabyte of zeros in a megabyte. Were all of it inflated, this test would take seconds.
        let block = gzip([UInt8](repeating: 0, count: 1 << 24))
        let bomb = gzip(content) + [[UInt8]](repeating: block, count: 64).joined()
        let duration = try ContinuousClock().measure {
            try expect(.trailingData(shape: shape), reading: bomb, from: "bomb.gz")
        }
        #expect(duration < .seconds(0.5))
    }

    @Test func refusesMissingFilesAndFolders() throws {
        let missing = folder.url.appendingPathComponent("missing")
        #expect(throws: DatasetError.file(path: missing.path, .missing)) {
            try IDXFile(contentsOf: missing, rank: 1)
        }
        #expect(throws: DatasetError.file(path: folder.url.path, .notARegularFile)) {
            try IDXFile(contentsOf: folder.url, rank: 1)
        }
    }

    @Test func refusesNamedPipesWithoutWaiting() throws {
        let pipe = folder.url.appendingPathComponent("pipe")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        #expect(throws: DatasetError.file(path: pipe.path, .notARegularFile)) { try IDXFile(contentsOf: pipe, rank: 1) }
    }

    @Test func survivesRandomDamage() throws {
        var random = SplitMix64(seed: 11)
        for (name, original) in [("plain", content), ("compressed.gz", gzip(content))] {
            for _ in 0..<600 {
                var bytes = original
                for _ in 0...random.integer(below: 4) {
                    bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
                }
                if random.integer(below: 3) == 0 { bytes.removeLast(random.integer(below: bytes.count)) }
                let url = try folder.write(bytes, to: name)
                do {
                    let file = try IDXFile(contentsOf: url, rank: 3)
                    // Only the elements, or the order of the extents, can have changed unnoticed.
                    #expect(file.elements.count == body.count)
                } catch {
                    guard case .file(path: url.path, _) = error else {
                        Issue.record("an error about another file: \(error)")
                        continue
                    }
                }
            }
        }
    }

    @Test func survivesTruncationAnywhere() throws {
        for length in 0..<content.count {
            let url = try folder.write(Array(content[..<length]), to: "cut")
            #expect(throws: DatasetError.self) { try IDXFile(contentsOf: url, rank: 3) }
        }
    }
}
