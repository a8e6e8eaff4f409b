import Foundation

extension URL {
    /// The file of this name in the folder, with or without the suffix of gzip, if there is one.
    func existingFile(_ name: String) -> URL? {
        [name, name + ".gz"].map { appendingPathComponent($0) }
            .first { FileManager.default.fileExists(atPath: $0.path) }
    }
}
