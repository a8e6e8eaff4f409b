import NeuralNetworks
import Torch

/// The loss of a batch and its gradient g by autograd, with the tape that leads on to Hessian-vector products.
struct TwiceDifferentiableLoss {
    /// The loss, rank 0.
    let value: Tensor
    /// g, for each parameter of the model.
    let gradients: [Tensor]
    private let parameters: [Tensor]
    /// g with its tape.
    private let followed: [Tensor]
    /// The versions of the parameters that the tape has read.
    private let versions: [Int]
    /// Runs the model and the loss again.
    private let repeated: () -> TwiceDifferentiableLoss
    /// Which part of the batch the tape is of; nil where it is of all.
    private let shard: Shard?

    /// Runs the model and the loss on a batch, forward and back.
    ///
    /// - Parameter repeated: Does the same again.
    init(
        _ model: some Layer, _ loss: some Loss, on batch: Batch, repeated: @escaping () -> TwiceDifferentiableLoss
    ) {
        self.repeated = repeated
        let parameters = model.parameters.map(\.value)
        self.parameters = parameters
        let shard = batch.shard
        self.shard = shard
        let (value, gradients) = withGradients(of: parameters) {
            let mean = loss(model(batch.inputs), batch.targets)
            let value = shard.map { mean * $0.weight } ?? mean
            return (value, gradient(of: value, with: parameters, createGraph: true))
        }
        self.value = shard?.sum(value.detached()) ?? value
        self.gradients = gradients.map { shard?.sum($0.detached()) ?? $0.detached() }
        followed = gradients
        versions = parameters.map(\.version)
    }

    /// `a + H u` of an objective, for some of the model's parameters; nil if both parts are zero. It uses the tape up, as
    /// `hessianProduct(with:for:)` does.
    func formed(_ gradient: ObjectiveGradient, for parameters: [Tensor]) -> [Tensor]? {
        let products = gradient.hessianAlong.map { hessianProduct(with: $0.map { $0.formed() }, for: parameters) }
        guard let explicit = gradient.explicit else { return products }
        let formed = Gradients(self.parameters, explicit).values(of: parameters).map { $0.formed() }
        return products.map { zip(formed, $0).map { $0 + $1 } } ?? formed
    }

    /// `H u`, for some of the model's parameters.
    func hessianProduct(with u: [Tensor], for parameters: [Tensor]) -> [Tensor] {
        let product = partialHessianProduct(with: u, for: parameters)
        return shard.map { shard in product.map { shard.sum($0) } } ?? product
    }

    /// What the samples of this process have of `H u`, for some of the model's parameters: of a batch that is not spread, all.
    ///
    /// It uses the tape up: it can be asked for once, and before the parameters move. Where they were elsewhere in between, as
    /// for a look ahead, the tape is made anew.
    ///
    /// - Parameters:
    ///   - u: A vector, one tensor for each parameter of the model.
    ///   - parameters: Those whose part of the product is asked for.
    func partialHessianProduct(with u: [Tensor], for parameters: [Tensor]) -> [Tensor] {
        guard self.parameters.map(\.version) == versions else {
            return repeated().partialHessianProduct(with: u, for: parameters)
        }
        // The derivative of <g, u> with u held fixed.
        return withGradients(of: self.parameters) {
            let zero = Tensor(0, dtype: value.dtype, device: value.device)
            let inner = zip(followed, u).reduce(zero) { $0 + ($1.0 * $1.1).sum() }
            return gradient(of: inner, with: parameters)
        }
    }
}
