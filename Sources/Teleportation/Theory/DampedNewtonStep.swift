import Torch

/// Gradient descent after a teleport, as Newton's method with damping; PS24 Prop. 3.2.
///
/// At the steepest point w' of a level set the gradient is an eigenvector of the Hessian, `H g = lambda_0 g`, so that a step of
/// gradient descent with the learning rate gamma is one of Newton's method times `gamma lambda_0`. With `gamma = 1 / lambda_0` it
/// is Newton's own, and the distance to the minimum contracts quadratically: the learning rate to take after a teleport.
public struct DampedNewtonStep: Hashable, Sendable {
    /// `lambda_0 = <g, H g> / <g, g>`, the curvature of the loss along its gradient.
    public let eigenvalue: Double
    /// `||H g - lambda_0 g|| / ||H g||`: how far the gradient is from an eigenvector, and the step from one of Newton's.
    public let residual: Double

    /// The step from the steepest point of a level set, or from another point.
    public init(of function: some TestFunction, at point: [Double]) {
        let derivatives = LocalDerivatives(of: function, at: point)
        self.init(derivatives)
    }

    /// The step from a point with the given derivatives.
    public init(_ derivatives: LocalDerivatives) {
        let gradient = derivatives.gradient
        let product = derivatives.hessianProduct(with: gradient)
        eigenvalue = gradient.dot(product).item() / gradient.squaredNorm().item()
        residual = derivatives.departureFromOptimality
    }

    /// `gamma lambda_0`, the share of a step of Newton's method that a step of gradient descent is.
    public func damping(learningRate: Double) -> Double { learningRate * eigenvalue }

    /// gamma with which the step is Newton's, `1 / lambda_0`.
    public var newtonLearningRate: Double { 1 / eigenvalue }
}

/// How near one step of Newton's method with damping comes to the minimum of a strongly convex function; PS24 Lemma B.1.
public struct NewtonStepBound: Hashable, Sendable {
    /// mu, the least eigenvalue of the Hessian anywhere.
    public let strongConvexity: Double
    /// The greatest eigenvalue of the Hessian anywhere; L in the paper.
    public let smoothness: Double
    /// The constant with which the Hessian is Lipschitz continuous; G in the paper, zero for a quadratic function.
    public let hessianLipschitzConstant: Double

    /// The bound for a class of functions.
    public init(strongConvexity: Double, smoothness: Double, hessianLipschitzConstant: Double) {
        require(
            strongConvexity > 0 && smoothness >= strongConvexity && hessianLipschitzConstant >= 0,
            "no function has the constants \(strongConvexity), \(smoothness) and \(hessianLipschitzConstant)")
        self.strongConvexity = strongConvexity
        self.smoothness = smoothness
        self.hessianLipschitzConstant = hessianLipschitzConstant
    }

    /// The bound on the distance to the minimum after the step, `G / (2 mu) d^2 + |1 - lambda| (L / mu) d`.
    ///
    /// The paper has `L / (2 mu)` in the second term. Its proof puts a factor s into an integral over s that has none, and for a
    /// quadratic function, where the distance after the step is `|1 - lambda| d`, the printed bound does not hold.
    ///
    /// - Parameters:
    ///   - distance: d, that before the step.
    ///   - damping: lambda, the share of Newton's step that is taken.
    public func distance(after distance: Double, damping: Double) -> Double {
        hessianLipschitzConstant / (2 * strongConvexity) * distance * distance
            + abs(1 - damping) * smoothness / strongConvexity * distance
    }
}
