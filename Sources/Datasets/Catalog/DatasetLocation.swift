import Foundation

/// Where the files of a data set are looked for, and which of them are there.
package struct DatasetLocation: Sendable {
    /// The folders where they are looked for, in this order.
    package let candidates: [URL]
    /// The first folder that has any of them, or else the first of all, where they belong.
    package let folder: URL
    /// What is looked for in it.
    package let parts: [Part]

    /// A file of a data set, or a folder of files.
    package struct Part: Sendable {
        /// Its usual name, without the suffix of gzip.
        package let name: String
        /// Where it is; nil if it is missing.
        package let url: URL?
    }

    /// Whether nothing is missing.
    package var isComplete: Bool { parts.allSatisfy { $0.url != nil } }

    /// Whether there is nothing at all.
    package var isEmpty: Bool { parts.allSatisfy { $0.url == nil } }
}
