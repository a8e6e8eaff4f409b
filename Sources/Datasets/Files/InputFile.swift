import Foundation

/// A regular file open for reading.
final class InputFile: ByteStream {
    let path: String
    /// The size in bytes when the file was opened.
    let size: Int
    private let descriptor: Int32

    /// Opens a file.
    ///
    /// - Throws: `DatasetError.file` if it is missing, empty, not a regular file, or cannot be opened.
    init(path: String) throws(DatasetError) {
        // Without O_NONBLOCK, opening a named pipe would wait for a writer before it can be refused.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            throw .file(path: path, code == ENOENT ? .missing : .unreadable(Self.message(code)))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .file(path: path, .unreadable(Self.message(code)))
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
            close(descriptor)
            throw .file(path: path, status.st_mode & S_IFMT == S_IFREG ? .empty : .notARegularFile)
        }
        self.path = path
        self.size = Int(status.st_size)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = Foundation.read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                throw .file(path: path, .unreadable(Self.message(code)))
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    private static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}
