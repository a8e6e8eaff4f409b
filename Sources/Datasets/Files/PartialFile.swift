import Foundation
import Torch

/// A file that is being written, and has its final name only when it is complete.
package final class PartialFile: Sendable {
    /// Where it is until then.
    package let path: String
    private let descriptor: Int32

    /// Begins a file, waiting if another process, or another thread of this one, is writing it.
    ///
    /// What a process that was ended has left there is overwritten.
    ///
    /// - Parameter keepingContent: Whether what was left there is kept, to be gone on with.
    /// - Returns: Nil if there can be no such file here.
    package init?(path: String, keepingContent: Bool = false) {
        self.path = path
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
            guard descriptor >= 0 else { return nil }
            // The lock ends with the process, however it ends.
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else {
                    close(descriptor)
                    return nil
                }
            }
            var locked = stat()
            var named = stat()
            guard fstat(descriptor, &locked) == 0, locked.st_mode & S_IFMT == S_IFREG else {
                close(descriptor)
                return nil
            }
            // The one before has renamed or removed the file if it is not under its name any more.
            let isNamed =
                stat(path, &named) == 0 && (named.st_ino, named.st_dev) == (locked.st_ino, locked.st_dev)
            if isNamed && (keepingContent || ftruncate(descriptor, 0) == 0) {
                self.descriptor = descriptor
                return
            }
            close(descriptor)
            if isNamed { return nil }
        }
    }

    /// Begins a file without a name, which is gone when it is closed and no tensor maps it.
    ///
    /// - Throws: `DatasetError.file` if the folder cannot be written to.
    init(in folder: URL) throws(DatasetError) {
        var template = (folder.path + "/teleport-XXXXXX").utf8CString.map { $0 }
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw .file(path: folder.path, .unwritable(Self.message(errno))) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        unlink(path)
    }

    deinit { close(descriptor) }

    /// Writes bytes at a distance from the beginning; threads may write at different places at a time.
    ///
    /// - Throws: `DatasetError.file` if there is no room.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DatasetError) {
        var written = 0
        while written < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(offset + written))
            guard count >= 0 || errno == EINTR else { throw .file(path: path, .unwritable(Self.message(errno))) }
            written += max(count, 0)
        }
    }

    /// The bytes that it has.
    package var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Removes all bytes.
    ///
    /// - Throws: `DatasetError.file` if the operating system refuses.
    package func clear() throws(DatasetError) {
        guard ftruncate(descriptor, 0) == 0 else { throw .file(path: path, .unwritable(Self.message(errno))) }
    }

    /// The first bytes of the file as a tensor of bytes, which stays when the file is closed or renamed.
    ///
    /// - Throws: `DatasetError.file` if the operating system does not map the file.
    func mapped(shape: [Int]) throws(DatasetError) -> Tensor {
        do {
            return try Tensor(mapping: descriptor, shape: shape, dtype: .uint8)
        } catch {
            throw .file(path: path, .unreadable(error.description))
        }
    }

    /// Gives the file its final name in place of what is there, or removes it where that cannot be.
    func rename(to final: String) {
        do throws(DatasetError) { try putInPlace(final) } catch { remove() }
    }

    /// Gives the file its final name in place of what is there.
    ///
    /// - Throws: `DatasetError.file` if that cannot be; the file then stays as it is.
    package func putInPlace(_ final: String) throws(DatasetError) {
        // The name must not be there before the content, should the machine stop now.
        guard fsync(descriptor) == 0, Foundation.rename(path, final) == 0 else {
            throw .file(path: final, .unwritable(Self.message(errno)))
        }
    }

    /// Removes the file; tensors that map it keep what they have.
    package func remove() { unlink(path) }

    private static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}
