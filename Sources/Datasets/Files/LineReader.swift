import Foundation

/// The lines of a text file, plain or compressed, one after the other.
///
/// The file passes through a buffer of fixed size, so no line may be longer than that.
final class LineReader {
    /// The file, for error messages.
    let path: String
    /// The number of the line that `next` returned last, from 1.
    private(set) var number = 0
    private let stream: any ByteStream
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    /// Where in the buffer the bytes are that were read but not returned.
    private var pending = 0..<0
    private var isAtEnd = false
    private var byteCount = 0

    private static let lengthLimit = 1 << 20
    /// Several times the largest series. Compressed data can stand for a thousand times their size, so there must be a
    /// bound.
    private static let sizeLimit = 1 << 29

    /// Opens a file, which is inflated if its name ends in `.gz`.
    ///
    /// - Throws: `DatasetError.file` if it cannot be opened, is empty, or is not compressed as its name says.
    init(contentsOf url: URL) throws(DatasetError) {
        let file = try InputFile(path: url.path)
        path = file.path
        let isCompressed = path.hasSuffix(".gz")
        stream = isCompressed ? try GzipStream(file) : file
        // After what can throw before all is set: only then is there a deinit to give it back.
        buffer = .allocate(capacity: Self.lengthLimit)
        try refill()
        guard !pending.isEmpty else { throw .file(path: path, .empty) }
        // No text begins with these bytes, as gzip files do.
        if !isCompressed && buffer[pending].starts(with: [0x1f, 0x8b]) { throw .file(path: path, .gzipWithoutSuffix) }
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
        let endsInReturn = !range.isEmpty && buffer[range.upperBound - 1] == 0x0d
        return UnsafeBufferPointer(rebasing: buffer[endsInReturn ? range.dropLast() : range])
    }

    /// Moves the pending bytes to the start of the buffer and fills it up behind them.
    private func refill() throws(DatasetError) {
        let kept = pending.count
        memmove(buffer.baseAddress!, buffer.baseAddress! + pending.lowerBound, kept)
        pending = 0..<kept
        let free = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[kept...]))
        let count = try stream.read(into: free)
        isAtEnd = count < free.count
        byteCount += count
        guard byteCount <= Self.sizeLimit else { throw .file(path: path, .tooLarge(byteLimit: Self.sizeLimit)) }
        pending = 0..<kept + count
    }
}

extension String {
    /// Bytes of a file as they are shown in an error message: at most 20 characters, with escapes for what cannot be seen.
    init(excerptOf bytes: some Collection<UInt8>) {
        // No more than this is looked at, however long the line is.
        let text = String(decoding: bytes.prefix(100), as: UTF8.self)
        let excerpt = text.count > 20 ? text.prefix(17) + "..." : text[...]
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
