import Torch

/// Whether a symmetry makes the loss decay faster, from the gradient before the move alone; ST22 Prop. 5.1.
///
/// The rate of decay in gradient flow is `||grad L||_eta^2 = (grad L)^T eta grad L` (ST22 eq. 9), and the gradient after
/// the move from w to `w' = g w` is `J^{-T} grad L(w)`.
///
/// ```swift
/// let condition = try AccelerationCondition(
///     gradient: booth.gradient(at: point), jacobian: booth.actionJacobian(at: point, by: rotation))
/// ```
public struct AccelerationCondition: Hashable, Sendable {
    /// `||grad L(w)||_eta^2`, without a teleport.
    public let rate: Double
    /// `||J^{-T} grad L(w)||_eta^2`, with it.
    public let teleportedRate: Double

    /// Whether the teleport accelerates: ST22 eq. 10.
    public var isMet: Bool { teleportedRate > rate }

    /// The condition for a move.
    ///
    /// - Parameters:
    ///   - gradient: `grad L(w)`, `[n]`.
    ///   - jacobian: J, the derivative of w' with respect to w, invertible, `[n, n]`. For a linear action it is the
    ///     group element.
    ///   - learningRates: eta, symmetric and positive semi-definite, `[n, n]`; nil stands for the identity. A group
    ///     element with `g^T eta^{-1} g = eta^{-1}` changes no rate (ST22 Corollary 5.2).
    /// - Throws: `TorchError` if the decomposition of J fails, as with elements that are not finite.
    public init(gradient: [Double], jacobian: Tensor, learningRates: Tensor? = nil) throws(TorchError) {
        require(
            jacobian.shape == [gradient.count, gradient.count],
            "a Jacobian of shape \(jacobian.shape) for \(gradient.count) parameters")
        let (u, s, vTransposed) = try jacobian.to(dtype: .float64).singularValueDecomposition()
        let components = zip(product(vTransposed, gradient), s.doubles()).map { $0 / $1 }
        func squaredNorm(_ vector: [Double]) -> Double {
            dot(vector, learningRates.map { product($0, vector) } ?? vector)
        }
        rate = squaredNorm(gradient)
        teleportedRate = squaredNorm(product(u, components))
    }
}
