import Foundation

/// Files that appear whole or not at all.
package enum AtomicFile {
    /// What the names of temporary files begin with; the process follows.
    private static let prefix = ".teleport-"

    /// Writes all files under temporary names beside them, then renames them one right after the other.
    ///
    /// Folders are made if need be. When a file cannot be written, none has changed and no temporary file is left.
    ///
    /// - Parameters:
    ///   - files: The files and what they hold.
    ///   - outdated: Files that do not go with the new ones; they are removed before the first is renamed.
    /// - Throws: ``ReportError/unwritable(path:reason:)``.
    package static func write(_ files: [(file: URL, contents: Data)], removing outdated: [URL] = []) throws(ReportError)
    {
        let temporary = files.map { file, _ in
            file.deletingLastPathComponent().appendingPathComponent("\(prefix)\(getpid())-\(UUID().uuidString)")
        }
        defer {
            // After a success there is nothing left to remove, and a leftover must not hide the first error.
            for file in temporary { try? FileManager.default.removeItem(at: file) }
        }
        for (temporary, (file, contents)) in zip(temporary, files) {
            do {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try contents.write(to: temporary)
            } catch {
                throw .unwritable(path: file.path, reason: ReportError.reason(of: error))
            }
        }
        for file in outdated where unlink(file.path) != 0 && errno != ENOENT {
            throw .unwritable(path: file.path, reason: String(cString: strerror(errno)))
        }
        for (temporary, (file, _)) in zip(temporary, files) where rename(temporary.path, file.path) != 0 {
            throw .unwritable(path: file.path, reason: String(cString: strerror(errno)))
        }
    }

    /// Adds to the end of a file, all or nothing; one that is not there is made.
    ///
    /// - Throws: ``ReportError/unwritable(path:reason:)``; the file is then as it was.
    package static func append(_ contents: Data, to file: URL) throws(ReportError) {
        let descriptor = open(file.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw .unwritable(path: file.path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        let length = lseek(descriptor, 0, SEEK_END)
        do { try FileHandle(fileDescriptor: descriptor).write(contentsOf: contents) } catch {
            // Half a record would make the next one unreadable.
            ftruncate(descriptor, length)
            throw .unwritable(path: file.path, reason: ReportError.reason(of: error))
        }
    }

    /// Sees whether a file can be written, by writing another one beside it and removing it.
    ///
    /// - Throws: ``ReportError/unwritable(path:reason:)``.
    package static func tryOut(_ file: URL) throws(ReportError) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), isFolder.boolValue {
            throw .unwritable(path: file.path, reason: String(cString: strerror(EISDIR)))
        }
        let trial = file.deletingLastPathComponent().appendingPathComponent("\(prefix)\(getpid())-trial")
        defer { unlink(trial.path) }
        do { try Data(count: 1 << 16).write(to: trial) } catch {
            throw .unwritable(path: file.path, reason: ReportError.reason(of: error))
        }
    }

    /// Removes the temporary files that processes left in a folder when they were killed.
    package static func clear(_ folder: URL) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        where name.hasPrefix(prefix) {
            guard let process = Int32(name.dropFirst(prefix.count).prefix { $0 != "-" }),
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            unlink(folder.appendingPathComponent(name).path)
        }
    }
}
