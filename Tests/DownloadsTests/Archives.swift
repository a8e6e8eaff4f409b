import Foundation
import Reporting

/// The bytes of a zip archive of files that are not compressed (PKWARE's APPNOTE, 4.3).
///
/// - Parameter links: The names of members that are symbolic links to what their content says.
func zip(_ files: [(name: String, content: [UInt8])], links: Set<String> = []) -> [UInt8] {
    func bytes(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var body: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in files {
        let sizes = bytes(Int(crc32(content)), 4) + bytes(content.count, 4) + bytes(content.count, 4)
        // Version 1.0, no flags, stored, and a time.
        let common =
            bytes(10, 2) + bytes(0, 4) + bytes(0, 2) + bytes(0x21, 2) + sizes + bytes(name.utf8.count, 2) + bytes(0, 2)
        // Made on Unix, where the upper half of the attributes is the mode.
        let mode = links.contains(name) ? 0o120777 : name.hasSuffix("/") ? 0o040755 : 0o100644
        directory += [0x50, 0x4b, 1, 2] + bytes(0x031e, 2) + common + bytes(0, 6) + bytes(mode << 16, 4)
        directory += bytes(body.count, 4) + Array(name.utf8)
        body += [0x50, 0x4b, 3, 4] + common + Array(name.utf8) + content
    }
    let end = [0x50, 0x4b, 5, 6] + bytes(0, 4) + bytes(files.count, 2) + bytes(files.count, 2)
    return body + directory + end + bytes(directory.count, 4) + bytes(body.count, 4) + bytes(0, 2)
}

/// The checksum of zip.
private func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in
        (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
    }
}

/// The bytes of a compressed tar archive, as GNU tar makes it.
///
/// - Parameters:
///   - folder: The folder that it is made in.
///   - members: What goes into it, by the names that it gets, those that lead elsewhere among them.
func tar(_ members: [String], in folder: URL) throws -> [UInt8] {
    let file = folder.appendingPathComponent("\(UUID().uuidString).tar.gz")
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = Program("tar")?.executable
    process.arguments = ["-P", "-czf", file.path, "-C", folder.path] + members
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return [UInt8](try Data(contentsOf: file))
}

extension URL {
    /// Writes a file in this folder, making the folders on the way to it.
    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> URL {
        let file = appendingPathComponent(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return file
    }
}
