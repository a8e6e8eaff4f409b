import Foundation

/// Files that appear whole or not at all.
package enum AtomicFile {
    /// Lets `body` write each file under a temporary name beside it, then renames them.
    ///
    /// Folders are made if need be. When `body` throws, no file has changed and no temporary file is left.
    ///
    /// - Throws: what `body` throws if that is a `ReportError`, else ``ReportError/unwritable(path:reason:)``.
    package static func write(to files: [URL], body: ([URL]) throws -> Void) throws(ReportError) {
        let temporary = files.map { file in
            file.deletingLastPathComponent().appendingPathComponent(".\(file.lastPathComponent).\(UUID().uuidString)")
        }
        defer {
            // After a success there is nothing left to remove, and a leftover must not hide the first error.
            for file in temporary { try? FileManager.default.removeItem(at: file) }
        }
        do {
            for file in files {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            }
            try body(temporary)
            for (temporary, file) in zip(temporary, files) {
                guard rename(temporary.path, file.path) == 0 else {
                    throw ReportError.unwritable(path: file.path, reason: String(cString: strerror(errno)))
                }
            }
        } catch let error as ReportError {
            throw error
        } catch {
            throw ReportError.unwritable(
                path: files.map(\.path).joined(separator: ", "), reason: ReportError.reason(of: error))
        }
    }
}
