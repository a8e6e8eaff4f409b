import Foundation
import Torch

/// A text of words with spaces between them, as indices into a vocabulary.
///
/// At the end of each line stands one more word, `<eos>`. A file whose name ends in `.gz` is inflated while it is read.
public struct TextFile {
    /// Where the file is.
    public let url: URL
    /// The words by their indices, `int64`, `[L]`.
    public let tokens: Tensor
    /// The words that have indices, among them `<eos>` and `<unk>`.
    public let vocabulary: Vocabulary
    /// The share of the words, ends of lines included, that became `<unk>` because the vocabulary has them not.
    let unknownShare: Double

    private static let endOfLine = "<eos>"
    private static let unknown = "<unk>"

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - url: The file, compressed by gzip if the name ends in `.gz`.
    ///   - vocabulary: The words that have indices, to which `<eos>` and `<unk>` are added where they lack; all others
    ///     become `<unk>`. Without one, the words of the file make it.
    ///   - tokenLimit: The most words, ends of lines included: a compressed file may stand for a thousand times its size.
    /// - Throws: `DatasetError.file` if the file cannot be read, is damaged or too long, or is no text in UTF-8.
    public init(
        contentsOf url: URL, vocabulary: Vocabulary? = nil, tokenLimit: Int = 1 << 24
    ) throws(DatasetError) {
        // English words have five letters and a blank.
        let reader = try LineReader(contentsOf: url, byteLimit: 32 * min(tokenLimit, 1 << 24))
        var words = vocabulary ?? Vocabulary()
        let unknown = vocabulary == nil ? 0 : Int64(words.insert(Self.unknown))
        var tokens: [Int64] = []
        var unknownCount = 0
        while let line = try reader.next() {
            try Self.checkCharacters(line, of: reader)
            if vocabulary == nil {
                Self.forEachWord(in: line) { tokens.append(Int64(words.insert($0, hash: $1))) }
            } else {
                Self.forEachWord(in: line) { word, hash in
                    let index = words.index(of: word, hash: hash)
                    if index == nil { unknownCount += 1 }
                    tokens.append(index.map(Int64.init) ?? unknown)
                }
            }
            tokens.append(Int64(words.insert(Self.endOfLine)))
            guard tokens.count <= tokenLimit else { throw .file(path: reader.path, .tooManyWords(limit: tokenLimit)) }
        }
        words.insert(Self.unknown)
        self.url = url
        self.tokens = Tensor(tokens)
        self.vocabulary = words
        unknownShare = tokens.isEmpty ? 0 : Double(unknownCount) / Double(tokens.count)
    }

    /// Checks that a line is UTF-8 without control characters other than the tab.
    private static func checkCharacters(
        _ line: UnsafeBufferPointer<UInt8>, of reader: LineReader
    ) throws(DatasetError) {
        // One bit for each property, so that the loop has no branches and takes in many bytes at once. In UTF-8 a byte
        // below 128 is never part of another character.
        var flags: UInt8 = 0
        for byte in line { flags |= (byte & 0x80) | (isControl(byte) ? 1 : 0) }
        if flags & 1 != 0, let byte = line.first(where: isControl) {
            throw .file(path: reader.path, .controlCharacter(byte, line: reader.number))
        }
        if flags & 0x80 != 0 && String(validating: line, as: UTF8.self) == nil {
            throw .file(path: reader.path, .invalidUTF8(line: reader.number))
        }
    }

    @inline(__always)
    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7f }

    @inline(__always)
    private static func forEachWord(
        in line: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, WordHash) -> Void
    ) {
        var start = 0
        var hash = WordHash()
        for (position, byte) in line.enumerated() {
            if byte != 0x20 && byte != 0x09 {
                hash.combine(byte)
                continue
            }
            if position > start { body(UnsafeBufferPointer(rebasing: line[start..<position]), hash) }
            start = position + 1
            hash = WordHash()
        }
        if line.count > start { body(UnsafeBufferPointer(rebasing: line[start...]), hash) }
    }
}
