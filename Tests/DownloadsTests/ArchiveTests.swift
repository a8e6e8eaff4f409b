import Foundation
import Reporting
import TestSupport
import Testing

@testable import Downloads

/// Unpacking archives by the system's programs.
@Suite struct ArchiveTests {
    private static let hasUnzip = Program("unzip") != nil

    /// Unpacks an archive into a folder of its own.
    private func unpack(_ bytes: [UInt8], _ name: String, in folder: URL) throws -> URL {
        let place = folder.appendingPathComponent("place")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        return try Archive(folder.write(bytes, to: name), folder: "top").unpack(into: place)
    }

    private func content(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

    @Test func unpacksTar() throws {
        try withTemporaryFolder { folder in
            try folder.write(Array("one".utf8), to: "source/top/a b.txt")
            try folder.write(Array("two".utf8), to: "source/top/sub/c.txt")
            let bytes = try tar(["top"], in: folder.appendingPathComponent("source"))
            let top = try unpack(bytes, "x.tar.gz", in: folder)
            #expect(try content(top.appendingPathComponent("a b.txt")) == "one")
            #expect(try content(top.appendingPathComponent("sub/c.txt")) == "two")
        }
    }

    @Test(.enabled(if: hasUnzip, "needs unzip")) func unpacksZip() throws {
        try withTemporaryFolder { folder in
            let bytes = zip([("top/", []), ("top/a b.txt", Array("one".utf8)), ("top/sub/c.txt", Array("two".utf8))])
            let top = try unpack(bytes, "x.zip", in: folder)
            #expect(try content(top.appendingPathComponent("a b.txt")) == "one")
            #expect(try content(top.appendingPathComponent("sub/c.txt")) == "two")
        }
    }

    @Test("What would come to lie elsewhere is refused before anything is unpacked")
    func refusesTar() throws {
        for (members, named) in [
            (["top", "../outside"], "../outside"), (["top", "top/../../outside"], "top/../../outside"),
            (["top", "other"], "other/"), (["top", "/dev/null"], "/dev/null"), (["linked"], "top"),
        ] {
            try withTemporaryFolder { folder in
                let source = folder.appendingPathComponent("source")
                try source.write([1], to: "top/a")
                try source.write([1], to: "other/a")
                try folder.write([1], to: "outside")
                var members = members
                if members == ["linked"] {
                    try FileManager.default.createSymbolicLink(
                        atPath: source.appendingPathComponent("top/link").path, withDestinationPath: "/etc")
                    members = ["top"]
                }
                let error = #expect(throws: DownloadError.self) {
                    try unpack(tar(members, in: source), "x.tar.gz", in: folder)
                }
                guard case .unsafeArchive(_, let member) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(member.contains(named))
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("place").path)
                        .isEmpty)
            }
        }
    }

    @Test(
        "The same for zip", .enabled(if: hasUnzip, "needs unzip"),
        arguments: ["../outside", "top/../../outside", "/outside", "other/a", "top/link"])
    func refusesZip(member: String) throws {
        try withTemporaryFolder { folder in
            let bytes = zip([("top/a", [1]), (member, Array("/etc".utf8))], links: ["top/link"])
            let error = #expect(throws: DownloadError.self) { try unpack(bytes, "x.zip", in: folder) }
            guard case .unsafeArchive(_, let found) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(found.contains(member))
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("outside").path))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("place").path)
            #expect(names.isEmpty)
        }
    }

    @Test("A damaged archive, and a program that is missing, are each one sentence")
    func failures() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: DownloadError.self) { try unpack([1, 2, 3], "x.tar.gz", in: folder) }
            let message = "\(try #require(error))"
            #expect(message.hasPrefix("\(folder.path)/x.tar.gz could not be unpacked: ") && !message.contains("\n"))
            for (name, program) in [("x.zip", "unzip"), ("x.tar.gz", "tar")] {
                let missing = #expect(throws: DownloadError.self) {
                    try Archive(folder.appendingPathComponent(name), folder: "top", searchPath: "/nowhere")
                }
                #expect(
                    "\(try #require(missing))"
                        == "\(program) is not installed, and \(name) is to be unpacked; install it (Debian: apt install "
                        + "\(program)), and run it again")
            }
        }
    }
}
