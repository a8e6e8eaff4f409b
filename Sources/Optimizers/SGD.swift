import NeuralNetworks
import TextForms
import Torch

/// Stochastic gradient descent: `w <- w - lr g`.
///
/// It has no state, and a factored gradient is never formed: `W <- W - lr delta^T rows` is one matrix product that
/// accumulates into the weight.
public final class SGD: Optimizer {
    /// `lr`, the factor of every step.
    public var learningRate: Double

    /// Plain gradient descent.
    public init(learningRate: Double = 1e-3) {
        self.learningRate = learningRate
    }

    /// The gradients are all that a step needs.
    public var readsParameters: Bool { false }

    /// Every element moves at the same rate.
    public var scalesElements: Bool { false }

    /// Takes one step, in place.
    public func update(_ parameters: [Tensor], with gradients: [ParameterGradient]) {
        checkLists(parameters, gradients)
        withoutGradients {
            for (parameter, gradient) in zip(parameters, gradients) {
                gradient.checkFit(to: parameter)
                gradient.add(to: parameter, scale: -learningRate)
            }
        }
    }

    /// `-lr g`, without forming `g`.
    public func displacement(of parameters: [Tensor], with gradients: [ParameterGradient]) -> [ParameterGradient] {
        checkLists(parameters, gradients)
        return withoutGradients {
            zip(parameters, gradients).map { parameter, gradient in
                gradient.checkFit(to: parameter)
                return gradient.scaled(by: -learningRate)
            }
        }
    }

    /// `lr ||g||^2`, without forming `g`.
    public func predictedDecrease(
        of parameters: [Tensor], with gradients: [ParameterGradient], squaredNorm: Double?
    ) -> Double {
        checkLists(parameters, gradients)
        return withoutGradients { learningRate * (squaredNorm ?? gradients.squaredNorm()) }
    }

    /// The vectors themselves.
    public func preconditioned(
        _ vectors: [ParameterGradient], at gradients: [ParameterGradient], of parameters: [Tensor]
    ) -> [ParameterGradient]? { vectors }

    /// Empty: plain gradient descent remembers nothing.
    public func state(of parameters: [Tensor]) -> OptimizerState {
        OptimizerState(parameters.map { _ in OptimizerState.Entry() })
    }

    /// Accepts an empty state only.
    public func restore(_ state: OptimizerState, for parameters: [Tensor]) throws(OptimizerStateError) {
        try state.checkCount(parameters)
        for (index, entry) in state.entries.enumerated() where !entry.isEmpty {
            throw OptimizerStateError(
                "the state of parameter \(index) has \(entry.tensors.keys.sorted().joined(separator: ", ")) after "
                    + "\(entry.stepCount.counted("step")), but plain SGD has no state")
        }
    }

    /// Does nothing: there is nothing to forget.
    public func reset() {}
}
