import Foundation

/// The files of a data set, by all names and in all folders under which they are found.
struct FileSearch {
    /// The name of the data set.
    let dataset: String
    /// The folder with one subfolder for each data set.
    let root: URL
    /// The subfolders where the files may be; the first is where they belong.
    let folders: [String]
    /// The names of each file, each as it is or with the suffix of gzip; the first is the usual one.
    let files: [[String]]
    /// The archives in which the files are distributed.
    var archives: [String] = []
    /// What there is where someone has another version of the data set, and the archive to take instead.
    var otherVersion: (signs: [String], archive: String)?

    /// Where the files are, in their order: all in one folder, the first that has any of them.
    ///
    /// All are looked up before any is read, so that one error can name all that are missing.
    ///
    /// - Throws: `DatasetError` if there is no data folder, or files are missing.
    func urls() throws(DatasetError) -> [URL] {
        try checkDataFolder(for: files.map { $0[0] })
        let location = location
        let missing = location.parts.filter { $0.url == nil }.map(\.name)
        guard missing.isEmpty else { throw error(missing: missing, in: location.folder) }
        return location.parts.compactMap(\.url)
    }

    /// Where the files are, or are missing: all in one folder, the first that has any of them.
    var location: DatasetLocation {
        let folder =
            candidates.first { folder in files.contains { Self.file(named: $0, in: folder) != nil } } ?? candidates[0]
        return DatasetLocation(
            candidates: candidates, folder: folder,
            parts: files.map { DatasetLocation.Part(name: $0[0], url: Self.file(named: $0, in: folder)) })
    }

    /// Checks that the data folder can be looked into.
    ///
    /// - Parameter files: What to put into it where there is none.
    /// - Throws: `DatasetError.dataFolder`.
    func checkDataFolder(for files: [String]) throws(DatasetError) {
        let defect: DataFolderDefect
        if let directory = opendir(root.path) {
            closedir(directory)
            // A folder may be listed and not entered.
            guard access(root.path, X_OK) != 0 else { return }
            defect = .unreadable(String(cString: strerror(errno)))
        } else {
            switch errno {
            case ENOENT: defect = .missing(files: files, folder: candidates[0].path)
            case ENOTDIR: defect = .notAFolder
            case let code: defect = .unreadable(String(cString: strerror(code)))
            }
        }
        throw .dataFolder(dataset: dataset, path: root.path, defect)
    }

    /// The error that files, or folders, are missing in a folder.
    func error(missing: [String], in folder: URL) -> DatasetError {
        .missingFiles(
            dataset: dataset, folder: folder.path, files: missing,
            found: FolderContents(of: folder) ?? FolderContents(of: root) ?? FolderContents(path: root.path, names: []),
            remedy: remedy(for: missing, in: folder))
    }

    /// The folders where the files may be.
    var candidates: [URL] { folders.map { root.appendingPathComponent($0) } }

    private static func file(named names: [String], in folder: URL) -> URL? {
        names.flatMap { [$0, $0 + ".gz"] }.lazy.map { folder.appendingPathComponent($0) }
            .first { FileManager.default.fileExists(atPath: $0.path) }
    }

    private func remedy(for missing: [String], in folder: URL) -> MissingFilesRemedy {
        let places = [folder, root]
        func exists(_ name: String, in folder: URL) -> Bool {
            FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
        }
        if let otherVersion, places.contains(where: { place in otherVersion.signs.contains { exists($0, in: place) } })
        {
            return .takeVersion(archive: otherVersion.archive)
        }
        for place in places {
            if let archive = archives.first(where: { exists($0, in: place) }) {
                return .unpack(archive: place.appendingPathComponent(archive).path)
            }
        }
        if files.contains(where: { Self.file(named: $0, in: root) != nil }) {
            // Whoever names the folder of the data set itself means the one above it.
            return folders.contains(root.lastPathComponent)
                ? .nameFolder(root.deletingLastPathComponent().path)
                : .moveInto(root.appendingPathComponent(folders[0]).path)
        }
        return archives.isEmpty ? .put : .putOrUnpack(archive: archives[0])
    }
}
