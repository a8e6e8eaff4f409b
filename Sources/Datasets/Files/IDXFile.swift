import Foundation
import Torch

/// A file in the IDX format of MNIST: a header with the shape, then unsigned bytes in row-major order.
///
/// The header is two zero bytes, the element type (8), the rank, and one big-endian 32-bit number for each dimension.
/// A file whose name ends in `.gz` is inflated while it is read. Nothing in a file is taken on trust: whatever is
/// wrong with it is reported as a `DatasetError`, and the memory used follows what is there, not what is announced.
public struct IDXFile {
    /// Where the file is.
    public let url: URL
    /// The data, `uint8`, with the shape in the header.
    public let elements: Tensor

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - url: The file, compressed by gzip if the name ends in `.gz`.
    ///   - rank: The number of dimensions it must have, at least 1.
    ///   - inflatedLimit: The most bytes that a compressed file may stand for, which is a thousand times its size at most;
    ///     by default nearly three times those of the images of MNIST.
    /// - Throws: `DatasetError.file` if the file cannot be read, is damaged, or is not of this rank.
    public init(contentsOf url: URL, rank: Int, inflatedLimit: Int = 1 << 27) throws(DatasetError) {
        let stream = try ContentStream(path: url.path)
        self.url = url
        let header = try IDXHeader(from: stream, rank: rank)
        if let size = stream.size {
            // What the file holds is known here before any of it is read.
            let available = size - header.byteCount
            guard available >= header.elementCount else {
                throw .file(path: url.path, .truncatedBody(byteCount: available, shape: header.shape))
            }
        } else if header.elementCount > inflatedLimit {
            throw .file(path: url.path, .inflatesTooFar(shape: header.shape, byteLimit: inflatedLimit))
        }
        elements = try Self.elements(of: header, from: stream)
    }

    private static func elements(
        of header: IDXHeader, from stream: some ByteStream
    ) throws(DatasetError) -> Tensor {
        let path = stream.path
        let body = try ByteBuffer(readingUpTo: header.elementCount, from: stream)
        guard body.count == header.elementCount else {
            throw .file(path: path, .truncatedBody(byteCount: body.count, shape: header.shape))
        }
        // Asking for one byte more finds data that were not announced without inflating all of them, and brings a gzip
        // stream to its checksum.
        let surplus = try ByteBuffer(readingUpTo: 1, from: stream)
        guard surplus.count == 0 else { throw .file(path: path, .trailingData(shape: header.shape)) }
        return Tensor(bytes: body.bytes, shape: header.shape, dtype: .uint8)
    }
}

/// What an IDX file says about its data.
struct IDXHeader {
    /// The extent of each dimension.
    let shape: [Int]
    /// The product of the extents, at least 1.
    let elementCount: Int
    /// The size of the header itself.
    let byteCount: Int

    /// Reads the header of data of unsigned bytes with a given rank.
    init(from stream: some ByteStream, rank: Int) throws(DatasetError) {
        byteCount = 4 + 4 * rank
        let path = stream.path
        let buffer = try ByteBuffer(readingUpTo: byteCount, from: stream)
        let bytes = [UInt8](buffer.bytes)
        // A defect that shows in the first bytes says more than that there are too few of them.
        if bytes.count >= 2 && (bytes[0], bytes[1]) != (0, 0) {
            throw .file(path: path, .wrongMagic(bytes[0], bytes[1]))
        }
        if bytes.count >= 3 && bytes[2] != 8 { throw .file(path: path, .wrongElementType(bytes[2])) }
        if bytes.count >= 4 && bytes[3] != rank { throw .file(path: path, .wrongRank(Int(bytes[3]), expected: rank)) }
        guard bytes.count == byteCount else {
            throw .file(path: path, .truncatedHeader(byteCount: bytes.count, expected: byteCount))
        }

        shape = stride(from: 4, to: byteCount, by: 4).map { start in
            bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        guard !shape.contains(0) else { throw .file(path: path, .noElements(shape: shape)) }
        var product = 1
        for extent in shape {
            let (value, overflows) = product.multipliedReportingOverflow(by: extent)
            guard !overflows else { throw .file(path: path, .tooManyElements(shape: shape)) }
            product = value
        }
        elementCount = product
    }
}
