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
    /// The outputs of the model.
    public let outputs: Tensor
    /// The derivative of the model.
    public let model: any Linearization
    /// The gradient of the loss with respect to the outputs, of their shape.
    public let outputGradient: Tensor
    /// Which part of the batch its samples are; nil where they are all. Value and gradients are those of the whole, outputs and all that
    /// belongs to them those of the part.
    public let shard: Shard?
    private let partialValue: Tensor
    /// The sum of the parts of the value, on its way.
    private let valueSum: Collective?

    /// The loss of the batch, rank 0.
    public var value: Tensor { valueSum?.wait() ?? partialValue }

    /// Runs the model and the loss on a batch.
    public init(_ model: some Layer, _ loss: some Loss, on batch: Batch) {
        (outputs, self.model) = model.linearize(batch.inputs)
        let (value, gradient) = loss.linearize(outputs, batch.targets)
        shard = batch.shard
        guard let shard else {
            (partialValue, outputGradient, valueSum) = (value, gradient, nil)
            return
        }
        outputGradient = gradient * shard.weight
        partialValue = value * shard.weight
        valueSum = shard.group.beginSum(partialValue)
    }

    /// The gradients of the parameters, and the cotangents at the affine maps, with the weights as they are now.
    public func pullback() -> Pullback {
        guard let shard else { return model.pullback(outputGradient, needsInput: false).collected }
        let reduction = GradientReduction(over: shard)
        var collected = Pullback(summedBy: reduction)
        _ = model.pullback(outputGradient, needsInput: false, into: &collected)
        collected.gradients = Gradients()
        for (parameter, gradient) in reduction.wait() { collected.gradients.add(gradient, of: parameter) }
        return collected
    }

    /// The gradients of parameters, in their order, with the weights as they are now; zeros for a tensor that the loss does
    /// not depend on.
    public func gradients(of parameters: [Tensor]) -> [ParameterGradient] {
        pullback().gradients.values(of: parameters)
    }
}
