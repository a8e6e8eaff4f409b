import Foundation
import Testing
import Torch

@testable import Datasets

/// Each reader with files that were changed at random: 11,600 of them, each read or refused with one line that names a file
/// of the data set.
@Suite struct FuzzTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Reads changed copies of a file, compressed every second time.
    ///
    /// - Parameters:
    ///   - original: The bytes of the file.
    ///   - name: Where the copies are written.
    ///   - count: How many copies there are.
    ///   - words: What is put in here and there, besides what each kind of file gets.
    ///   - mayBeCompressed: Whether the reader takes compressed files.
    ///   - read: Reads a copy, and checks what comes of it.
    /// - Returns: How many were read.
    @discardableResult
    private func fuzz(
        _ original: [UInt8], as name: String, count: Int, seed: UInt64, words: [String] = [],
        mayBeCompressed: Bool = true,
        read: (URL) throws -> Void
    ) throws -> Int {
        var random = SplitMix64(seed: seed)
        var readCount = 0
        for index in 0..<count {
            let isCompressed = mayBeCompressed && index.isMultiple(of: 2)
            let changed = Self.changed(original, words: words, &random)
            // Half of the changes to a compressed file are to what it stands for.
            let bytes =
                !isCompressed
                ? changed
                : random.integer(below: 2) == 0 ? gzip(changed) : Self.changed(gzip(original), words: words, &random)
            let url = try folder.write(bytes, to: name + (isCompressed ? ".gz" : ""))
            do {
                try read(url)
                readCount += 1
            } catch let error as DatasetError {
                let text = error.description
                #expect(
                    text.contains(folder.url.path) && !text.contains { $0.isNewline } && text.count < 700, "\(text)")
            }
            if mayBeCompressed { try FileManager.default.removeItem(at: url) }
        }
        return readCount
    }

    /// Bytes with one to four changes.
    private static func changed(_ original: [UInt8], words: [String], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = original
        for _ in 0...random.integer(below: 4) {
            guard !bytes.isEmpty else { return bytes }
            // Half of the changes are where headers are.
            let place = random.integer(below: random.integer(below: 2) == 0 ? min(24, bytes.count) : bytes.count)
            let end = min(bytes.count, place + 1 + random.integer(below: 40))
            switch random.integer(below: 8) {
            case 0: bytes[place] ^= 1 << UInt8(random.integer(below: 8))
            case 1: bytes[place] = UInt8(random.integer(below: 256))
            case 2: bytes[place] = [0, 0x7f, 0x80, 0xff][random.integer(below: 4)]
            case 3: bytes.removeSubrange(place..<end)
            case 4: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 5:
                bytes.insert(
                    contentsOf: (words + Self.words)[random.integer(below: words.count + Self.words.count)].utf8,
                    at: place)
            case 6: bytes.removeLast(random.integer(below: bytes.count))
            default: bytes.replaceSubrange(place..<end, with: repeatElement(bytes[place], count: end - place))
            }
        }
        return bytes
    }

    /// What may do harm in any file.
    private static let words = [
        "\u{feff}", "\n", "\r\n", "\r", "\0", "\u{1f}\u{8b}", "\"", "\t", " ", "<html>", "\u{ff}\u{fe}", "é",
        "PK\u{3}\u{4}",
    ]

    @Test func readsOrRefusesIDXFiles() throws {
        let original = idx(shape: [5, 3, 4], (0..<60).map { UInt8($0) })
        let count = try fuzz(original, as: "file", count: 2400, seed: 101) { url in
            let elements = try IDXFile(contentsOf: url, rank: 3).elements
            #expect(elements.rank == 3 && elements.count > 0 && elements.count <= 400)
        }
        #expect((1..<2400).contains(count))
    }

    @Test(arguments: [false, true]) func readsOrRefusesSeries(isDated: Bool) throws {
        let rows = (0..<9).map { row in
            (isDated ? "2016-07-01 \(row):00:00," : "") + "\(row).25, -0.00\(row)1,1\(row)e-2"
        }
        let text = (isDated ? "date,a,b,c\n" : "") + rows.joined(separator: "\n") + "\n"
        let words = [
            ",", ",,", ";", "-", "1e999", "nan", "date,", "2016-07-01,", "0,1,2\n", "\n\n", "99999999999999999999", "e",
            ".",
        ]
        let count = try fuzz(Array(text.utf8), as: "series", count: 1600, seed: 103, words: words) { url in
            let file = try SeriesFile(contentsOf: url, columnCount: url.pathExtension == "gz" ? 3 : nil)
            #expect(file.values.rank == 2 && file.values.count > 0 && file.values.isAllFinite())
            #expect(file.warnings.allSatisfy { !$0.description.contains { $0.isNewline } })
        }
        #expect((1..<1600).contains(count))
    }

    @Test func readsOrRefusesTexts() throws {
        let text = Array("the café is\n <unk> closed \r\n\nthe end\n".utf8)
        let known = Vocabulary(["the", "end"])
        let count = try fuzz(text, as: "text", count: 1600, seed: 107, words: ["<eos>", "\u{7f}"]) { url in
            let file = try TextFile(contentsOf: url, vocabulary: url.pathExtension == "gz" ? known : nil)
            let indices = 0..<Int64(file.vocabulary.count)
            #expect(file.tokens.elements(as: Int64.self).allSatisfy { indices.contains($0) })
            #expect((0...1).contains(file.unknownShare))
        }
        #expect((1..<1600).contains(count))
    }

    @Test func readsOrRefusesCIFAR() throws {
        let pixels = (0..<3072).map { UInt8(truncatingIfNeeded: $0) }
        let original: [UInt8] = [5, 9] + pixels + [0, 99] + pixels
        try folder.write(original, to: "cifar-100/test.bin")
        let count = try fuzz(original, as: "cifar-100/train.bin", count: 800, seed: 109) { _ in
            let train = try Catalog(folder: folder.url).images(.cifar100).train
            #expect(train.count <= 3 && train.labels.elements(as: Int64.self).allSatisfy { (0..<100).contains($0) })
        }
        #expect((1..<800).contains(count))
    }

    @Test func readsOrRefusesLabelsOfMNIST() throws {
        for prefix in ["train", "t10k"] {
            try folder.write(idx(shape: [12, 3, 3], [UInt8](0..<108)), to: "mnist/\(prefix)-images-idx3-ubyte")
            try folder.write(
                idx(shape: [12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]), to: "mnist/\(prefix)-labels-idx1-ubyte")
        }
        try FileManager.default.removeItem(at: folder.url.appendingPathComponent("mnist/train-labels-idx1-ubyte"))
        let labels = idx(shape: [12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
        let count = try fuzz(labels, as: "mnist/train-labels-idx1-ubyte", count: 1200, seed: 113) { _ in
            let train = try Catalog(folder: folder.url).images(.mnist).train
            #expect(train.labels.elements(as: Int64.self).allSatisfy { (0..<10).contains($0) })
        }
        #expect((1..<1200).contains(count))
    }

    @Test func readsOrRefusesImages() throws {
        let planes = UnsafeMutableRawBufferPointer.allocate(byteCount: 3 * 120, alignment: 16)
        defer { planes.deallocate() }
        let size = JPEGDecoder.Size(height: 10, width: 12)
        let count = try fuzz(PillowImage.file, as: "image", count: 1600, seed: 127, mayBeCompressed: false) { url in
            try JPEGDecoder().decode(path: url.path, size: size, as: url.path, into: planes)
        }
        #expect((1..<1600).contains(count))
    }

    @Test func readsOrRefusesListsAndDecodedImages() throws {
        let image = jpeg(red: 1, green: 200, blue: 9)
        let path = "tiny-imagenet/"
        let lists: [(name: String, text: String, words: [String])] = [
            ("wnids.txt", "n02\nn01\n", ["..", "/", "n02\n"]),
            (
                "val/val_annotations.txt", "v1.JPEG\tn01\t0\t0\t6\t6\nv0.JPEG\tn02\t0\t0\t6\t6\n",
                ["../", "n03", "\t\t", "v1.JPEG", "n02\t"]
            ),
        ]
        for list in lists { try folder.write(Array(list.text.utf8), to: path + list.name) }
        for name in ["train/n01/images/a.JPEG", "train/n02/images/b.JPEG", "val/images/v0.JPEG", "val/images/v1.JPEG"] {
            try folder.write(image, to: path + name)
        }
        func read(_ url: URL) throws {
            let split = try TinyImageNetFolder(root: folder.url).read()
            #expect(split.train.images.shape == [split.train.count, 3, 8, 8])
            #expect(
                split.test.labels.elements(as: Int64.self).allSatisfy {
                    (0..<Int64(split.test.classCount)).contains($0)
                })
        }
        for list in lists {
            let bytes = Array(list.text.utf8)
            let count = try fuzz(
                bytes, as: path + list.name, count: 400, seed: 131, words: list.words, mayBeCompressed: false,
                read: read)
            #expect((1..<400).contains(count))
            try folder.write(bytes, to: path + list.name)
        }
        // A file of decoded images is made anew where anything in it is not as it was.
        let expected = try TinyImageNetFolder(root: folder.url).read().train.images.elements(as: UInt8.self)
        let decoded = path + "decoded-train.uint8"
        let bytes = [UInt8](try Data(contentsOf: folder.url.appendingPathComponent(decoded)))
        let count = try fuzz(bytes, as: decoded, count: 400, seed: 137, mayBeCompressed: false) { _ in
            let images = try TinyImageNetFolder(root: folder.url).read().train.images
            #expect(images.elements() == expected)
        }
        #expect(count == 400)
    }
}
