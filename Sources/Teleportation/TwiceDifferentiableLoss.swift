import NeuralNetworks
import Torch

/// The loss of a batch and its gradient g by autograd, with the tape that leads on to `H g`.
struct TwiceDifferentiableLoss {
    /// The loss, rank 0.
    let value: Tensor
    /// g, for each parameter of the model.
    let gradients: [Tensor]
    private let halfSquaredNorm: Tensor

    /// Runs the model and the loss on a batch, forward and back.
    init(_ model: some Layer, _ loss: some Loss, on batch: Batch) {
        let parameters = model.parameters.map(\.value)
        let (value, gradients, norm) = withGradients(of: parameters) {
            let value = loss(model(batch.inputs), batch.targets)
            let gradients = gradient(of: value, with: parameters, createGraph: true)
            let zero = Tensor(0, dtype: value.dtype, device: value.device)
            return (value, gradients, gradients.reduce(zero) { $0 + ($1 * $1).sum() } * 0.5)
        }
        self.value = value.detached()
        self.gradients = gradients.map { $0.detached() }
        halfSquaredNorm = norm
    }

    /// `H g`, the gradient of `1/2 ||g||^2`, for some of the model's parameters.
    ///
    /// It uses the tape up: it can be asked for once, and before the parameters move.
    func hessianGradient(with parameters: [Tensor]) -> [Tensor] {
        withGradients(of: parameters) { gradient(of: halfSquaredNorm, with: parameters) }
    }
}
