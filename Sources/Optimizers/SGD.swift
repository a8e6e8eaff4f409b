import NeuralNetworks
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

    /// Takes one step, in place.
    public func update(_ parameters: [Tensor], with gradients: [ParameterGradient]) {
        checkCounts(parameters, gradients)
        withoutGradients {
            for (parameter, gradient) in zip(parameters, gradients) {
                gradient.checkFit(to: parameter)
                gradient.add(to: parameter, scale: -learningRate)
            }
        }
    }

    /// `lr ||g||^2`, without forming `g`.
    public func predictedDecrease(of parameters: [Tensor], with gradients: [ParameterGradient]) -> Double {
        checkCounts(parameters, gradients)
        return withoutGradients { learningRate * gradients.squaredNorm() }
    }

    /// Empty: plain gradient descent remembers nothing.
    public var state: [String: [Tensor]] { [:] }

    /// Accepts the empty state only.
    public func restore(_ state: [String: [Tensor]], for parameters: [Tensor]) throws(OptimizerStateError) {
        guard state.isEmpty else {
            throw OptimizerStateError(
                description: "the state has \(state.keys.sorted().joined(separator: ", ")), but plain SGD has no state")
        }
    }

    /// Does nothing: there is nothing to forget.
    public func reset() {}
}
