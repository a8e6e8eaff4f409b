import Foundation

/// The folder for results.
enum OutputFolder {
    /// A folder that cannot be written to, or would lose the results that are in it.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The folder that the user named, else a new one under `results/`.
    ///
    /// - Parameters:
    ///   - path: What the user named.
    ///   - job: What the name of a new one begins with; date and time follow.
    static func named(_ path: String?, else job: String) -> URL {
        if let path { return URL(fileURLWithPath: path, isDirectory: true) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyy-MM-dd-HHmmss"
        let name = "results/\(job)-\(format.string(from: Date()))"
        // Runs that start within one second have folders of their own.
        let names = [name] + (2...1000).map { "\(name)-\($0)" }
        let free = names.first { !FileManager.default.fileExists(atPath: $0) }
        return URL(fileURLWithPath: free ?? name, isDirectory: true)
    }

    /// Makes the folder, and sees that it can be written to.
    ///
    /// - Parameters:
    ///   - record: The file of results that every run writes.
    ///   - overwrites: Whether such a file of an earlier run may be replaced.
    static func check(_ folder: URL, for record: String, overwrites: Bool) throws(Failure) {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw Failure(description: "--output \(folder.path): the folder cannot be made; name one that can")
        }
        guard FileManager.default.isWritableFile(atPath: folder.path) else {
            throw Failure(description: "--output \(folder.path): is not writable; name another folder")
        }
        guard overwrites || !FileManager.default.fileExists(atPath: folder.appendingPathComponent(record).path) else {
            throw Failure(
                description: "--output \(folder.path): holds \(record) of an earlier run; name another folder, or give "
                    + "--overwrite")
        }
    }
}
