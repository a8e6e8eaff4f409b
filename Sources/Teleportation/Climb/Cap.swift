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
