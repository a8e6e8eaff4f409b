import CZlib
import Dispatch
import Foundation
import Synchronization
import Torch

/// JPEG images of one size, in order, that become one tensor.
///
/// Each is decoded once, on all cores, into a file of plain pixels that the tensor maps: so the images need not fit into
/// memory, and the next start finds them decoded. The file is kept in the folder of the data set, or, where nothing can
/// be written there, in the temporary folder and without a name, so that it goes with the tensor.
///
/// After the pixels the file has a note of its shape, a fingerprint of the names, sizes and times of the images, and a
/// checksum of the pixels. If the images or the pixels are not the same any more, it is written anew. A process that finds
/// another one writing it waits.
struct JPEGList {
    /// The folder of the data set.
    let folder: URL
    /// The images, at least one.
    let files: [FileStamp]
    /// The name of the file of pixels.
    let name: String
    /// Where the file of pixels goes if it cannot be in `folder`.
    let temporaryFolder: URL

    typealias Size = JPEGDecoder.Size

    /// The images, `uint8`, `[N, 3, H, W]`, in a tensor that must not be written to.
    ///
    /// - Parameter model: The size the images must have, and the file that has it; without one it is that of the first.
    /// - Throws: `DatasetError.file` about the first image that is damaged or has another size, or if there is no room for
    ///   the decoded images.
    func pixels(like model: (size: Size, path: String)? = nil) throws(DatasetError) -> Tensor {
        let fingerprint = Fingerprint(files)
        if let kept = kept(fingerprint, size: model?.size) { return kept }
        guard let output = PartialFile(path: path(name) + ".partial") else {
            let output = try PartialFile(in: temporaryFolder)
            return try decode(to: output, fingerprint, like: model)
        }
        // Another process may have written the file while this one waited for the permission to do so.
        if let kept = kept(fingerprint, size: model?.size) {
            output.remove()
            return kept
        }
        do {
            let pixels = try decode(to: output, fingerprint, like: model)
            output.rename(to: path(name))
            return pixels
        } catch {
            output.remove()
            throw error
        }
    }

    /// The path of the first image.
    var firstPath: String { path(files[0].name) }

    private func path(_ name: String) -> String { folder.path + "/" + name }

    // MARK: The file of pixels

    /// What stands after the pixels: the magic number, the fingerprint, the shape and the checksum in eight bytes each.
    private struct Note: Equatable {
        let fingerprint: UInt64
        let count: Int
        let size: Size
        let checksum: UInt64

        static let byteCount = 8 * 6
        // "teleport" in ASCII, as a number.
        private static let magic: UInt64 = 0x74_65_6c_65_70_6f_72_74

        init(fingerprint: Fingerprint, count: Int, size: Size, checksum: UInt64) {
            self.fingerprint = fingerprint.value
            self.count = count
            self.size = size
            self.checksum = checksum
        }

        init?(_ bytes: [UInt8]) {
            let words = stride(from: 0, to: bytes.count, by: 8).map { start in
                bytes[start..<start + 8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
            }
            // An image of JPEG has at most 65,535 rows and columns, and no count of such that fit a file overflows.
            guard words[0] == Self.magic, words[2] < 1 << 31, words[3] < 1 << 16, words[4] < 1 << 16 else { return nil }
            fingerprint = words[1]
            count = Int(words[2])
            size = Size(height: Int(words[3]), width: Int(words[4]))
            checksum = words[5]
        }

        var bytes: [UInt8] {
            [Self.magic, fingerprint, UInt64(count), UInt64(size.height), UInt64(size.width), checksum].flatMap {
                word in
                (0..<8).reversed().map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
            }
        }
    }

    /// The pixels of an earlier start, if they are those of these files.
    private func kept(_ fingerprint: Fingerprint, size: Size?) -> Tensor? {
        // Without O_NONBLOCK, opening a named pipe would wait.
        let descriptor = open(path(name), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: Note.byteCount)
        let start = Int(status.st_size) - Note.byteCount
        guard start > 0, pread(descriptor, &bytes, Note.byteCount, off_t(start)) == Note.byteCount,
            let note = Note(bytes), note.fingerprint == fingerprint.value, note.count == files.count,
            start == note.count * note.size.byteCount, size == nil || size == note.size,
            Self.checksum(of: descriptor, count: note.count, size: note.size) == note.checksum
        else { return nil }
        return try? Tensor(mapping: descriptor, shape: [note.count, 3] + note.size.extents, dtype: .uint8)
    }

    /// The checksum of the images in a file; nil if they cannot be read.
    private static func checksum(of descriptor: Int32, count: Int, size: Size) -> UInt64? {
        let checksums = ImageChecksums(count: count)
        let chunks = (count + chunkSize - 1) / chunkSize
        DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
            guard let address = malloc(size.byteCount) else { return }
            defer { free(address) }
            for index in chunk * chunkSize..<min((chunk + 1) * chunkSize, count) {
                let length = pread(descriptor, address, size.byteCount, off_t(index * size.byteCount))
                guard length == size.byteCount else { return }
                checksums.record(UnsafeRawBufferPointer(start: address, count: length), at: index)
            }
        }
        return checksums.whole
    }

    /// The CRC-32 of each image, which threads find in any order.
    private final class ImageChecksums: Sendable {
        private let values: Mutex<[UInt32?]>

        init(count: Int) { values = Mutex([UInt32?](repeating: nil, count: count)) }

        func record(_ pixels: UnsafeRawBufferPointer, at index: Int) {
            let value = UInt32(crc32(0, pixels.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(pixels.count)))
            values.withLock { $0[index] = value }
        }

        /// The CRC-32 of all of them in their order; nil before each has one.
        var whole: UInt64? {
            let known = values.withLock { $0.compactMap(\.self).count == $0.count ? $0.compactMap(\.self) : nil }
            return known?.withUnsafeBytes { bytes in
                UInt64(crc32(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(bytes.count)))
            }
        }
    }

    // MARK: Decoding

    /// The images that a thread takes at a time.
    private static let chunkSize = 64

    private func decode(
        to output: PartialFile, _ fingerprint: Fingerprint, like model: (size: Size, path: String)?
    ) throws(DatasetError) -> Tensor {
        let model = if let model { model } else { (size: try JPEGDecoder().size(path: firstPath), path: firstPath) }
        let starts = Array(stride(from: 0, to: files.count, by: Self.chunkSize))
        let failure = FirstFailure()
        let checksums = ImageChecksums(count: files.count)
        DispatchQueue.concurrentPerform(iterations: starts.count) { chunk in
            let start = starts[chunk]
            // Where an earlier image is damaged, what comes later is not asked for.
            guard failure.isAfter(start) else { return }
            decode(start..<min(start + Self.chunkSize, files.count), to: output, model, checksums, failure)
        }
        if let error = failure.error { throw error }
        // All images have a checksum where none has failed.
        let note = Note(
            fingerprint: fingerprint, count: files.count, size: model.size, checksum: checksums.whole ?? 0)
        try note.bytes.withUnsafeBufferPointer { bytes throws(DatasetError) in
            try output.write(UnsafeRawBufferPointer(bytes), at: files.count * model.size.byteCount)
        }
        return try output.mapped(shape: [files.count, 3] + model.size.extents)
    }

    private func decode(
        _ range: Range<Int>, to output: PartialFile, _ model: (size: Size, path: String), _ checksums: ImageChecksums,
        _ failure: FirstFailure
    ) {
        let decoder = JPEGDecoder()
        let size = model.size.byteCount
        guard let address = malloc(size) else {
            let first = range.lowerBound
            return failure.record(.file(path: path(files[first].name), .unreadable("out of memory")), at: first)
        }
        defer { free(address) }
        let planes = UnsafeMutableRawBufferPointer(start: address, count: size)
        for index in range {
            do throws(DatasetError) {
                try decoder.decode(path: path(files[index].name), size: model.size, as: model.path, into: planes)
                try output.write(UnsafeRawBufferPointer(planes), at: index * size)
                checksums.record(UnsafeRawBufferPointer(planes), at: index)
            } catch {
                return failure.record(error, at: index)
            }
        }
    }

    /// The error about the first image in order, whichever was decoded first.
    private final class FirstFailure: Sendable {
        private let first = Mutex<(index: Int, error: DatasetError)?>(nil)

        var error: DatasetError? { first.withLock { $0?.error } }

        func isAfter(_ index: Int) -> Bool { first.withLock { $0.map { index < $0.index } ?? true } }

        func record(_ error: DatasetError, at index: Int) {
            first.withLock { if $0.map({ index < $0.index }) ?? true { $0 = (index, error) } }
        }
    }
}
