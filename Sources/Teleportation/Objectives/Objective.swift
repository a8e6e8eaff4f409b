import NeuralNetworks
import Optimizers
import Torch

/// What a climb raises or lowers: a function J of the parameters, for one batch.
///
/// An objective knows no way to move. It gives its value and its gradient; a walk makes of the gradient a direction that
/// keeps the loss.
///
/// ```swift
/// /// The squared gradient norm of the last layer alone.
/// struct HeadNorm: Objective {
///     func value(at point: Point) -> Double { 0.5 * head(point).squaredNorm() }
///     func gradient(at point: Point) -> ObjectiveGradient { ObjectiveGradient(hessianAlong: ...) }
/// }
/// ```
public protocol Objective: Sendable {
    /// J at a point.
    func value(at point: Point) -> Double

    /// The gradient of J at a point.
    func gradient(at point: Point) -> ObjectiveGradient

    /// Whether J grows as the squared norm of the gradient does. A climb then shortens its last step so that it lands on its
    /// cap; of other objectives a cap is only where it stops.
    var growsWithGradientNorm: Bool { get }

    /// Checks that the objective can be computed with an optimizer.
    ///
    /// - Throws: `ObjectiveRefusal`, which says what to use instead.
    func check(_ optimizer: any Optimizer) throws(ObjectiveRefusal)
}

extension Objective {
    /// Nothing is known of its growth.
    public var growsWithGradientNorm: Bool { false }

    /// Any optimizer does.
    public func check(_ optimizer: any Optimizer) throws(ObjectiveRefusal) {}
}

/// The gradient of an objective with respect to the parameters, as `a + H u`.
///
/// H is the Hessian of the loss of the batch. Every objective that is made of gradients has a gradient of this form, with
/// vectors a and u of the parameters' shapes: `1/2 ||g||^2` has `u = g`, a loss at displaced weights `a = v` and
/// `u = -lr A v`. A walk that has a closed form for H u uses it, and none forms what it does not need.
public struct ObjectiveGradient {
    /// a, one for each parameter; nil is zero.
    public var explicit: [ParameterGradient]?
    /// u, one for each parameter; nil is zero.
    public var hessianAlong: [ParameterGradient]?

    /// `a + H u`; a part that is left out is zero.
    public init(explicit: [ParameterGradient]? = nil, hessianAlong: [ParameterGradient]? = nil) {
        self.explicit = explicit
        self.hessianAlong = hessianAlong
    }
}

/// Why an objective cannot be climbed.
public enum ObjectiveRefusal: Error, Hashable, CustomStringConvertible {
    /// The optimizer's step does not scale each element of the gradient by a number of its own.
    case noPreconditioner(optimizer: String)

    /// A sentence for people, which says what to use instead.
    public var description: String {
        switch self {
        case .noPreconditioner(let optimizer):
            "the preconditioned norm takes an optimizer that scales each element of the gradient, and \(optimizer) does "
                + "not: use the gradient norm, or SGD, momentum, AdaGrad, RMSProp, Adam or AdamW"
        }
    }
}
