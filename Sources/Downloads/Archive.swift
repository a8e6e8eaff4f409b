import Foundation
import Reporting

/// An archive as data sets are distributed in, which a program of the system's unpacks.
struct Archive {
    /// The file.
    let url: URL
    /// The folder that has everything in it.
    let folder: String

    private let program: Program

    private var isZip: Bool { url.pathExtension == "zip" }

    /// An archive, and the program for it.
    ///
    /// - Throws: `DownloadError.noProgram`.
    init(_ url: URL, folder: String, searchPath: String? = nil) throws(DownloadError) {
        let name = url.pathExtension == "zip" ? "unzip" : "tar"
        guard let program = Program(name, searchPath: searchPath) else {
            throw .noProgram(name, package: name, archive: url.lastPathComponent)
        }
        self.url = url
        self.folder = folder
        self.program = program
    }

    /// Unpacks the archive, once it is clear that all of it would come to lie in its folder.
    ///
    /// - Parameter place: An empty folder of its own.
    /// - Returns: Where the folder of the archive is.
    /// - Throws: `DownloadError`.
    func unpack(into place: URL) throws(DownloadError) -> URL {
        if let member = try unsafeMember() { throw .unsafeArchive(path: url.path, member: member) }
        _ = try run(
            isZip ? ["-q", "-o", url.path, "-d", place.path] : ["-xzf", url.path, "-C", place.path, "--no-same-owner"])
        return place.appendingPathComponent(folder, isDirectory: true)
    }

    /// The first member that is not in the folder, or is neither a file nor a folder; nil if there is none.
    private func unsafeMember() throws(DownloadError) -> String? {
        let names = try lines(isZip ? ["-Z1", url.path] : ["-tzf", url.path])
        let isInFolder = { (name: String) in
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            return parts.first.map { $0 == folder } == true && !parts.contains("..")
        }
        if let name = names.first(where: { !isInFolder($0) }) { return name }
        // Links could lead what is unpacked after them elsewhere. A line of the long list begins with the kind of the member; without
        // the pattern that of zip has a head and a foot.
        let lines = try lines(isZip ? ["-Z", "-s", url.path, "*"] : ["-tvzf", url.path])
        return lines.first { !["-", "d"].contains($0.prefix(1)) }
    }

    private func lines(_ arguments: [String]) throws(DownloadError) -> [String] {
        String(decoding: try run(arguments), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func run(_ arguments: [String]) throws(DownloadError) -> Data {
        let result: Program.Result?
        do { result = try program.run(arguments) } catch {
            throw .archive(path: url.path, reason: error.description)
        }
        if let failure = result?.failure {
            throw .archive(
                path: url.path, reason: failure.split(whereSeparator: \.isNewline).first.map(String.init) ?? failure)
        }
        return result?.output ?? Data()
    }
}
