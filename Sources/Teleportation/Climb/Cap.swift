import TextForms

/// The bound on the squared gradient norm at which a teleport stops; CAP in NS25 Algorithm 1.
public enum Cap: Hashable, Sendable {
    /// No bound.
    case none

    /// `||g||^2 < value`, as in NS25 Table 1.
    case fixed(Double)

    /// `||g||^2` is below the given multiple of what it was before the first step on the batch.
    case relative(Double)

    /// The decrease of the loss that the optimizer's next step promises to first order is below the given share of the
    /// loss. Beyond that the first-order picture, and with it the use of a larger gradient, ends: this is the bound that
    /// knows the learning rate and the optimizer.
    case predicted(Double)

    /// The bound, factor or share; infinite if there is none.
    var number: Double {
        switch self {
        case .none: .infinity
        case .fixed(let number), .relative(let number), .predicted(let number): number
        }
    }

    /// The factor by which `||g||^2` may still grow: at most 1 if the cap is reached.
    ///
    /// The decrease that is predicted is taken to grow as `||g||^2` does, which for SGD is exact.
    ///
    /// - Parameters:
    ///   - point: Where the climb is.
    ///   - start: `||g||^2` before the first step on the batch.
    ///   - loss: The loss, which teleporting does not change.
    func limit(at point: Point, start: Double, loss: Double) -> Double {
        switch self {
        case .none: .infinity
        case .fixed(let bound): bound / point.squaredNorm
        case .relative(let factor): factor * start / point.squaredNorm
        case .predicted(let share):
            // A step that momentum leads uphill promises nothing, and nothing is below every share.
            max(share * abs(loss) / max(point.predictedDecrease, .leastNonzeroMagnitude), 0)
        }
    }
}

extension Cap: TextConvertible, CustomStringConvertible {
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

    /// One of each kind.
    package static var offers: [String] { ["predicted:0.1", "fixed:5", "relative:10", "none"] }

    /// `fixed:5`, `relative:10`, `predicted:0.1` or `none`.
    package var text: String {
        switch self {
        case .none: "none"
        case .fixed(let bound): "fixed:\(bound.shortText)"
        case .relative(let factor): "relative:\(factor.shortText)"
        case .predicted(let share): "predicted:\(share.shortText)"
        }
    }

    /// The text form, as `predicted:0.1`.
    public var description: String { text }
}
