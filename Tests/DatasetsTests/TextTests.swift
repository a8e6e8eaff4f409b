import Foundation
import NeuralNetworks
import Testing
import Torch

@testable import Datasets

@Suite struct VocabularyTests {
    @Test func numbersWordsInTheOrderOfTheirFirstAppearance() {
        let vocabulary = Vocabulary(["the", "cat", "the", "Katze", "", "cat", "naïve"])
        #expect(vocabulary.words == ["the", "cat", "Katze", "", "naïve"])
        #expect(vocabulary.count == 5)
        #expect(vocabulary.index(of: "cat") == 1)
        #expect(vocabulary.index(of: "") == 3)
        #expect(vocabulary.index(of: "naïve") == 4)
        #expect(vocabulary.index(of: "dog") == nil)
        #expect(vocabulary[2] == "Katze")
    }

    @Test func tellsWordsApartBeyondTheirFirstBytes() {
        let words = (0...40).flatMap { length in
            let word = String(repeating: "a", count: length)
            return [word, word + "b", word + "\0", word + "\0\0", "b" + word]
        }
        let vocabulary = Vocabulary(words)
        var seen: Set<String> = []
        #expect(vocabulary.words == words.filter { seen.insert($0).inserted })
        #expect(vocabulary.words.enumerated().allSatisfy { vocabulary.index(of: $1) == $0 })
    }

    @Test func isAValue() {
        let first = Vocabulary(["a"])
        var second = first
        #expect(second.insert("b") == 1 && second.insert("a") == 0)
        #expect(first.count == 1 && first.index(of: "b") == nil)
        #expect(Vocabulary().count == 0 && Vocabulary().index(of: "a") == nil)
    }

    @Test func agreesWithADictionary() {
        var random = SplitMix64(seed: 43)
        var vocabulary = Vocabulary()
        var indices: [String: Int] = [:]
        for _ in 0..<20_000 {
            let word = String(random.integer(below: 1 << (1 + random.integer(below: 14))), radix: 7)
            let expected = indices[word] ?? indices.count
            indices[word] = expected
            #expect(vocabulary.insert(word) == expected)
        }
        #expect(vocabulary.count == indices.count)
        #expect(indices.allSatisfy { vocabulary.index(of: $0.key) == $0.value && vocabulary[$0.value] == $0.key })
        #expect((0..<1000).allSatisfy { vocabulary.index(of: "x\($0)") == nil })
    }
}

@Suite struct WordBytesTests {
    @Test func findsTheWordsOfALine() {
        var random = SplitMix64(seed: 67)
        for length in 0..<400 {
            // Letters, blanks, tabs, and characters of more bytes than one.
            let choices = Array("aaaabcdefgh   \téß語".unicodeScalars)
            let line = String(
                String.UnicodeScalarView((0..<length).map { _ in choices[random.integer(below: choices.count)] }))
            var found: [String] = []
            var areHashesEqual = true
            Array(line.utf8).withUnsafeBufferPointer { bytes in
                WordBytes.forEach(in: bytes) { word in
                    found.append(String(decoding: word.bytes, as: UTF8.self))
                    let other = WordBytes(word.bytes)
                    areHashesEqual = areHashesEqual && (other.head, other.hash) == (word.head, word.hash)
                }
            }
            #expect(found == line.split { " \t".contains($0) }.map(String.init))
            #expect(areHashesEqual)
        }
    }

    @Test func hashesAllBytes() {
        // Words that differ in one byte, wherever it is.
        var hashes: Set<UInt32> = []
        for length in 1...40 {
            for position in 0..<length {
                var word = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                word[position] = UInt8(ascii: "b")
                word.withUnsafeBufferPointer { _ = hashes.insert(WordBytes($0).hash) }
            }
        }
        // That two of 820 have the same of 2^32 hashes is very rare.
        #expect(hashes.count >= 815)
    }
}

@Suite struct TextDatasetTests {
    private let vocabulary = Vocabulary((0..<12).map { "\($0)" })

    private func samples(_ tokenCount: Int) -> TextDataset {
        TextDataset(Tensor((0..<tokenCount).map(Int64.init)), vocabulary: vocabulary, length: 3)
    }

    @Test func cutsATextIntoPieces() {
        #expect((1...8).map { self.samples($0).count } == [0, 0, 0, 1, 1, 1, 2, 2])
        let samples = self.samples(11)
        #expect(samples.count == 3)
        #expect(samples.inputShape == [3])
        #expect(samples.task == .languageModelling(vocabulary: 12))
        let batch = samples.batch(Tensor([2, 0] as [Int64]))
        #expect(batch.inputs.shape == [2, 3] && batch.targets.shape == [2, 3])
        #expect(batch.inputs.elements() == [6, 7, 8, 0, 1, 2] as [Int64])
        #expect(batch.targets.elements() == [7, 8, 9, 1, 2, 3] as [Int64])
        #expect(TextDataset(Tensor.range(600), vocabulary: vocabulary).inputShape == [256])
    }

    @Test func takesPrefixesOfOneStorage() {
        let samples = self.samples(12)
        let prefix = samples.prefix(2)
        #expect(prefix.count == 2)
        #expect(prefix.tokens.sharesStorage(with: samples.tokens))
        #expect(prefix.batch(Tensor.range(2)).targets.elements() == (1...6).map(Int64.init))
        #expect(samples.prefix(9).count == 3)
        #expect(samples.prefix(0).count == 0)
        #expect(samples.prefix(0).batch(Tensor.range(0)).inputs.shape == [0, 3])
    }

    @Test func keepsItsTokensInEachFloatingPointType() {
        let batch = samples(7).to(dtype: .float64).to(device: .cpu).batch(Tensor.range(1))
        #expect(batch.inputs.dtype == .int64 && batch.targets.dtype == .int64)
    }
}

@Suite struct PennTreebankTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read() throws -> Split<TextDataset> {
        try Catalog(folder: folder.url).dataset(.pennTreebank).map { $0 as! TextDataset }
    }

    private func write(_ text: String, to name: String = "text.txt") throws -> URL {
        try folder.write(Array(text.utf8), to: name)
    }

    /// Enough words for one sample.
    private static let filler = String(repeating: "a b\n", count: 90)

    // MARK: Files

    @Test(arguments: [
        " the cat <unk> \n the dog \n", " the cat <unk> \r\n the dog \r\n", "the cat <unk>\nthe dog",
        "the  cat\t<unk> \r\nthe dog",
    ])
    func readsWords(text: String) throws {
        let file = try TextFile(contentsOf: write(text))
        #expect(file.vocabulary.words == ["the", "cat", "<unk>", "<eos>", "dog"])
        #expect(file.tokens.elements() == [0, 1, 2, 3, 0, 4, 3] as [Int64])
    }

    @Test func passesOverByteOrderMarks() throws {
        // Two files put together, each with a mark.
        let file = try TextFile(contentsOf: write("\u{feff}the cat\n\u{feff}the dog\u{feff}\n"))
        #expect(file.vocabulary.words == ["the", "cat", "<eos>", "dog\u{feff}", "<unk>"])
        #expect(try TextFile(contentsOf: write("\u{feff}\na\n")).tokens.elements() == [0, 1, 0] as [Int64])
    }

    @Test func namesUTF16() throws {
        for order in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
            try expect(.utf16, reading: [UInt8]("\u{feff}the cat\n".data(using: order)!))
            try expect(.utf16, reading: [UInt8]("the cat\n".data(using: order)!))
        }
    }

    @Test func readsNoMoreWordsThanALimit() throws {
        let url = try folder.write(gzip(Array(String(repeating: "a a a\n", count: 1 << 16).utf8)), to: "bomb.txt.gz")
        #expect(throws: DatasetError.file(path: url.path, .tooManyWords(limit: 100_000))) {
            try TextFile(contentsOf: url, tokenLimit: 100_000)
        }
        #expect(try TextFile(contentsOf: url).tokens.count == 1 << 18)
        _ = try write(Self.filler, to: "ptb/ptb.train.txt")
        let test = try write(Self.filler + Self.filler, to: "ptb/ptb.test.txt")
        #expect(throws: DatasetError.file(path: test.path, .tooManyWords(limit: 300))) {
            try PennTreebankFolder(name: "penn-treebank", root: folder.url, tokenLimit: 300).read()
        }
    }

    @Test func warnsOfTextsThatDoNotBelongTogether() throws {
        let train = try write(Self.filler, to: "ptb/ptb.train.txt")
        let test = try write(String(repeating: "c d e a\n", count: 90), to: "ptb/ptb.test.txt")
        // Three of the four words in each line, whose end is a word, too.
        #expect(try read().warnings == [DatasetWarning(path: test.path, .unknownWords(share: 0.6))])
        _ = try write(Self.filler, to: "ptb/ptb.test.txt")
        #expect(try read().warnings == [])
        _ = try write(String(repeating: "b\n", count: 180), to: "ptb/ptb.train.txt")
        #expect(try read().warnings == [DatasetWarning(path: train.path, .oneWord)])
    }

    @Test func addsTheSpecialWordsWhereTheyLack() throws {
        let file = try TextFile(contentsOf: write("a b\nc\n"))
        #expect(file.vocabulary.words == ["a", "b", "<eos>", "c", "<unk>"])
        let other = try TextFile(contentsOf: write("b x\n"), vocabulary: Vocabulary(["a", "b"]))
        #expect(other.vocabulary.words == ["a", "b", "<unk>", "<eos>"])
        #expect(other.tokens.elements() == [1, 2, 3] as [Int64])
    }

    @Test func endsEmptyLines() throws {
        let file = try TextFile(contentsOf: write("\n \na\n\n"))
        #expect(file.tokens.elements() == [0, 0, 1, 0, 0] as [Int64])
    }

    @Test func makesNewWordsOfATestUnknown() throws {
        let vocabulary = try TextFile(contentsOf: write("the cat <unk>\n")).vocabulary
        let test = try TextFile(contentsOf: write("cat dog the dogs\nca\n"), vocabulary: vocabulary)
        #expect(test.vocabulary.words == vocabulary.words)
        #expect(test.tokens.elements() == [1, 2, 0, 2, 3, 2, 3] as [Int64])
    }

    @Test func readsTextsLargerThanTheBuffer() throws {
        var random = SplitMix64(seed: 47)
        let lines = (0..<20_000).map { _ in
            (0..<10).map { _ in ["wörd", "x"][random.integer(below: 2)] + "\(random.integer(below: 5000))" }
        }
        let text = Array(lines.map { " " + $0.joined(separator: " ") + " \n" }.joined().utf8)
        #expect(text.count > 1 << 20)
        let expected = lines.flatMap { $0 + ["<eos>"] }
        for (name, bytes) in [("text.txt", text), ("text.txt.gz", gzip(text))] {
            let file = try TextFile(contentsOf: folder.write(bytes, to: name))
            let words = file.vocabulary.words
            #expect(file.tokens.elements(as: Int64.self).map { words[Int($0)] } == expected)
        }
    }

    @Test(arguments: ["", ".gz"]) func readsTheTwoFiles(suffix: String) throws {
        for (name, text) in [("train", Self.filler + "c\n"), ("test", "c d\n" + Self.filler)] {
            let bytes = Array(text.utf8)
            try folder.write(suffix.isEmpty ? bytes : gzip(bytes), to: "ptb/ptb.\(name).txt\(suffix)")
        }
        // Nobody reads this one.
        try folder.write([0, 1, 2], to: "ptb/ptb.valid.txt")
        let split = try read()
        #expect(split.name == "penn-treebank")
        #expect(split.train.vocabulary.words == ["a", "b", "<eos>", "c", "<unk>"])
        #expect(split.train.task == .languageModelling(vocabulary: 5) && split.test.task == split.train.task)
        #expect(split.train.count == 1 && split.test.count == 1)
        let batch = split.test.batch(Tensor.range(1))
        #expect(batch.inputs.shape == [1, 256])
        #expect(batch.inputs.elements(as: Int64.self).prefix(5) == [3, 4, 2, 0, 1])
        #expect(batch.targets.elements(as: Int64.self).prefix(4) == [4, 2, 0, 1])
    }

    /// Reads the files of Penn Treebank, where there are any; the validation text takes the place of the training text.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: Catalog.defaultFolder().path + "/ptb/ptb.valid.txt")))
    func readsTheRealFiles() throws {
        let source = Catalog.defaultFolder().appendingPathComponent("ptb")
        let target = folder.url.appendingPathComponent("ptb")
        try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        for (from, to) in [("valid", "train"), ("test", "test")] {
            try FileManager.default.copyItem(
                at: source.appendingPathComponent("ptb.\(from).txt"),
                to: target.appendingPathComponent("ptb.\(to).txt"))
        }
        let split = try read()
        // Found by splitting the texts in Python.
        #expect(split.train.tokens.count == 73_760)
        #expect(split.test.tokens.count == 82_430)
        #expect(split.train.vocabulary.count == 6_022)
        #expect(
            split.sizes == [.trainingWords: 73_760, .testWords: 82_430, .vocabulary: 6_022] && split.warnings == [])
        #expect(split.train.vocabulary.words.prefix(3) == ["consumers", "may", "want"])
        let unknown = try #require(split.train.vocabulary.index(of: "<unk>"))
        #expect(unknown == 14)
        #expect(split.test.tokens.equals(Tensor([Int64(unknown)])).sum().item() == 8_162)
    }

    // MARK: Defects

    private func expect(
        _ defect: FileDefect, reading bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for (name, bytes) in [("text.txt", bytes), ("text.txt.gz", gzip(bytes))] {
            let url = try folder.write(bytes, to: name)
            let error = #expect(throws: DatasetError.self, sourceLocation: sourceLocation) {
                try TextFile(contentsOf: url)
            }
            #expect(error == .file(path: url.path, defect), sourceLocation: sourceLocation)
            #expect(error?.description.hasPrefix(url.path + ": ") == true, sourceLocation: sourceLocation)
        }
    }

    @Test func refusesControlCharacters() throws {
        try expect(.controlCharacter(0, line: 2), reading: Array("a\nb\0c\n".utf8))
        try expect(.controlCharacter(0x1b, line: 1), reading: Array("a \u{1b}[1m\n".utf8))
        try expect(.controlCharacter(0x0d, line: 1), reading: Array("a\rb\n".utf8))
        try expect(.controlCharacter(0x7f, line: 1), reading: Array("\u{7f}".utf8))
    }

    /// Each control character, wherever in a line it is.
    @Test func refusesEachControlCharacterAnywhere() throws {
        for position in [0, 31, 98] {
            for byte in UInt8.min...0x7f {
                var line = [UInt8](repeating: UInt8(ascii: "a"), count: 100)
                line[position] = byte
                let url = try folder.write(line + [0x0a], to: "text.txt")
                if byte == 0x0a { continue }
                if byte == 0x09 || (0x20...0x7e).contains(byte) {
                    let isBlank = byte == 0x09 || byte == 0x20
                    let words = isBlank && position > 0 ? 2 : 1
                    #expect(try TextFile(contentsOf: url).tokens.count == words + 1)
                } else {
                    #expect(throws: DatasetError.file(path: url.path, .controlCharacter(byte, line: 1))) {
                        try TextFile(contentsOf: url)
                    }
                }
            }
        }
    }

    @Test func readsLinesLongerThanWhatIsReadAtOnce() throws {
        var random = SplitMix64(seed: 71)
        let lines = (0..<12).map { _ in
            [UInt8](repeating: UInt8(ascii: "a"), count: random.integer(below: 1 << 19))
        }
        let text = Array(lines.joined(separator: [0x0a]))
        for (name, bytes) in [("text.txt", text), ("text.txt.gz", gzip(text))] {
            let reader = try LineReader(contentsOf: folder.write(bytes, to: name))
            var found: [Int] = []
            while let line = try reader.next() { found.append(line.count) }
            #expect(found == lines.map(\.count))
        }
    }

    @Test func refusesOtherEncodings() throws {
        try expect(.invalidUTF8(line: 3), reading: Array("a\nb\nc ".utf8) + [0xe9, 0x20, 0x0a])
        try expect(.invalidUTF8(line: 1), reading: [0xc3])
        try expect(.invalidUTF8(line: 1), reading: [0xed, 0xa0, 0x80])
    }

    @Test func refusesEmptyFiles() throws {
        for (name, bytes) in [("text.txt", []), ("text.txt.gz", []), ("nothing.gz", gzip([]))] {
            let url = try folder.write(bytes, to: name)
            #expect(throws: DatasetError.file(path: url.path, .empty)) { try TextFile(contentsOf: url) }
        }
    }

    @Test func refusesTextsThatAreTooShort() throws {
        _ = try write(Self.filler, to: "ptb/ptb.train.txt")
        let test = try write(String(repeating: "a ", count: 255), to: "ptb/ptb.test.txt")
        #expect(throws: DatasetError.file(path: test.path, .tooFewTokens(256, expected: 257))) { try read() }
        _ = try write(String(repeating: "a ", count: 256), to: "ptb/ptb.test.txt")
        #expect(try read().test.count == 1)
        let train = try write("a\n", to: "ptb/ptb.train.txt")
        #expect(throws: DatasetError.file(path: train.path, .tooFewTokens(2, expected: 257))) { try read() }
    }

    @Test func namesAllMissingFiles() throws {
        _ = try write("a", to: "ptb/ptb.valid.txt")
        let found = folder.url.path + "/ptb"
        #expect(
            throws: DatasetError.missingFiles(
                dataset: "penn-treebank", folder: found, files: ["ptb.train.txt", "ptb.test.txt"],
                found: FolderContents(path: found, names: ["ptb.valid.txt"]),
                remedy: .putOrUnpack(archive: "simple-examples.tgz"))
        ) { try read() }
        _ = try write("a", to: "ptb/ptb.train.txt")
        #expect(
            throws: DatasetError.missingFiles(
                dataset: "penn-treebank", folder: found, files: ["ptb.test.txt"],
                found: FolderContents(path: found, names: ["ptb.train.txt", "ptb.valid.txt"]),
                remedy: .putOrUnpack(archive: "simple-examples.tgz"))
        ) { try read() }
    }

    @Test func readsNoMoreThanALimit() throws {
        // Lines that nearly fill the buffer, half a gigabyte of them.
        let line = [UInt8](repeating: UInt8(ascii: "a"), count: (1 << 20) - 1) + [0x0a]
        let block = gzip(line + line + line + line)
        let url = try folder.write(Array([[UInt8]](repeating: block, count: 129).joined()), to: "bomb.gz")
        #expect(throws: DatasetError.file(path: url.path, .tooLarge(byteLimit: 1 << 29))) {
            let reader = try LineReader(contentsOf: url)
            while try reader.next() != nil {}
        }
    }

    @Test func survivesTruncationAndDamage() throws {
        let text = Array("the café is\n <unk> closed \r\n\nthe end\n".utf8)
        var random = SplitMix64(seed: 53)
        for (name, original) in [("text.txt", text), ("text.txt.gz", gzip(text))] {
            try expectSurvival(of: original, writtenTo: name, in: folder, using: &random) { url in
                let file = try TextFile(contentsOf: url)
                let tokens = file.tokens.elements(as: Int64.self)
                #expect((1...text.count).contains(tokens.count))
                #expect(tokens.allSatisfy { (0..<Int64(file.vocabulary.count)).contains($0) })
            }
        }
    }
}
