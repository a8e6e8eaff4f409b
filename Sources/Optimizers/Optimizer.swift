import NeuralNetworks
import Torch

/// A rule that moves parameters along their gradients, one step at a time.
///
/// The hyperparameters default to PyTorch's and mean the same; a trajectory is PyTorch's up to rounding. An optimizer
/// keeps its state (moments and the like) by position: every step must be given the same parameters in the same order.
///
/// ```swift
/// let optimizer = Adam(learningRate: 1e-3)
/// let parameters = model.parameters.map(\.value)
/// optimizer.update(parameters, with: loss.gradients(of: parameters))
/// ```
public protocol Optimizer: AnyObject {
    /// The factor of every step.
    var learningRate: Double { get set }

    /// Takes one step: changes the parameters, and the optimizer's state, in place.
    ///
    /// - Parameters:
    ///   - parameters: The tensors to move. Traps if their shapes are not those of the steps before.
    ///   - gradients: Their gradients, in the same order.
    func update(_ parameters: [Tensor], with gradients: [ParameterGradient])

    /// The decrease of the loss that the next step promises to first order: `<g, w - w'>`, where `w'` is what `update`
    /// would make of the parameters `w` if it were given the gradients `g` now.
    ///
    /// The parameters and the optimizer's state stay as they are. Waits for the device.
    func predictedDecrease(of parameters: [Tensor], with gradients: [ParameterGradient]) -> Double

    /// A copy of what the optimizer remembers of the steps so far: a list of tensors under each of the names that
    /// PyTorch's optimizers use. Empty before the first step.
    var state: [String: [Tensor]] { get }

    /// Goes back to a state that `state` gave, so that the next step is the one that followed it.
    ///
    /// - Parameters:
    ///   - state: What to copy; empty stands for the state before the first step.
    ///   - parameters: The parameters that the next step will be given.
    /// - Throws: `OptimizerStateError` if the state is that of another optimizer or of other parameters; the present
    ///   state then stays.
    func restore(_ state: [String: [Tensor]], for parameters: [Tensor]) throws(OptimizerStateError)

    /// Forgets all steps.
    func reset()
}

/// A state that does not fit an optimizer and its parameters.
public struct OptimizerStateError: Error, CustomStringConvertible {
    /// What does not fit.
    public let description: String
}

/// The optimizers, by the names that the command line knows them under.
public enum OptimizerKind: String, CaseIterable, Sendable {
    case sgd
    case momentum
    case adagrad
    case rmsprop
    case adam

    /// An optimizer of this kind with the default hyperparameters.
    public func make(learningRate: Double) -> any Optimizer {
        switch self {
        case .sgd: SGD(learningRate: learningRate)
        case .momentum: Momentum(learningRate: learningRate)
        case .adagrad: AdaGrad(learningRate: learningRate)
        case .rmsprop: RMSProp(learningRate: learningRate)
        case .adam: Adam(learningRate: learningRate)
        }
    }
}
