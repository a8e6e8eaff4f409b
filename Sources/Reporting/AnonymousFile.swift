import Foundation

/// A temporary file without a name, which is gone with the process however that ends.
struct AnonymousFile: ~Copyable {
    /// The file, for reading and writing.
    let descriptor: Int32

    /// A file with the given contents, at whose beginning the next one reads.
    ///
    /// - Throws: ``ReportError/unwritable(path:reason:)``.
    init(_ contents: Data = Data()) throws(ReportError) {
        let folder = FileManager.default.temporaryDirectory
        var name = Array(folder.appendingPathComponent("teleport-XXXXXX").path.utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else {
            throw .unwritable(path: folder.path, reason: String(cString: strerror(errno)))
        }
        unlink(name)
        do {
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
            try handle.write(contentsOf: contents)
            try handle.seek(toOffset: 0)
        } catch {
            close(descriptor)
            throw .unwritable(path: folder.path, reason: ReportError.reason(of: error))
        }
    }

    deinit { close(descriptor) }

    /// The file as a process takes it for one of its streams.
    var handle: FileHandle { FileHandle(fileDescriptor: descriptor, closeOnDealloc: false) }

    /// All that is in it.
    ///
    /// - Throws: ``ReportError/unreadable(path:reason:)``.
    func contents() throws(ReportError) -> Data {
        do {
            try handle.seek(toOffset: 0)
            return try handle.readToEnd() ?? Data()
        } catch {
            throw .unreadable(
                path: FileManager.default.temporaryDirectory.path, reason: ReportError.reason(of: error))
        }
    }
}
