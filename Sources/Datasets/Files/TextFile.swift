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
        var endOfLine: Int64?
        var tokens = NumberBuffer<Int64>(path: reader.path)
        var unknownCount = 0
        while let line = try reader.next() {
            try Self.checkCharacters(line, of: reader)
            // Between each two words there is a blank, and behind them comes the end of the line.
            let row = try tokens.reserve((line.count + 1) / 2 + 1)
            var count = 0
            if vocabulary == nil {
                WordBytes.forEach(in: line) { word in
                    row[count] = Int64(words.insert(word))
                    count += 1
                }
            } else {
                WordBytes.forEach(in: line) { word in
                    let index = words.index(of: word)
                    if index == nil { unknownCount += 1 }
                    row[count] = index.map(Int64.init) ?? unknown
                    count += 1
                }
            }
            let end = endOfLine ?? Int64(words.insert(Self.endOfLine))
            endOfLine = end
            row[count] = end
            tokens.add(count + 1)
            guard tokens.count <= tokenLimit else { throw .file(path: reader.path, .tooManyWords(limit: tokenLimit)) }
        }
        words.insert(Self.unknown)
        self.url = url
        self.tokens = tokens.tensor(shape: [tokens.count])
        self.vocabulary = words
        unknownShare = tokens.count == 0 ? 0 : Double(unknownCount) / Double(tokens.count)
    }

    /// Checks that a line is UTF-8 without control characters other than the tab.
    private static func checkCharacters(
        _ line: UnsafeBufferPointer<UInt8>, of reader: LineReader
    ) throws(DatasetError) {
        // The least and the greatest byte are found without branches, many at once; in most lines they say enough.
        var least = UInt8.max
        var greatest = UInt8.min
        for byte in line {
            least = min(least, byte)
            greatest = max(greatest, byte)
        }
        guard least < 0x20 || greatest > 0x7e else { return }
        // In UTF-8 a byte below 128 is never part of another character.
        if let byte = line.first(where: isControl) {
            throw .file(path: reader.path, .controlCharacter(byte, line: reader.number))
        }
        if greatest > 0x7f && String(validating: line, as: UTF8.self) == nil {
            throw .file(path: reader.path, .invalidUTF8(line: reader.number))
        }
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7f }
}
