import CTurboJPEG
import Foundation

/// Decodes JPEG images, one after another, to planes of red, green and blue.
///
/// The same file gives the same bytes on each machine, up to the version of libjpeg-turbo: the accurate transform is
/// used, as Pillow and torchvision do. Whatever is wrong with a file is an error, also what a viewer would paint over in
/// grey, save for a few bytes that some cameras and programs leave between the picture and its end. An instance belongs to
/// one thread at a time, and has done its work when it has thrown: the library does not forget a damaged header.
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
        if !decode(data.bytes, size: size) {
            let error = damage(path: path)
            guard let whole = Self.withoutExtraneousBytes(data.bytes, warning: message),
                whole.withUnsafeBytes({ decode($0, size: size) })
            else { throw error }
        }

        let area = size.height * size.width
        let source = pixels.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let target = planes.baseAddress!.assumingMemoryBound(to: UInt8.self)
        for position in 0..<area {
            target[position] = source[3 * position]
            target[area + position] = source[3 * position + 1]
            target[2 * area + position] = source[3 * position + 2]
        }
    }

    /// Decodes an image to `pixels`; false if anything is wrong with it, also where a warning says so, as of data that end too
    /// early.
    private func decode(_ data: UnsafeRawBufferPointer, size: Size) -> Bool {
        tjDecompress2(
            handle, data.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt(data.count),
            pixels.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(size.width), 0, Int32(size.height),
            Int32(TJPF_RGB.rawValue), Self.flags) == 0
    }

    /// An image without the bytes before its end that the library warns of, if these are few.
    ///
    /// The warning may hide others, so what is left has to be decoded again.
    private static func withoutExtraneousBytes(_ data: UnsafeRawBufferPointer, warning: String) -> [UInt8]? {
        let words = warning.split(separator: " ")
        guard warning.hasSuffix(" extraneous bytes before marker 0xd9"),
            let count = words.lazy.compactMap({ Int($0) }).first, (1...extraneousLimit).contains(count),
            let end = data.indices.dropLast().last(where: { data[$0] == 0xff && data[$0 + 1] == 0xd9 }), end > count
        else { return nil }
        return Array(data[..<(end - count)]) + [0xff, 0xd9]
    }

    /// More bytes than these are a part of a picture that could not be read.
    private static let extraneousLimit = 16

    /// The most pixels of an image: a header of some bytes can announce four thousand millions.
    private static let pixelLimit = 1 << 22

    // The limit on scans keeps a small file from taking minutes.
    private static let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS

    private static func contents(_ path: String) throws(DatasetError) -> ByteBuffer {
        let file = try InputFile(path: path)
        return try ByteBuffer(readingUpTo: file.size, from: file)
    }

    private func size(of data: borrowing ByteBuffer, path: String) throws(DatasetError) -> Size {
        guard data.bytes.starts(with: [0xff, 0xd8]) else {
            throw .file(path: path, FileFormat(beginning: data.bytes).map { .otherFormat($0) } ?? .notJPEG)
        }
        var (width, height, subsampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        let status = tjDecompressHeader3(
            handle, data.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt(data.count), &width, &height,
            &subsampling, &colours)
        guard status == 0, width > 0, height > 0 else { throw damage(path: path) }
        let size = Size(height: Int(height), width: Int(width))
        guard size.height * size.width <= Self.pixelLimit else {
            throw .file(path: path, .imageTooLarge(size.extents, pixelLimit: Self.pixelLimit))
        }
        guard colours != Int32(TJCS_CMYK.rawValue) && colours != Int32(TJCS_YCCK.rawValue) else {
            throw .file(path: path, .cmykJPEG)
        }
        return size
    }

    private var message: String { String(cString: tjGetErrorStr2(handle)) }

    private func damage(path: String) -> DatasetError { .file(path: path, .damagedJPEG(message)) }
}
