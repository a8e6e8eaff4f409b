import CZlib

/// What a gzip file (RFC 1952) stands for, inflated as it is asked for.
///
/// The end of the stream is reached only if the checksums and lengths in the file are right and nothing but further
/// gzip members follows.
final class GzipStream: ByteStream {
    var path: String { file.path }
    private let file: InputFile
    private let input: UnsafeMutableRawBufferPointer
    // zlib keeps the address of its stream, so this must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isAtEnd = false

    /// How each member of a gzip file begins.
    static let magic: [UInt8] = [0x1f, 0x8b]

    /// Begins to read a compressed file.
    ///
    /// - Throws: `DatasetError.file` if the file begins otherwise, with `otherFormat` where it begins as others do.
    init(_ file: InputFile) throws(DatasetError) {
        self.file = file
        input = .allocate(byteCount: 1 << 16, alignment: 16)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 is the largest window of deflate, and 16 more ask for the gzip format and no other.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw .file(path: path, .unreadable("zlib: status \(status)")) }
        try refill()
        guard isAtMagic else {
            throw .file(path: path, FileFormat(beginning: fetched).map { .otherFormat($0) } ?? .notGzip)
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        var filled = 0
        while filled < buffer.count && !isAtEnd {
            if stream.pointee.avail_in == 0 { try refill() }
            // zlib counts in 32 bits.
            let room = UInt32(clamping: buffer.count - filled)
            stream.pointee.next_out = (buffer.baseAddress! + filled).assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = room
            let status = inflate(stream, Z_NO_FLUSH)
            filled += Int(room - stream.pointee.avail_out)
            switch status {
            case Z_OK: break
            case Z_STREAM_END: try beginNextMember()
            // No progress although there is room: the file is at its end, the data are not.
            case Z_BUF_ERROR: throw .file(path: path, .truncatedGzip(byteCount: file.size))
            case Z_MEM_ERROR: throw .file(path: path, .unreadable("out of memory"))
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "status \(status)"
                throw .file(path: path, .damagedGzip(reason))
            }
        }
        return filled
    }

    /// Fetches more compressed bytes; at the end of the file there are none.
    private func refill() throws(DatasetError) {
        stream.pointee.avail_in = UInt32(try file.read(into: input))
        stream.pointee.next_in = input.baseAddress!.assumingMemoryBound(to: UInt8.self)
    }

    /// The compressed bytes that were fetched and not inflated yet.
    private var fetched: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: stream.pointee.next_in, count: Int(stream.pointee.avail_in))
    }

    /// Whether the bytes fetched begin as each member of a gzip file does. One byte alone may; whether the file is
    /// truncated is for zlib to find.
    private var isAtMagic: Bool { zip(fetched, Self.magic).allSatisfy(==) }

    /// Goes on after the end of a member: a gzip file is a sequence of them, each compressed by itself.
    private func beginNextMember() throws(DatasetError) {
        if stream.pointee.avail_in == 0 { try refill() }
        if stream.pointee.avail_in == 0 {
            isAtEnd = true
        } else {
            guard isAtMagic else { throw .file(path: path, .dataAfterGzip) }
            inflateReset(stream)
        }
    }
}
