/// What is in a file, inflated where its name ends in `.gz`, once it is clear that it is not something else.
final class ContentStream: ByteStream {
    var path: String { source.path }
    /// Whether the file is compressed, so that it may stand for a thousand times its size.
    let isCompressed: Bool
    /// The number of bytes, where it is known before all are read: for a file that is not compressed.
    let size: Int?
    private let source: any ByteStream
    /// The first bytes, which were looked at.
    private let head: [UInt8]
    private var position = 0

    /// Opens a file.
    ///
    /// - Throws: `DatasetError.file` if it cannot be opened, is empty, is not compressed as its name says, or begins as the
    ///   files of another format do.
    init(path: String) throws(DatasetError) {
        let file = try InputFile(path: path)
        isCompressed = path.hasSuffix(".gz")
        size = isCompressed ? nil : file.size
        source = isCompressed ? try GzipStream(file) : file
        let buffer = try ByteBuffer(readingUpTo: FileFormat.lookLength, from: source)
        head = [UInt8](buffer.bytes)
        // No file of a data set begins with these bytes.
        if head.starts(with: GzipStream.magic) {
            throw .file(path: path, isCompressed ? .compressedTwice : .gzipWithoutSuffix)
        }
        if let format = FileFormat(beginning: head) { throw .file(path: path, .otherFormat(format)) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        let count = min(head.count - position, buffer.count)
        guard count > 0 else { return try source.read(into: buffer) }
        buffer.copyBytes(from: head[position..<position + count])
        position += count
        return count + (try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...])))
    }
}
