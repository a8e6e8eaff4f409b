import Foundation

/// What a folder has, for error messages.
public struct FolderContents: Hashable, Sendable {
    /// The folder.
    public let path: String
    /// The names in it that are not hidden, in order; those of folders end in `/`.
    public let names: [String]

    init(path: String, names: [String]) {
        self.path = path
        self.names = names
    }

    /// Looks into a folder; nil if there is none.
    init?(of folder: URL) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else { return nil }
        path = folder.path
        self.names = names.filter { !$0.hasPrefix(".") }.sorted().map { name in
            var isFolder: ObjCBool = false
            FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path, isDirectory: &isFolder)
            return isFolder.boolValue ? name + "/" : name
        }
    }
}

extension FolderContents: CustomStringConvertible {
    /// The folder and the first names in it: `/data/mnist has a.gz, b.gz and 3 more`.
    public var description: String {
        guard !names.isEmpty else { return "\(path) is empty" }
        let shown = names.prefix(4).map { String(excerptOf: $0.utf8, length: 40) }.joined(separator: ", ")
        return "\(path) has \(shown)" + (names.count > 4 ? " and \(names.count - 4) more" : "")
    }
}
