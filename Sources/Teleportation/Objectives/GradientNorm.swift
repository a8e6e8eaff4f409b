import Torch

/// `J = 1/2 ||g||^2`, half the squared norm of the loss's gradient with respect to all parameters; NS25 eq. 4.
///
/// Its gradient is the Hessian-vector product `H g`.
public struct GradientNorm: Objective {
    /// The objective of the papers.
    public init() {}

    /// `gradient-norm`.
    public var name: String { "gradient-norm" }

    /// `1/2 ||g||^2`.
    public func value(at point: Point) -> Double { 0.5 * point.squaredNorm }

    /// `H g`.
    public func gradient(at point: Point) -> ObjectiveGradient { ObjectiveGradient(hessianAlong: point.gradients) }

    /// It is that norm.
    public var growsWithGradientNorm: Bool { true }
}
