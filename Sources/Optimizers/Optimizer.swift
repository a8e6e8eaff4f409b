import NeuralNetworks
import Torch

/// A rule that moves parameters along their gradients, one step at a time.
///
/// The hyperparameters default to PyTorch's and mean the same; a trajectory is PyTorch's up to rounding. An optimizer
/// keeps its state (moments and the like) by the tensor: it may be given other parameters at each step, and one that it
/// has not seen is at its first step.
///
/// ```swift
/// let optimizer = Adam(learningRate: 1e-3)
/// let parameters = model.parameters.map(\.value)
/// optimizer.update(parameters, with: loss.gradients(of: parameters))
/// ```
///
/// An optimizer of one's own is an `UpdateRule`, of which `RuleOptimizer` makes an optimizer.
public protocol Optimizer: AnyObject {
    /// The factor of every step.
    var learningRate: Double { get set }

    /// Whether where a step leads depends on the values of the parameters, as with weight decay, beside the gradients.
    var readsParameters: Bool { get }

    /// Whether the diagonal A of `preconditioned` may have different entries. Where it may not, A is the identity, or there is none.
    var scalesElements: Bool { get }

    /// Takes one step: changes the parameters, and the optimizer's state, in place.
    ///
    /// - Parameters:
    ///   - parameters: The tensors to move, each once.
    ///   - gradients: Their gradients, in the same order.
    func update(_ parameters: [Tensor], with gradients: [ParameterGradient])

    /// `w' - w` of the step from w to w' that `update` would take; in new tensors, or factored as the gradients are.
    ///
    /// The parameters and the optimizer's state stay as they are.
    func displacement(of parameters: [Tensor], with gradients: [ParameterGradient]) -> [ParameterGradient]

    /// `w + k (w' - w)`, where a multiple k of the step from w to w' leads that `update` would take; in new tensors.
    ///
    /// The parameters and the optimizer's state stay as they are.
    func displaced(_ parameters: [Tensor], with gradients: [ParameterGradient], by multiple: Double) -> [Tensor]

    /// The decrease of the loss that the next step promises to first order: `<g, w - w'>`, where `w'` is what `update`
    /// would make of the parameters `w` if it were given the gradients `g` now.
    ///
    /// The parameters and the optimizer's state stay as they are. Waits for the device.
    ///
    /// - Parameters:
    ///   - parameters: `w`.
    ///   - gradients: `g`.
    ///   - squaredNorm: `||g||^2` where it is known, so that it need not be computed again.
    func predictedDecrease(
        of parameters: [Tensor], with gradients: [ParameterGradient], squaredNorm: Double?
    ) -> Double

    /// `A v`, with A the diagonal by which the next step scales a gradient, beside the factor `learningRate`; PS24 eq. 67.
    ///
    /// A is that of the step that `update` would take with the gradients g. The share of a new gradient in a mean of
    /// gradients is no part of it, for each gradient enters the steps that follow with its whole weight.
    ///
    /// - Parameters:
    ///   - vectors: `v`, one for each parameter.
    ///   - gradients: `g`.
    ///   - parameters: Whose they are.
    /// - Returns: The vectors themselves where A is the identity; nil where the step has no such diagonal.
    func preconditioned(
        _ vectors: [ParameterGradient], at gradients: [ParameterGradient], of parameters: [Tensor]
    ) -> [ParameterGradient]?

    /// A copy of what the optimizer remembers of the steps of these parameters.
    func state(of parameters: [Tensor]) -> OptimizerState

    /// Goes back to a state that `state(of:)` gave, so that the next step is the one that followed it.
    ///
    /// - Parameters:
    ///   - state: What to copy.
    ///   - parameters: The parameters that it was taken of, or others of their shapes in the same order. What is
    ///     remembered of any more stays.
    /// - Throws: `OptimizerStateError` if the state is that of another optimizer or of other parameters; the present
    ///   state then stays.
    func restore(_ state: OptimizerState, for parameters: [Tensor]) throws(OptimizerStateError)

    /// Forgets all steps of all parameters.
    func reset()
}

extension Optimizer {
    /// It may.
    public var readsParameters: Bool { true }

    /// It may.
    public var scalesElements: Bool { true }

    /// The parameters and the multiple of their displacement.
    public func displaced(
        _ parameters: [Tensor], with gradients: [ParameterGradient], by multiple: Double
    ) -> [Tensor] {
        withoutGradients {
            zip(parameters, displacement(of: parameters, with: gradients)).map { $1.added(to: $0, scale: multiple) }
        }
    }

    /// The decrease of the loss that the next step promises to first order, where `||g||^2` is not known.
    public func predictedDecrease(of parameters: [Tensor], with gradients: [ParameterGradient]) -> Double {
        predictedDecrease(of: parameters, with: gradients, squaredNorm: nil)
    }

    /// Forgets the steps of these parameters, and of no others: an optimizer may train two models.
    public func reset(_ parameters: [Tensor]) {
        do {
            try restore(OptimizerState(parameters.map { _ in OptimizerState.Entry() }), for: parameters)
        } catch {
            fatalError("an optimizer refused the state before the first step: \(error)")
        }
    }

    /// `A g`, the gradients as the next step scales them.
    public func preconditioned(_ gradients: [ParameterGradient], of parameters: [Tensor]) -> [ParameterGradient]? {
        preconditioned(gradients, at: gradients, of: parameters)
    }
}
