import Teleportation
import TextForms

extension StepSize: TextConvertible {
    /// `fixed:0.2` or `growth:0.5`.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        switch (named.name, named.positiveNumber) {
        case ("fixed", let eta?): self = .fixed(eta)
        case ("growth", let rate?): self = .growth(rate)
        default: throw TextError(text, "give fixed:ETA or growth:RATE with a positive number, as in growth:0.5")
        }
    }

    /// `fixed:0.2` or `growth:0.5`.
    package var text: String {
        switch self {
        case .fixed(let eta): "fixed:\(eta.shortText)"
        case .growth(let rate): "growth:\(rate.shortText)"
        }
    }
}

extension Cap: TextConvertible {
    /// `fixed:5`, `relative:10`, `predicted:0.1` or `none`.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        switch (named.name, named.positiveNumber) {
        case ("fixed", let bound?): self = .fixed(bound)
        case ("relative", let factor?): self = .relative(factor)
        case ("predicted", let share?): self = .predicted(share)
        case ("none", nil) where named.argument == nil: self = .none
        default:
            throw TextError(
                text, "give fixed:CAP, relative:FACTOR or predicted:SHARE with a positive number, or none")
        }
    }

    /// `fixed:5`, `relative:10`, `predicted:0.1` or `none`.
    package var text: String {
        switch self {
        case .none: "none"
        case .fixed(let bound): "fixed:\(bound.shortText)"
        case .relative(let factor): "relative:\(factor.shortText)"
        case .predicted(let share): "predicted:\(share.shortText)"
        }
    }
}

/// The epochs, from 0, before which teleports take place: K in NS25 Algorithm 1.
package struct TeleportEpochs: Hashable, Sendable, TextConvertible {
    /// In ascending order.
    package let epochs: [Int]

    /// The given epochs.
    package init(_ epochs: some Sequence<Int>) { self.epochs = Set(epochs).sorted() }

    /// `0..<5`, `0,2,4` or `none`.
    package init(text: String) throws(TextError) {
        let remedy = "give a range such as 0..<5, a list such as 0,2,4, or none"
        if text == "none" {
            self.init([])
        } else if let range = text.firstRange(of: "..<") {
            guard let lower = Int(text[..<range.lowerBound]), let upper = Int(text[range.upperBound...]),
                lower >= 0, upper > lower, upper <= 1_000_000
            else { throw TextError(text, remedy) }
            self.init(lower..<upper)
        } else {
            guard let epochs = text.listedIntegers, epochs.allSatisfy({ $0 >= 0 }) else {
                throw TextError(text, remedy)
            }
            self.init(epochs)
        }
    }

    /// `0..<5` where they follow each other, else `0,2,4`, or `none`.
    package var text: String {
        guard let first = epochs.first, let last = epochs.last else { return "none" }
        return epochs.count > 1 && last - first == epochs.count - 1
            ? "\(first)..<\(last + 1)" : epochs.map(String.init).joined(separator: ",")
    }
}

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
