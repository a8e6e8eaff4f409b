extension String {
    /// The numbers of a list such as `0,2,4`, which may end in a comma; nil if it is none.
    package var listedIntegers: [Int]? {
        let numbers = (hasSuffix(",") ? dropLast() : self[...]).split(separator: ",", omittingEmptySubsequences: false)
            .map { Int($0) }
        return numbers.contains(nil) ? nil : numbers.compactMap(\.self)
    }
}

extension Double {
    /// The number as people write it: 1 and not 1.0.
    package var shortText: String { self == rounded() && magnitude < 1e15 ? String(Int(self)) : String(self) }
}

/// How large and how small the numbers are that people may give.
package enum NumberRange {
    /// Numbers above zero: single precision holds them, and their products with what a training computes.
    package static let positive = 1e-30...1e30
    /// The largest integer: counts of this size can be multiplied.
    package static let largestInteger = 1_000_000_000

    /// The range of numbers above zero, for people.
    package static let description = "from 1e-30 to 1e30"

    /// The number above zero that a text is; nil if it is none, or out of range.
    package static func positiveNumber(_ text: some StringProtocol) -> Double? {
        Double(text).flatMap { positive.contains($0) ? $0 : nil }
    }

    /// Whether a text is a number whose magnitude is zero or in range.
    package static func contains(_ number: Double) -> Bool { number == 0 || positive.contains(number.magnitude) }

    /// The integer that a text is.
    ///
    /// - Throws: `TextError` if it is none within the bounds.
    package static func integer(_ text: String, in range: ClosedRange<Int>) throws(TextError) -> Int {
        if let value = Int(text), range.contains(value) { return value }
        guard range.upperBound == largestInteger else {
            throw TextError(text, "give an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        // An integer of more than 64 bits is a number still.
        let isTooLarge = Double(text).map { $0 == $0.rounded() && $0 > Double(range.upperBound) } ?? false
        throw TextError(
            text,
            isTooLarge
                ? "give an integer of at most \(largestInteger)" : "give an integer of at least \(range.lowerBound)")
    }
}
