/// The group element g of GL(k) that an element T of its Lie algebra, a matrix `[k, k]`, stands for.
public enum GroupElement: String, CaseIterable, Sendable {
    /// `I + T`, with `I - T` taken for its inverse, as the papers' experiments do (ST22 section 6.1). The loss drifts by the
    /// square of T: give the teleporter a tolerance for it.
    case firstOrder = "first-order"
    /// `exp(T)`, whose inverse is `exp(-T)`.
    case exponential
}
