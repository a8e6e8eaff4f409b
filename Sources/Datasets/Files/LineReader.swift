import Foundation

/// The lines of a text file, plain or compressed, one after the other.
///
/// The file passes through a buffer of fixed size, so no line may be longer than that. A byte-order mark at the beginning
/// of a line is passed over: files that were put together may have several.
final class LineReader {
    /// The file, for error messages.
    let path: String
    /// The number of the line that `next` returned last, from 1.
    private(set) var number = 0
    private let stream: ContentStream
    private let byteLimit: Int
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    /// Where in the buffer the bytes are that were read but not returned.
    private var pending = 0..<0
    private var isAtEnd = false
    private var byteCount = 0

    private static let lengthLimit = 1 << 20
    /// The most bytes that are read at once: few enough that they are in the cache of the processor when they are looked at.
    private static let pieceLength = 1 << 17
    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    /// Opens a file, which is inflated if its name ends in `.gz`.
    ///
    /// - Parameters:
    ///   - url: The file.
    ///   - byteLimit: The most bytes of text. Compressed data can stand for a thousand times their size, so there must be a
    ///     bound; that by default is several times the largest series.
    /// - Throws: `DatasetError.file` if it cannot be opened, is empty, is UTF-16, or is not what its name says.
    init(contentsOf url: URL, byteLimit: Int = 1 << 29) throws(DatasetError) {
        path = url.path
        self.byteLimit = byteLimit
        stream = try ContentStream(path: path)
        // After what can throw before all is set: only then is there a deinit to give it back.
        buffer = .allocate(capacity: Self.lengthLimit)
        try refill()
        guard !pending.isEmpty else { throw .file(path: path, .empty) }
        if Self.isUTF16(buffer[pending].prefix(64)) { throw .file(path: path, .utf16) }
    }

    /// Whether a text begins with a mark of UTF-16, or every other of its first bytes is zero, as in UTF-16 without a mark.
    private static func isUTF16(_ head: some Collection<UInt8>) -> Bool {
        if head.starts(with: [0xff, 0xfe]) || head.starts(with: [0xfe, 0xff]) { return true }
        guard head.count >= 4 else { return false }
        return [0, 1].contains { parity in
            head.enumerated().allSatisfy { ($1 == 0) == ($0 % 2 == parity) }
        }
    }

    deinit { buffer.deallocate() }

    /// The next line without its end, a line feed or a carriage return and a line feed; nil after the last one.
    ///
    /// The bytes are valid until the next call. What follows the last line feed is a line if there is anything.
    ///
    /// - Throws: `DatasetError.file` if the file cannot be read or is damaged, or it or the line is too long.
    func next() throws(DatasetError) -> UnsafeBufferPointer<UInt8>? {
        var searched = 0
        while true {
            let start = pending.lowerBound
            if let feed = memchr(buffer.baseAddress! + start + searched, 0x0a, pending.count - searched) {
                let end = UnsafeMutableRawPointer(buffer.baseAddress!).distance(to: feed)
                return line(start..<end, continuingAt: end + 1)
            }
            if isAtEnd { return pending.isEmpty ? nil : line(pending, continuingAt: pending.upperBound) }
            guard pending.count < buffer.count else {
                throw .file(path: path, .lineTooLong(line: number + 1, limit: Self.lengthLimit))
            }
            searched = pending.count
            try refill()
        }
    }

    private func line(_ range: Range<Int>, continuingAt start: Int) -> UnsafeBufferPointer<UInt8> {
        number += 1
        pending = start..<pending.upperBound
        var range = range
        // Most lines are told by their first byte.
        while !range.isEmpty && buffer[range.lowerBound] == Self.byteOrderMark[0]
            && buffer[range].starts(with: Self.byteOrderMark)
        { range = range.dropFirst(Self.byteOrderMark.count) }
        let endsInReturn = !range.isEmpty && buffer[range.upperBound - 1] == 0x0d
        return UnsafeBufferPointer(rebasing: buffer[endsInReturn ? range.dropLast() : range])
    }

    /// Moves the pending bytes to the start of the buffer and reads more behind them.
    private func refill() throws(DatasetError) {
        let kept = pending.count
        memmove(buffer.baseAddress!, buffer.baseAddress! + pending.lowerBound, kept)
        pending = 0..<kept
        let free = UnsafeMutableRawBufferPointer(
            UnsafeMutableBufferPointer(rebasing: buffer[kept...].prefix(Self.pieceLength)))
        let count = try stream.read(into: free)
        isAtEnd = count < free.count
        byteCount += count
        guard byteCount <= byteLimit else { throw .file(path: path, .tooLarge(byteLimit: byteLimit)) }
        pending = 0..<kept + count
    }
}

extension String {
    /// Bytes of a file as they are shown in an error message: at most so many characters, with escapes for what cannot be
    /// seen.
    init(excerptOf bytes: some Collection<UInt8>, length: Int = 20) {
        // No more than this is looked at, however long the line is.
        let text = String(decoding: bytes.prefix(5 * length), as: UTF8.self)
        let excerpt = text.count > length ? text.prefix(length - 3) + "..." : text[...]
        self = excerpt.unicodeScalars.map { $0.isVisible ? String($0) : $0.escaped(asASCII: true) }.joined()
    }
}

extension Unicode.Scalar {
    fileprivate var isVisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
        default: true
        }
    }
}
