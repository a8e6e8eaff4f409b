import Foundation

/// Why a data set could not be downloaded; the description is one sentence that says what to do.
package enum DownloadError: Error, Equatable, Sendable {
    /// None of the addresses gave a file: what became of each, and where the file belongs.
    case unavailable(file: String, attempts: [String], folder: String)
    /// A file cannot be written, for the reason given.
    case unwritable(path: String, reason: String)
    /// There is not enough room for a file.
    case noRoom(file: String, needed: Int, available: Int, folder: String)
    /// A file is there and is not the one that is published.
    case altered(path: String, reason: String)
    /// The program that unpacks an archive is not installed.
    case noProgram(String, package: String, archive: String)
    /// An archive could not be unpacked, for the reason given.
    case archive(path: String, reason: String)
    /// An archive has something in it that would not come to lie in its folder.
    case unsafeArchive(path: String, member: String)
    /// An address that is none.
    case address(String)
    /// Files that were unpacked cannot be read, for the reason given.
    case unusable(dataset: String, reason: String)
}

extension DownloadError: CustomStringConvertible {
    /// One sentence for the user.
    package var description: String {
        switch self {
        case .unavailable(let file, let attempts, let folder):
            "\(file) could not be downloaded: \(attempts.joined(separator: "; ")); check the network and run it again, which goes on "
                + "from what has arrived, give another address with --mirror, or put the file into \(folder) yourself"
        case .unwritable(let path, let reason):
            "cannot write \(path): \(reason); make room or check the permissions, and run it again, which goes on from what has "
                + "arrived"
        case .noRoom(let file, let needed, let available, let folder):
            "\(file) takes \(needed.bytesText), and \(folder) has room for \(available.bytesText); make room, or name another folder "
                + "with --data"
        case .altered(let path, let reason): "\(path): \(reason); give --overwrite to replace it"
        case .noProgram(let name, let package, let archive):
            "\(name) is not installed, and \(archive) is to be unpacked; install it (Debian: apt install \(package)), and run it "
                + "again"
        case .archive(let path, let reason):
            "\(path) could not be unpacked: \(reason); make room if the disk is full, else remove it and run it again"
        case .unsafeArchive(let path, let member):
            "\(path) has '\(member)' in it, which does not belong there, and was not unpacked; remove it and take the "
                + "publisher's"
        case .address(let address): "'\(address)' is no address of the web; give one such as https://example.org/data"
        case .unusable(let dataset, let reason):
            "what was unpacked for '\(dataset)' cannot be read: \(reason); run it again with --overwrite"
        }
    }
}

extension Int {
    /// The number of bytes in a unit to read: `12.3 MB`, `29 KB`.
    package var bytesText: String {
        let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "KB")]
        guard let (factor, unit) = units.first(where: { Double(self) >= $0.0 }) else { return "\(self) bytes" }
        let value = Double(self) / factor
        return String(format: value < 9.95 ? "%.1f" : "%.0f", value) + " " + unit
    }
}
