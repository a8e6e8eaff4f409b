/// A range whose end comes before its beginning, as people write it who think of a countdown: `4-0` or `4..<0`.
package struct BackwardRange: Hashable, Sendable {
    /// The range as it is written.
    package let text: String
    /// The same one with the smaller number first.
    package let forward: String

    /// The first such range in a list; nil if there is none.
    package init?(in list: String) {
        for match in list.matches(of: /([0-9]+)(-|\.\.<)([0-9]+)/) {
            guard let first = Int(match.1), let last = Int(match.3), last < first else { continue }
            text = String(match.0)
            forward = match.2 == "-" ? "\(last)-\(first)" : "\(last)..<\(first)"
            return
        }
        return nil
    }

    /// What to write instead.
    package var remedy: String { "\(text) goes backwards; give the smaller number first, as \(forward)" }
}
