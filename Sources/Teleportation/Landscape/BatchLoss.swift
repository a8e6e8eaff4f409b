import NeuralNetworks
import Torch

/// The loss of one batch as a function of a model's parameters: the landscape that a teleport moves in.
public struct BatchLoss {
    /// The model, whose parameters are the place where the function is looked at.
    public let model: any Layer
    /// The loss.
    public let loss: any Loss
    /// The parameters that train, in the model's order.
    public let parameters: [Tensor]
    /// What has been computed of it.
    let work: Work
    private let currentBatch: () -> Batch

    /// The samples, as the model is given them.
    public var batch: Batch { currentBatch() }

    /// The loss of a model on a batch.
    public init(_ model: some Layer, _ loss: some Loss, on batch: Batch) {
        self.init(model, loss) { batch }
    }

    /// The loss of a model on samples that change while it moves, as transformed data do.
    init(_ model: some Layer, _ loss: some Loss, on batch: @escaping () -> Batch) {
        self.model = model
        self.loss = loss
        work = Work()
        parameters = model.parameters.map(\.value)
        currentBatch = batch
    }

    /// The loss of the same model on other samples, as many as here; what is computed of it is counted here.
    func onOthers(_ batch: Batch) -> BatchLoss { BatchLoss(self, on: batch) }

    private init(_ other: BatchLoss, on batch: Batch) {
        (model, loss, parameters, work) = (other.model, other.loss, other.parameters, other.work)
        currentBatch = { batch }
    }

    /// The loss, computed anew.
    public func value() -> Double {
        work.count(.forward)
        return loss.value(of: model, on: batch)
    }

    /// The model and the loss, linearized at the parameters as they are.
    public func linearized() -> LinearizedLoss { linearized(counting: .forwardAndBack) }

    /// The model and the loss, linearized at the parameters as they are, with what is to be done with that counted.
    func linearized(counting pass: Work.Pass) -> LinearizedLoss {
        work.count(pass)
        return LinearizedLoss(model, loss, on: batch)
    }

    /// `w + scale d`, in new tensors.
    ///
    /// - Parameters:
    ///   - displacement: d, for each parameter.
    ///   - scale: What it is multiplied by.
    func displaced(by displacement: [ParameterGradient], scale: Double) -> [Tensor] {
        require(
            displacement.count == parameters.count,
            "\(displacement.count) displacements for \(parameters.count) parameters")
        return zip(parameters, displacement).map { $1.added(to: $0, scale: scale) }
    }

    /// What is computed with other values of the parameters; they then have their own again, to the last bit.
    func at<Result>(_ values: [Tensor], _ body: () -> Result) -> Result {
        Tensor.exchanging(parameters, with: values, body)
    }

    /// The loss and its tape, for derivatives of second order.
    func twiceDifferentiable() -> TwiceDifferentiableLoss {
        work.count(.forwardAndBack)
        return TwiceDifferentiableLoss(model, loss, on: batch, repeated: twiceDifferentiable)
    }
}
