/// How far one teleport step goes along the projected gradient of the objective; eta in NS25 eq. 5.
public enum StepSize: Hashable, Sendable {
    /// The same eta for all steps, as in NS25 Table 1. The right value depends on the architecture and the data.
    case fixed(Double)

    /// The eta after which the squared gradient norm has grown by the factor `1 + rate` to first order:
    /// `rate ||g||^2 / (2 ||pi(H g)||^2)`. The rate has no unit, so that one value serves all architectures.
    case growth(Double)

    /// Eta at every point, if all steps under a cap have the same size; nil if it depends on norms.
    func constantEta(under cap: Cap) -> Double? {
        if case .fixed(let eta) = self, cap == .none { eta } else { nil }
    }

    /// Eta at a point.
    ///
    /// - Parameters:
    ///   - gradient: `||g||^2`.
    ///   - direction: `||pi(H g)||^2`.
    ///   - limit: The factor by which `||g||^2` may still grow; the step is shortened so that to first order it lands
    ///     there.
    func eta(gradient: Double, direction: Double, limit: Double) -> Double {
        // d ||g||^2 / d eta = 2 <H g, pi(H g)> = 2 ||pi(H g)||^2, since pi is an orthogonal projection.
        let perGrowth = gradient / (2 * direction)
        return switch self {
        case .fixed(let eta): min(eta, (limit - 1) * perGrowth)
        case .growth(let rate): min(rate, limit - 1) * perGrowth
        }
    }

    /// The factor by which `||g||^2` may grow in one step before the step is taken back in part: four times the growth that
    /// was asked for. There the first-order picture has ended, and a cap with it. A fixed step is as published, whatever
    /// comes of it.
    func largestGrowth(limit: Double) -> Double {
        switch self {
        case .fixed: .infinity
        case .growth(let rate): 1 + 4 * min(rate, limit - 1)
        }
    }
}
