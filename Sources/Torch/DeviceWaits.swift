import Synchronization

/// How often the program has waited for a device to be done with all that it was asked for.
///
/// A GPU works on while the program asks for more, until a number is read back: then it runs dry, and has nothing to do
/// before the program has asked again. What reads numbers back is counted on a CPU as well, where it costs nothing, so
/// that a step can be held to its number without a GPU: `item()`, `elements(as:)`, `isAllFinite()`, and the decompositions
/// that look whether they converged; on a GPU also what moves tensors from there. What libtorch does inside of other
/// operations is not seen.
package enum DeviceWaits {
    private static let waits = Atomic(0)

    /// The waits of all threads since the program began.
    private static var count: Int { waits.load(ordering: .relaxed) }

    /// The waits of all threads while a body runs.
    package static func count(in body: () throws -> Void) rethrows -> Int {
        let before = count
        try body()
        return count - before
    }

    /// Counts one.
    static func add() { waits.add(1, ordering: .relaxed) }
}
