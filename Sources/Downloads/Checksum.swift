import Crypto
import Datasets
import Foundation

/// The SHA-256 of files.
enum Checksum {
    /// The SHA-256 of a file, in hexadecimal digits.
    ///
    /// - Parameter inflating: Whether it is of what the file stands for where its name ends in `.gz`.
    /// - Throws: `DatasetError.file` if the file cannot be read, or is damaged.
    static func of(_ url: URL, inflating: Bool = false) throws(DatasetError) -> String {
        var hash = SHA256()
        try FileBytes.forEach(of: url, inflating: inflating) { hash.update(bufferPointer: $0) }
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}

extension DatasetSource.File {
    /// The name of the file as it is read, without the suffix of gzip.
    var plainName: String { name.hasSuffix(".gz") ? String(name.dropLast(3)) : name }

    /// What the checksums say of a file.
    enum Match {
        /// It is the file as it is distributed, or has the same in it.
        case same
        /// It has something else in it.
        case other(found: String, expected: String)
        /// It is another file than is distributed, and what should be in it is not known.
        case unknown
    }

    /// Holds a file against the checksums, whether it is compressed as the distributed one is or not.
    ///
    /// - Throws: `DatasetError.file` if the file cannot be read, or is damaged.
    func match(_ url: URL) throws(DatasetError) -> Match {
        let isCompressed = name.hasSuffix(".gz")
        if isCompressed, url.pathExtension == "gz", try Checksum.of(url) == checksum { return .same }
        guard let expected = isCompressed ? contentChecksum : checksum else { return .unknown }
        let sum = try Checksum.of(url, inflating: url.pathExtension == "gz")
        return sum == expected ? .same : .other(found: sum, expected: expected)
    }
}
