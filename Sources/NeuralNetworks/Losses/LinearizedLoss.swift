import Torch

/// A model, a loss and a batch as one function of the parameters, linearized: the value and what it takes to pull back.
///
/// A step of training is then:
///
/// ```swift
/// let parameters = model.parameters.map(\.value)
/// let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
/// optimizer.update(parameters, with: loss.gradients(of: parameters))
/// ```
public struct LinearizedLoss {
    /// The loss of the batch, rank 0.
    public let value: Tensor
    /// The outputs of the model.
    public let outputs: Tensor
    /// The derivative of the model.
    public let model: any Linearization
    /// The gradient of the loss with respect to the outputs, of their shape.
    public let outputGradient: Tensor

    /// Runs the model and the loss on a batch.
    public init(_ model: some Layer, _ loss: some Loss, on batch: Batch) {
        (outputs, self.model) = model.linearize(batch.inputs)
        (value, outputGradient) = loss.linearize(outputs, batch.targets)
    }

    /// The gradients of the parameters, and the cotangents at the affine maps, with the weights as they are now.
    public func pullback() -> Pullback { model.pullback(outputGradient, needsInput: false).collected }

    /// The gradients of parameters, in their order, with the weights as they are now; zeros for a tensor that the loss does
    /// not depend on.
    public func gradients(of parameters: [Tensor]) -> [ParameterGradient] {
        pullback().gradients.values(of: parameters)
    }
}
