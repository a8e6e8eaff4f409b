import Foundation
import TextForms

/// An option and the values that it takes one after the other, as `learning-rate=1e-4..1:9`.
package struct SweepRange: Hashable, Sendable {
    /// The option, by its name on the command line.
    package let option: String
    /// Its values, as texts.
    package let values: [String]

    /// The values as numbers, if all are.
    package var numbers: [Double]? {
        let numbers = values.compactMap(Double.init)
        return numbers.count == values.count ? numbers : nil
    }
}

extension SweepRange: TextConvertible {
    /// `OPTION=FROM..TO:COUNT`, so many numbers at equal ratios, or `OPTION=A,B,C`.
    package init(text: String) throws(TextError) {
        let error = TextError(
            text,
            "give OPTION=FROM..TO:COUNT with numbers above 0 and a count of 2 to 1000, as learning-rate=1e-4..1:9, or OPTION=A,B,C with "
                + "different values")
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else { throw error }
        let option = String(text[..<equals].drop { $0 == "-" })
        let list = text[text.index(after: equals)...]
        if let match = list.wholeMatch(of: /([0-9.eE+-]+?)\.\.([0-9.eE+-]+):([0-9]+)/) {
            guard let from = NumberRange.positiveNumber(match.1), let to = NumberRange.positiveNumber(match.2),
                let count = Int(match.3), (2...1000).contains(count), from != to
            else { throw error }
            let ratio = to / from
            self.init(
                option: option,
                // Four digits are enough to tell learning rates apart, and short enough to read.
                values: (0..<count).map { String(format: "%.4g", from * pow(ratio, Double($0) / Double(count - 1))) })
            return
        }
        let values = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard values.count > 1, Set(values).count == values.count, !values.contains("") else { throw error }
        self.init(option: option, values: values)
    }

    /// What is swept over most.
    package static var offers: [String] { ["learning-rate=1e-4..1:9", "optimizer=sgd,adam"] }

    /// `OPTION=A,B,C`.
    package var text: String { "\(option)=\(values.joined(separator: ","))" }
}
