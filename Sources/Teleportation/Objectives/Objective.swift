import Optimizers

/// What a climb raises or lowers: a function J of the parameters, for one batch.
///
/// An objective knows no way to move. It gives its value and its gradient; a walk makes of the gradient a direction that
/// keeps the loss.
///
/// ```swift
/// /// Half the squared norm of the gradient of the last layer alone, a weight and a bias.
/// struct HeadNorm: Objective {
///     func value(at point: Point) -> Double { 0.5 * point.gradients.suffix(2).squaredNorm() }
///
///     func gradient(at point: Point) -> ObjectiveGradient {
///         let zeros = point.parameters.dropLast(2).map { ParameterGradient.tensor(.zeros(like: $0)) }
///         return ObjectiveGradient(hessianAlong: zeros + point.gradients.suffix(2))
///     }
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

    /// Whether the objective asks for `Point.others`, samples that are not those of the teleport batch. They are drawn once for each
    /// batch.
    var looksAtOtherSamples: Bool { get }

    /// Checks that the objective can be computed with an optimizer.
    ///
    /// - Throws: `ObjectiveRefusal`, which says what to use instead.
    func check(_ optimizer: any Optimizer) throws(ObjectiveRefusal)
}

extension Objective {
    /// Nothing is known of its growth.
    public var growsWithGradientNorm: Bool { false }

    /// The samples of the batch are enough.
    public var looksAtOtherSamples: Bool { false }

    /// Any optimizer does.
    public func check(_ optimizer: any Optimizer) throws(ObjectiveRefusal) {}
}
