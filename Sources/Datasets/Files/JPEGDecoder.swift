import CTurboJPEG
import Foundation

/// Decodes JPEG images, one after another, to planes of red, green and blue.
///
/// The same file gives the same bytes on each machine, up to the version of libjpeg-turbo: the accurate transform is
/// used, as Pillow and torchvision do. Whatever is wrong with a file is an error, also what a viewer would paint over in
/// grey. An instance belongs to one thread at a time.
final class JPEGDecoder {
    private let handle: tjhandle
    // The colours of one image beside each other.
    private var pixels: UnsafeMutableRawBufferPointer

    /// The height and width of an image.
    struct Size: Hashable {
        let height: Int
        let width: Int
        /// The number of bytes of an image, three for each pixel.
        var byteCount: Int { 3 * height * width }
        /// As in a shape.
        var extents: [Int] { [height, width] }
    }

    /// A decoder that has not seen an image yet.
    init() {
        // The library has no error but a lack of memory here.
        guard let handle = tjInitDecompress() else { fatalError("TurboJPEG: \(String(cString: tjGetErrorStr2(nil)))") }
        self.handle = handle
        pixels = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    deinit {
        tjDestroy(handle)
        free(pixels.baseAddress)
    }

    /// The size of the image in a file, from its header alone.
    ///
    /// - Throws: `DatasetError.file` if the file cannot be read or does not begin as an image.
    func size(path: String) throws(DatasetError) -> Size { try size(of: Self.contents(path), path: path) }

    /// Decodes a file; gray images get three equal planes.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - size: The size it must have.
    ///   - model: The file that has this size, for the error message.
    ///   - planes: Receives the image, `[3, height, width]`.
    /// - Throws: `DatasetError.file` if the file cannot be read, is damaged, or has another size.
    func decode(
        path: String, size: Size, as model: String, into planes: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        let data = try Self.contents(path)
        let found = try self.size(of: data, path: path)
        guard found == size else {
            throw .file(path: path, .wrongJPEGSize(found.extents, expected: size.extents, model: model))
        }
        if pixels.count < size.byteCount {
            guard let address = realloc(pixels.baseAddress, size.byteCount) else {
                throw .file(path: path, .unreadable("out of memory"))
            }
            pixels = UnsafeMutableRawBufferPointer(start: address, count: size.byteCount)
        }
        // A warning, as of data that end too early, fails as well.
        let status = tjDecompress2(
            handle, data.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt(data.count),
            pixels.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(size.width), 0, Int32(size.height),
            Int32(TJPF_RGB.rawValue), Self.flags)
        guard status == 0 else { throw damage(path: path) }

        let area = size.height * size.width
        let source = pixels.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let target = planes.baseAddress!.assumingMemoryBound(to: UInt8.self)
        for position in 0..<area {
            target[position] = source[3 * position]
            target[area + position] = source[3 * position + 1]
            target[2 * area + position] = source[3 * position + 2]
        }
    }

    // The limit on scans keeps a small file from taking minutes.
    private static let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS

    private static func contents(_ path: String) throws(DatasetError) -> ByteBuffer {
        let file = try InputFile(path: path)
        return try ByteBuffer(readingUpTo: file.size, from: file)
    }

    private func size(of data: borrowing ByteBuffer, path: String) throws(DatasetError) -> Size {
        guard data.bytes.starts(with: [0xff, 0xd8]) else { throw .file(path: path, .notJPEG) }
        var (width, height, subsampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        let status = tjDecompressHeader3(
            handle, data.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt(data.count), &width, &height,
            &subsampling, &colours)
        guard status == 0, width > 0, height > 0 else { throw damage(path: path) }
        return Size(height: Int(height), width: Int(width))
    }

    private func damage(path: String) -> DatasetError {
        .file(path: path, .damagedJPEG(String(cString: tjGetErrorStr2(handle))))
    }
}
