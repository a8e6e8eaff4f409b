import Datasets
import Foundation

extension Downloader {
    /// What came of the download of a data set.
    package enum Result: Equatable {
        /// It is generated, and needs no files.
        case generated
        /// All files were there, in a folder.
        case alreadyThere(folder: String)
        /// What was missing has been fetched into a folder.
        case fetched(folder: String)
    }

    /// Brings the files of a data set into a data folder, where its reader finds them.
    ///
    /// Files that are there and whole are not fetched again. An archive is unpacked beside the place of its files, and removed then.
    ///
    /// - Parameters:
    ///   - mirrors: The addresses of folders that have the files, in place of the known ones.
    ///   - overwriting: Whether files that are not those that are published are replaced.
    /// - Throws: `DownloadError`.
    package func fetch(
        _ name: DatasetName, from mirrors: [String]? = nil, into catalog: Catalog, overwriting: Bool = false
    ) throws(DownloadError) -> Result {
        guard let source = name.source else { return .generated }
        return try fetch(name, of: source, from: mirrors, into: catalog, overwriting: overwriting)
    }

    /// Brings the files of a data set of a source.
    func fetch(
        _ name: DatasetName, of source: DatasetSource, from mirrors: [String]?, into catalog: Catalog,
        overwriting: Bool = false
    ) throws(DownloadError) -> Result {
        guard let location = catalog.location(of: name) else { return .generated }
        let found = Verification(of: name, from: source, in: catalog)
        if found.isWhole { return .alreadyThere(folder: location.folder.path) }
        if !overwriting { try found.refuseToReplace() }
        if let archiveFolder = source.archiveFolder {
            for file in source.files {
                let archive = try archive(file, from: mirrors, beside: location, in: catalog)
                try unpack(
                    archive.url, folder: archiveFolder, into: location.folder, of: catalog, overwriting: overwriting)
                // One that someone else put there is theirs.
                if archive.isFetched { unlink(archive.url.path) }
            }
            let unpacked = Verification(of: name, from: source, in: catalog)
            guard unpacked.isWhole else {
                throw .unusable(dataset: name.rawValue, reason: unpacked.complaint ?? "files are missing")
            }
            return .fetched(folder: location.folder.path)
        }
        for (file, published) in zip(found.files, source.files)
        where found.misfit != nil || ![.published, .read].contains(file.state) {
            let place = try fetch(published, from: mirrors, into: location.folder)
            // Of two that could be meant, the reader would take the old one.
            if file.state != .missing, file.url.path != place.path { unlink(file.url.path) }
        }
        return .fetched(folder: location.folder.path)
    }

    /// The archive of a data set: one that is there, or else the one that is fetched.
    private func archive(
        _ file: DatasetSource.File, from mirrors: [String]?, beside location: DatasetLocation, in catalog: Catalog
    ) throws(DownloadError) -> (url: URL, isFetched: Bool) {
        for folder in location.candidates + [catalog.folder] {
            let url = folder.appendingPathComponent(file.name)
            if case .same? = try? file.match(url) { return (url, false) }
        }
        return (try fetch(file, from: mirrors, into: catalog.folder), true)
    }

    private func unpack(
        _ archive: URL, folder: String, into destination: URL, of catalog: Catalog, overwriting: Bool
    ) throws(DownloadError) {
        tell("unpacking \(archive.lastPathComponent)")
        Self.removeRemains(in: catalog.folder)
        let place = catalog.folder.appendingPathComponent(Self.unpacked + UUID().uuidString, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: place) }
            let unpacked = try Archive(archive, folder: folder).unpack(into: place)
            try Self.merge(unpacked, into: destination, overwriting: overwriting)
        } catch let error as DownloadError {
            throw error
        } catch {
            throw .archive(path: archive.path, reason: (error as NSError).localizedDescription)
        }
    }

    /// What the name of a folder begins with that an archive is unpacked into.
    private static let unpacked = ".unpacked-"

    /// Removes what downloads that were killed have left behind: folders that nothing was written into for a day.
    private static func removeRemains(in folder: URL) {
        let key = URLResourceKey.contentModificationDateKey
        let all = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: [key])
        for place in all ?? [] where place.lastPathComponent.hasPrefix(unpacked) {
            let date = try? place.resourceValues(forKeys: [key]).contentModificationDate
            guard let date, date.timeIntervalSinceNow < -86_400 else { continue }
            try? FileManager.default.removeItem(at: place)
        }
    }

    /// Moves what a folder has into another one, file by file only where both have something.
    private static func merge(_ folder: URL, into destination: URL, overwriting: Bool) throws {
        func isFolder(_ url: URL) -> Bool {
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
        }
        guard isFolder(folder), isFolder(destination) else {
            if FileManager.default.fileExists(atPath: destination.path) {
                guard overwriting else { return }
                try FileManager.default.removeItem(at: destination)
            }
            return try FileManager.default.moveItem(at: folder, to: destination)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try merge(
                folder.appendingPathComponent(name), into: destination.appendingPathComponent(name),
                overwriting: overwriting)
        }
    }
}

extension Verification {
    /// The first thing that is wrong with what is there; nil if nothing is.
    fileprivate var complaint: String? {
        for file in files { if case .altered(let reason) = file.state { return "\(file.url.path): \(reason)" } }
        return misfit
    }

    /// Refuses to replace what someone has put there.
    ///
    /// - Throws: `DownloadError.altered`.
    fileprivate func refuseToReplace() throws(DownloadError) {
        for file in files {
            if case .altered(let reason) = file.state { throw .altered(path: file.url.path, reason: reason) }
        }
        if let misfit { throw .altered(path: files.first?.url.deletingLastPathComponent().path ?? "", reason: misfit) }
    }
}
