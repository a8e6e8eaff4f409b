import Foundation
import Testing

@testable import Datasets

/// Checks that every beginning of a file, and several hundred damaged copies of it, are either read or refused with an
/// error that names the file.
///
/// - Parameters:
///   - original: The bytes of the file.
///   - name: Where the copies are written.
///   - folder: The folder for them.
///   - random: Decides the damage.
///   - read: Reads a copy and checks what comes of it.
func expectSurvival(
    of original: [UInt8], writtenTo name: String, in folder: TemporaryFolder, using random: inout SplitMix64,
    read: (URL) throws -> Void
) throws {
    let damaged = (0..<400).map { _ in
        var bytes = original
        for _ in 0...random.integer(below: 4) {
            // Half of the damage goes where the header of gzip, or of a table, is.
            let end = random.integer(below: 2) == 0 ? min(16, bytes.count) : bytes.count
            bytes[random.integer(below: end)] = UInt8(random.integer(below: 256))
        }
        if random.integer(below: 3) == 0 { bytes.removeLast(random.integer(below: bytes.count)) }
        return bytes
    }
    for bytes in (0..<original.count).map({ Array(original[..<$0]) }) + damaged {
        let url = try folder.write(bytes, to: name)
        do {
            try read(url)
        } catch let error as DatasetError {
            guard case .file(path: url.path, _) = error else {
                Issue.record("an error about another file: \(error)")
                continue
            }
        }
    }
}
