import Foundation

/// Calls `body` with the path of a folder that does not exist yet and is removed afterwards.
package func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("teleport-tests-" + UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
