import Foundation

/// The numbers that a run found, as its file of results holds them.
package protocol Record: Encodable {}

extension Record {
    /// The record as JSON: indented, keys sorted, non-finite numbers null, a newline at the end.
    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Writes the record as JSON, whole or not at all: whoever reads the file meanwhile sees the old one or the new one.
    ///
    /// The folder is made if need be.
    ///
    /// - Throws: ``ReportError/unwritable(path:reason:)``.
    package func write(to file: URL) throws(ReportError) {
        let contents: Data
        do { contents = try json() } catch {
            throw .unwritable(path: file.path, reason: ReportError.reason(of: error))
        }
        try AtomicFile.write([(file, contents)])
    }
}

extension JSONValue: Record {}
extension Array: Record where Element: Record {}
