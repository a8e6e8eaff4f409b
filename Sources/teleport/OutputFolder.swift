import Foundation

/// The folder for results.
enum OutputFolder {
    /// A folder that cannot be written to.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes the folder, so that a long run does not find out at its end that it cannot be written to.
    static func check(_ folder: URL) throws(Failure) {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw Failure(description: "--output \(folder.path): the folder cannot be made; name one that can")
        }
        guard FileManager.default.isWritableFile(atPath: folder.path) else {
            throw Failure(description: "--output \(folder.path): is not writable; name another folder")
        }
    }
}
