import Foundation

/// A file that is written under another name beside its place, and takes the place when it is complete: whatever happens
/// before, what was there stays as it was.
final class ReplacementFile {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isInPlace = false

    /// Begins the file that is to be at `path`. Where that is a link, it is the file that the link names.
    ///
    /// - Throws: `TorchError` if there is something else than a regular file, or the folder cannot be written to.
    init(at path: String) throws(TorchError) {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        var status = stat()
        let exists = stat(file.path, &status) == 0
        // A device or a pipe would be gone under its name.
        guard !exists || status.st_mode & S_IFMT == S_IFREG else {
            throw status.st_mode & S_IFMT == S_IFDIR ? .system(EISDIR) : TorchError(description: "not a regular file")
        }
        self.path = file.path
        temporaryPath =
            file.deletingLastPathComponent().appendingPathComponent(".teleport-\(getpid())-\(UUID().uuidString)").path
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .system(errno) }
        // Who may read a file that is written anew is not changed by that.
        if exists { fchmod(descriptor, status.st_mode & 0o7777) }
    }

    /// Removes what was written, unless it has been put in place.
    deinit {
        close(descriptor)
        if !isInPlace { unlink(temporaryPath) }
    }

    /// Appends bytes.
    ///
    /// - Throws: `TorchError` if there is no room for them.
    func write(_ bytes: [UInt8]) throws(TorchError) {
        try bytes.withUnsafeBytes { bytes in Result { () throws(TorchError) in try write(bytes) } }.get()
    }

    /// Appends bytes.
    ///
    /// - Throws: `TorchError` if there is no room for them.
    func write(_ bytes: UnsafeRawBufferPointer) throws(TorchError) {
        var rest = bytes
        while let address = rest.baseAddress, !rest.isEmpty {
            let count = Foundation.write(descriptor, address, rest.count)
            guard count >= 0 || errno == EINTR else { throw .system(errno) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(count, 0)))
        }
    }

    /// Puts the file in its place, once it is on the disk.
    ///
    /// - Throws: `TorchError` if the system refuses; the place then is as it was, unless only the name cannot be brought to
    ///   the disk.
    func putInPlace() throws(TorchError) {
        // The name must not be there before the content, should the machine stop now.
        guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else { throw .system(errno) }
        isInPlace = true
        let folder = open(
            URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A folder that can be written to, but not read, keeps the name all the same, only not at once.
        guard folder >= 0 else { return }
        defer { close(folder) }
        // Some file systems have nothing to do for a folder, and say that it is no argument for this.
        guard fsync(folder) == 0 || errno == EINVAL else { throw .system(errno) }
    }
}
