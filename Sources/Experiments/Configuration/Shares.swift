import TextForms

/// Shares of the energy of inputs, as values of tau.
package struct Shares: Hashable, Sendable, TextConvertible {
    /// In the order given.
    package let values: [Double]

    /// The given shares, each above 0 and at most 1.
    package init(_ values: [Double]) { self.values = values }

    /// `0.99` or `0.9,0.99,1`.
    package init(text: String) throws(TextError) {
        let values = text.split(separator: ",").map { Double($0) ?? 0 }
        guard !values.isEmpty, values.allSatisfy({ $0 > 0 && $0 <= 1 }), Set(values).count == values.count else {
            throw TextError(text, "give different shares above 0 and at most 1, as 0.9,0.99,1")
        }
        self.init(values)
    }

    /// `0.9,0.99,1`.
    package var text: String { values.map(\.shortText).joined(separator: ",") }
}
