/// A value that people write on the command line and in configuration files as a short text, and read in reports.
public protocol TextConvertible {
    /// The value that a text stands for.
    ///
    /// - Throws: `TextError` if it stands for none.
    init(text: String) throws(TextError)

    /// The text that stands for the value.
    var text: String { get }
}

/// A text that stands for no value of the kind that was asked for.
public struct TextError: Error, Hashable, CustomStringConvertible {
    /// The text.
    public let text: String
    /// What to write instead, as `give 0,2,4`.
    public let remedy: String

    init(_ text: String, _ remedy: String) {
        self.text = text
        self.remedy = remedy
    }

    /// What is wrong with which text, and what to write instead.
    public var description: String { "'\(text)': \(remedy)" }
}

/// A text of the form `name:argument`, or `name` alone.
struct NamedText {
    let name: Substring
    let argument: Substring?

    init(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        name = parts.first ?? ""
        argument = parts.count > 1 ? parts[1] : nil
    }

    /// The argument as a positive number.
    var positiveNumber: Double? {
        argument.flatMap { Double($0) }.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }
}

extension String {
    /// The numbers of a list such as `0,2,4`, which may end in a comma; nil if it is none.
    var listedIntegers: [Int]? {
        let numbers = (hasSuffix(",") ? dropLast() : self[...]).split(separator: ",", omittingEmptySubsequences: false)
            .map { Int($0) }
        return numbers.contains(nil) ? nil : numbers.compactMap(\.self)
    }
}

extension Double {
    /// The number as people write it: 1 and not 1.0.
    var shortText: String { self == rounded() && magnitude < 1e15 ? String(Int(self)) : String(self) }
}
