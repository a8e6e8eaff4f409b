import TextForms

/// How far one teleport step goes along the projected gradient of the objective; eta in NS25 eq. 5.
public enum StepSize: Hashable, Sendable {
    /// The same eta for all steps, as in NS25 Table 1. The right value depends on the architecture and the data.
    case fixed(Double)

    /// The eta after which the objective, as the squared gradient norm, has grown by the factor `1 + rate` to first order:
    /// `rate ||g||^2 / (2 ||pi(H g)||^2)`. The rate has no unit, so that one value serves all architectures.
    case growth(Double)

    /// The eta after which the parameters have moved by the given share of their norm (in the null space, of that before the first
    /// step on the batch), or a group element by so much from the identity. It is halved and doubled from step to step as the
    /// search has it; the right share has no unit.
    case share(Double)

    /// The eta, rate or share.
    var number: Double {
        switch self {
        case .fixed(let number), .growth(let number), .share(let number): number
        }
    }

    /// Eta at every point, if all steps under a cap have the same size; nil if it depends on norms.
    func constantEta(under cap: Cap) -> Double? {
        if case .fixed(let eta) = self, cap == .none { eta } else { nil }
    }

    /// Eta at a point.
    ///
    /// - Parameters:
    ///   - value: The objective J; `1/2 ||g||^2`.
    ///   - slope: Its derivative with respect to eta; `||pi(H g)||^2`.
    ///   - limit: The factor by which J may still grow; the step is shortened so that to first order it lands there.
    ///   - fixed: What becomes of a fixed size.
    ///   - reach: Eta of a step that is as long as the parameters are.
    func eta(
        value: Double, slope: Double, limit: Double, fixed: (Double) -> Double = { $0 },
        reach: @autoclosure () -> Double = .nan
    ) -> Double {
        let perGrowth = value.magnitude / slope
        return switch self {
        case .fixed(let eta): min(fixed(eta), (limit - 1) * perGrowth)
        case .growth(let rate): min(rate, limit - 1) * perGrowth
        case .share(let share): min(share * reach(), (limit - 1) * perGrowth)
        }
    }

    /// The factor by which the objective may grow in one step before the step is taken back in part: four times the growth
    /// that was asked for. There the first-order picture has ended, and a cap with it. A fixed step is as published, whatever
    /// comes of it.
    func largestGrowth(limit: Double) -> Double {
        switch self {
        case .fixed, .share: .infinity
        case .growth(let rate): 1 + 4 * min(rate, limit - 1)
        }
    }
}

extension StepSize: TextConvertible, CustomStringConvertible {
    /// `fixed:0.2`, `growth:0.5` or `share:0.05`.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        switch (named.name, named.positiveNumber) {
        case ("fixed", let eta?): self = .fixed(eta)
        case ("growth", let rate?): self = .growth(rate)
        case ("share", let share?): self = .share(share)
        default:
            throw TextError(
                text, "give fixed:ETA or growth:RATE with a positive number, as in growth:0.5, or share:SHARE")
        }
    }

    /// One of each kind.
    package static var offers: [String] { ["growth:0.5", "fixed:0.2", "share:0.05"] }

    /// `fixed:0.2`, `growth:0.5` or `share:0.05`.
    package var text: String {
        switch self {
        case .fixed(let eta): "fixed:\(eta.shortText)"
        case .growth(let rate): "growth:\(rate.shortText)"
        case .share(let share): "share:\(share.shortText)"
        }
    }

    /// The text form, as `growth:0.5`.
    public var description: String { text }
}
