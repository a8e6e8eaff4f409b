/// A value that people write on the command line and in configuration files as a short text, and read in reports.
package protocol TextConvertible {
    /// The value that a text stands for.
    ///
    /// - Throws: `TextError` if it stands for none.
    init(text: String) throws(TextError)

    /// The text that stands for the value.
    var text: String { get }

    /// Texts to choose from, or to begin with, which completions offer; empty where a number is asked for.
    static var offers: [String] { get }
}

extension TextConvertible {
    /// Nothing.
    package static var offers: [String] { [] }
}

/// A value that is one of a few words.
package protocol ChoiceConvertible: TextConvertible, RawRepresentable<String>, CaseIterable {}

extension ChoiceConvertible {
    /// The value whose raw value a text is.
    package init(text: String) throws(TextError) {
        guard let value = Self(rawValue: text) else {
            throw TextError(text, "give \(Self.allCases.map(\.rawValue).alternatives)")
        }
        self = value
    }

    /// The raw value.
    package var text: String { rawValue }

    /// All raw values.
    package static var offers: [String] { allCases.map(\.rawValue) }
}

/// A text that stands for no value of the kind that was asked for.
package struct TextError: Error, Hashable, CustomStringConvertible {
    /// The text.
    package let text: String
    /// What to write instead, as `give 0,2,4`.
    package let remedy: String

    /// The error of a text, and what to write instead of it.
    package init(_ text: String, _ remedy: String) {
        self.text = text
        self.remedy = remedy
    }

    /// What is wrong with which text, and what to write instead.
    package var description: String { "'\(text)': \(remedy)" }
}
