import Torch

/// A model, a loss and a batch as one function of the parameters, linearized: the value and what it takes to pull back.
public struct LinearizedLoss {
    /// The loss of the batch, rank 0.
    public let value: Tensor
    /// The outputs of the model.
    public let outputs: Tensor
    /// The derivative of the model.
    public let model: any Linearization
    /// The derivative of the loss.
    public let loss: LossLinearization

    /// Runs the model and the loss on a batch.
    public init(_ model: some Layer, _ loss: some Loss, on batch: Batch) {
        let (outputs, modelLinearization) = model.linearize(batch.inputs)
        let (value, lossLinearization) = loss.linearize(outputs, batch.targets)
        self.value = value
        self.outputs = outputs
        self.model = modelLinearization
        self.loss = lossLinearization
    }

    /// The gradients of the parameters, and the cotangents at the affine maps, with the weights as they are now.
    public func pullback() -> Pullback { model.pullback(loss.gradient, needsInput: false) }
}
