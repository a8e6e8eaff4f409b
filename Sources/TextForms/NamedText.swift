/// A text of the form `name:argument`, or `name` alone.
package struct NamedText {
    /// What stands before the first colon.
    package let name: Substring
    /// What stands after the first colon, if there is one.
    package let argument: Substring?

    /// The parts of a text.
    package init(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        name = parts.first ?? ""
        argument = parts.count > 1 ? parts[1] : nil
    }

    /// The argument as a number above zero, within `NumberRange`.
    package var positiveNumber: Double? { argument.flatMap { NumberRange.positiveNumber($0) } }
}

extension TextError {
    /// The error, which says how far numbers go where the text has one that goes farther.
    package var namingRange: TextError {
        guard let number = Double(NamedText(text).argument ?? text[...]), !number.isNaN, !NumberRange.contains(number)
        else { return self }
        guard !remedy.hasSuffix(NumberRange.description) else { return self }
        return TextError(text, "\(remedy); numbers go \(NumberRange.description)")
    }
}
