import NeuralNetworks
import Optimizers
import Torch

/// `J = 1/2 ||g||_A^2 = 1/2 <g, A g>`, with A the diagonal by which the optimizer's next step scales the gradient, held fixed;
/// PS24 eq. 67.
///
/// With AdaGrad and its kin the loss decreases at the rate `lr ||g||_A^2`, and not `lr ||g||^2`. The gradient of J is `H A g`.
public struct PreconditionedNorm: Objective {
    /// The objective for optimizers that scale the gradient.
    public init() {}

    /// `preconditioned-norm`.
    public var name: String { "preconditioned-norm" }

    /// `1/2 <g, A g>`.
    public func value(at point: Point) -> Double {
        0.5 * zip(point.gradients, preconditioned(point)).map { $0.dot($1.formed()) }.total()
    }

    /// `H A g`.
    public func gradient(at point: Point) -> ObjectiveGradient {
        ObjectiveGradient(hessianAlong: preconditioned(point))
    }

    /// It is such a norm.
    public var growsWithGradientNorm: Bool { true }

    /// Refuses optimizers whose step is no diagonal times the gradient.
    public func check(_ optimizer: any Optimizer) throws(ObjectiveRefusal) {
        // Only a step tells: a parameter that the optimizer has not seen leaves no trace in it.
        let parameter = Tensor.zeros([1, 1])
        if optimizer.preconditioned([.tensor(parameter)], of: [parameter]) == nil {
            throw .noPreconditioner(optimizer: "\(type(of: optimizer))")
        }
    }

    /// `A g`.
    private func preconditioned(_ point: Point) -> [ParameterGradient] {
        guard let product = point.optimizer.preconditioned(point.gradientsOfStep, of: point.parameters) else {
            fatalError(ObjectiveRefusal.noPreconditioner(optimizer: "\(type(of: point.optimizer))").description)
        }
        return product
    }
}
