/// Processes that do not come together, or do not agree.
public struct ProcessGroupError: Error, Hashable, CustomStringConvertible {
    /// Which process is meant, and what to do.
    public let description: String

    init(_ description: String) { self.description = description }
}
