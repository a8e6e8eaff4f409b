import NeuralNetworks
import Torch

/// A step of training on a batch: its loss, the gradients, and what the optimizer makes of them.
///
/// ```swift
/// let step = TrainingStep(model, CrossEntropy(), SGD(learningRate: 0.1))
/// for batch in batches { step(on: batch) }
/// ```
public struct TrainingStep {
    /// What is trained.
    public let model: any Layer
    /// What is lowered.
    public let loss: any Loss
    /// What moves the parameters.
    public let optimizer: any Optimizer
    /// The parameters of the model, in their order.
    public let parameters: [Tensor]
    private let body: ((Batch) -> Tensor)?

    /// The step of a model's whole gradient.
    public init(_ model: some Layer, _ loss: some Loss, _ optimizer: some Optimizer) {
        self.init(model, loss, optimizer, body: nil)
    }

    /// A step of one's own, for example with a bound on the gradient.
    ///
    /// - Parameters:
    ///   - model: What is trained.
    ///   - loss: What is lowered.
    ///   - optimizer: What moves the parameters.
    ///   - body: Takes a step on a batch and returns its loss before the step, rank 0. The learning rate may be set in it;
    ///     whatever else it changes beside the model and the optimizer, nobody can take back.
    public init(
        _ model: some Layer, _ loss: some Loss, _ optimizer: some Optimizer, _ body: @escaping (Batch) -> Tensor
    ) {
        self.init(model, loss, optimizer, body: body)
    }

    private init(_ model: any Layer, _ loss: any Loss, _ optimizer: any Optimizer, body: ((Batch) -> Tensor)?) {
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.body = body
        parameters = model.parameters.map(\.value)
    }

    /// Takes a step, in `Mode.training`.
    ///
    /// - Returns: The loss of the batch before the step, rank 0.
    @discardableResult
    public func callAsFunction(on batch: Batch) -> Tensor {
        withMode(.training) {
            if let body { return checked(body(batch)) }
            let linearized = LinearizedLoss(model, loss, on: batch)
            let value = checked(linearized.value)
            optimizer.update(parameters, with: linearized.gradients(of: parameters))
            return value
        }
    }

    /// The loss; whoever adds losses up or compares them takes one number.
    private func checked(_ loss: Tensor) -> Tensor {
        require(
            loss.rank == 0,
            "TrainingStep: a loss of shape \(loss.shape) instead of [], one number for the batch; return its mean()")
        return loss
    }
}
