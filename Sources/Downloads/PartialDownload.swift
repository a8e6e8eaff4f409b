import Datasets
import Foundation

/// A file that arrives: what has come of it, and of which file at which address that is, so that a later run can go on with it.
final class PartialDownload: Sendable {
    /// Which file it is a part of.
    struct Origin: Codable, Equatable {
        let address: URL
        /// The tag that the server gives the version of the file.
        let entityTag: String?
        /// When the file changed last, as the server says it.
        let lastModified: String?
        /// The bytes of the whole file.
        let length: Int?

        /// What tells a server which version of the file a part is of; a weak tag says too little.
        var validator: String? {
            if let entityTag, !entityTag.hasPrefix("W/") { return entityTag }
            return lastModified
        }
    }

    let file: PartialFile
    private let record: URL

    /// The part of a file that is to be at `url`, waiting if another process is fetching it.
    ///
    /// - Throws: `DownloadError.unwritable` if there can be no such file here.
    init(of url: URL) throws(DownloadError) {
        let folder = url.deletingLastPathComponent()
        let path = folder.appendingPathComponent(".\(url.lastPathComponent).part").path
        record = folder.appendingPathComponent(".\(url.lastPathComponent).origin")
        guard let file = PartialFile(path: path, keepingContent: true) else {
            throw .unwritable(path: path, reason: String(cString: strerror(errno)))
        }
        self.file = file
    }

    /// Where what has come is from; nil if that is not known.
    var origin: Origin? {
        (try? Data(contentsOf: record)).flatMap { try? JSONDecoder().decode(Origin.self, from: $0) }
    }

    /// Begins anew with a file of another origin, or none.
    ///
    /// - Throws: `DatasetError.file` if the operating system refuses.
    func begin(_ origin: Origin?) throws(DatasetError) {
        // In this order: bytes that are there are never of another file than is recorded.
        try file.clear()
        unlink(record.path)
        guard let origin, let data = try? JSONEncoder().encode(origin) else { return }
        // Without the record a later run begins anew, which is no reason to end this one.
        try? data.write(to: record, options: .atomic)
    }

    /// Puts the file in place.
    ///
    /// - Throws: `DatasetError.file` if the operating system refuses.
    func finish(at url: URL) throws(DatasetError) {
        try file.putInPlace(url.path)
        unlink(record.path)
    }

    /// Removes what has come.
    func remove() {
        unlink(record.path)
        file.remove()
    }
}
