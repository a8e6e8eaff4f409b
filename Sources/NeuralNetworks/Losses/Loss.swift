import Torch

/// The mean over a batch of how far a model's outputs are from the targets.
public protocol Loss {
    /// The loss, rank 0, in operations that autograd can differentiate any number of times: the reference.
    func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor

    /// The loss, rank 0, with its derivative with respect to the outputs.
    func linearize(_ outputs: Tensor, _ targets: Tensor) -> (value: Tensor, linearization: LossLinearization)

    /// The Hessian of the loss with respect to the outputs, times a tangent of them, of their shape.
    func curvature(_ outputs: Tensor, _ targets: Tensor, along tangent: Tensor) -> Tensor
}

extension Loss {
    /// The loss, with a derivative that autograd computes.
    public func linearize(_ outputs: Tensor, _ targets: Tensor) -> (value: Tensor, linearization: LossLinearization) {
        let leaf = outputs.detached()
        let value = withGradients(of: [leaf]) { self(leaf, targets) }
        let derivative = withGradients(of: [leaf]) { Torch.gradient(of: value, with: [leaf])[0] }
        return (value.detached(), LossLinearization(gradient: derivative))
    }

    /// The Hessian of the loss with respect to the outputs, times a tangent, by autograd.
    public func curvature(_ outputs: Tensor, _ targets: Tensor, along tangent: Tensor) -> Tensor {
        let leaf = outputs.detached()
        return withGradients(of: [leaf]) {
            let slope = Torch.gradient(of: self(leaf, targets), with: [leaf], createGraph: true)[0]
            return Torch.gradient(of: slope.dot(tangent), with: [leaf])[0]
        }
    }
}

/// The derivative of a scalar: its gradient.
public struct LossLinearization: Linearization {
    /// dL/d(outputs), of the outputs' shape.
    public let gradient: Tensor

    /// The derivative with the given gradient.
    public init(gradient: Tensor) { self.gradient = gradient }

    /// The gradient times a scalar cotangent, rank 0.
    public func pullback(_ cotangent: Tensor, needsInput: Bool) -> Pullback {
        Pullback(input: needsInput ? gradient * cotangent : nil)
    }

    /// The inner product with a tangent of the outputs, rank 0.
    public func pushforward(_ tangent: Tensor?, along directions: ArraySlice<ParameterGradient>) -> Pushforward {
        Pushforward(output: tangent.map { gradient.dot($0) })
    }
}
