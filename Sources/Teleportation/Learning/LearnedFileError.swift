/// A file that is to hold what was learned, and cannot be used.
public struct LearnedFileError: Error, Hashable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it, and what to do.
    private let reason: String

    /// An error of a file.
    package init(_ path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    /// A sentence for people, which names the file and says what to use instead.
    public var description: String { "\(path): \(reason)" }
}
