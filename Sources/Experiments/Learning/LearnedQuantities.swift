import Teleportation
import TextForms

/// What meta-optimizers learn, one after the other.
package struct LearnedQuantities: Hashable, Sendable, TextConvertible {
    /// In the order given.
    package let values: [LearnedQuantity]

    /// The given quantities; at least one, none twice.
    package init(_ values: [LearnedQuantity]) {
        precondition(!values.isEmpty && Set(values).count == values.count, "quantities \(values)")
        self.values = values
    }

    /// `update+teleport` or `update,rate+teleport`.
    package init(text: String) throws(TextError) {
        let values = text.split(separator: ",").map { LearnedQuantity(rawValue: String($0)) }
        guard !values.isEmpty, !values.contains(nil), Set(values).count == values.count else {
            let all = LearnedQuantity.allCases.map(\.rawValue)
            throw TextError(
                text, "give \(all.alternatives), or several with commas between, as \(all.joined(separator: ","))")
        }
        self.init(values.compactMap(\.self))
    }

    /// Each of them alone.
    package static var offers: [String] { LearnedQuantity.allCases.map(\.rawValue) }

    /// `update,rate+teleport`.
    package var text: String { values.map(\.rawValue).joined(separator: ",") }
}
