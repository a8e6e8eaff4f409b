import Torch

/// The derivative of a function that acts on each element: its Jacobian is diagonal, so the pull-back and the
/// pushforward are one.
struct ElementwiseLinearization: Linearization {
    /// Multiplies by the derivative at the point of linearization.
    let derivative: (Tensor) -> Tensor

    var hasParameters: Bool { false }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        needsInput ? derivative(cotangent) : nil
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        tangent.map(derivative)
    }
}
