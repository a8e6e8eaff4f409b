import NeuralNetworks
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
    /// The name in texts and reports, as `gradient-norm`.
    var name: String { get }

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

    /// Whether the objective reads the samples of the batch, and not only losses and gradients: it then asks for all of them, also where
    /// others would be spread over processes.
    var needsWholeBatch: Bool { get }

    /// The objective for one teleport, with what is random in it drawn: all that a teleport compares, as the values before and
    /// after a step, is then computed with the same draws.
    func prepared(in context: TeleportContext) -> Self

    /// Checks that the objective is one of a model where parameters go as they do in a walk.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - onOrbit: Whether they go along the orbit of the general linear groups between the layers of a perceptron.
    /// - Throws: `ObjectiveRefusal`, which says what to use instead.
    func check(_ model: some Layer, onOrbit: Bool) throws(ObjectiveRefusal)

    /// Checks that the objective can be computed with an optimizer.
    ///
    /// - Throws: `ObjectiveRefusal`, which says what to use instead.
    func check(_ optimizer: any Optimizer) throws(ObjectiveRefusal)
}

extension Objective {
    /// That of the type.
    public var name: String { "\(Self.self)" }

    /// Nothing is known of its growth.
    public var growsWithGradientNorm: Bool { false }

    /// The samples of the batch are enough.
    public var looksAtOtherSamples: Bool { false }

    /// Losses and gradients are.
    public var needsWholeBatch: Bool { false }

    /// Nothing is random.
    public func prepared(in context: TeleportContext) -> Self { self }

    /// Any model and walk do.
    public func check(_ model: some Layer, onOrbit: Bool) throws(ObjectiveRefusal) {}

    /// Any optimizer does.
    public func check(_ optimizer: any Optimizer) throws(ObjectiveRefusal) {}
}
