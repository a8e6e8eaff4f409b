import Torch

/// The group element g of GL(k) that an element T of its Lie algebra, a matrix `[k, k]`, stands for.
public enum GroupElement: String, CaseIterable, Sendable {
    /// `I + T`, with `I - T` taken for its inverse, as the papers' experiments do (ST22 section 6.1). The loss drifts by the
    /// square of T: give the teleporter a tolerance for it.
    case firstOrder = "first-order"
    /// `exp(T)`, whose inverse is `exp(-T)`.
    case exponential
}

extension GroupElement {
    /// g and what is taken for its inverse, of T or of each T of a batch, `[..., k, k]`, in operations that autograd can follow.
    ///
    /// - Parameters:
    ///   - element: T.
    ///   - norm: The norm of each T, or a bound, where it is known.
    func matrices(of element: Tensor, norm: Double = .infinity) -> (g: Tensor, inverse: Tensor) {
        switch self {
        case .firstOrder:
            let identity = Tensor.identity(element.size(-1), dtype: element.dtype, device: element.device)
            return (identity + element, identity - element)
        case .exponential where norm <= ExponentialSeries.largestNorm:
            let series = ExponentialSeries(of: element, shift: 0, norm: norm, resolution: element.dtype.epsilon)
            return (series.even + series.odd, series.even - series.odd)
        case .exponential: return (element.matrixExponential(), (-element).matrixExponential())
        }
    }
}
