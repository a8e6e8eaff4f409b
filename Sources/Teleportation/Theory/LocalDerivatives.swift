import NeuralNetworks
import Torch

/// The derivatives of a loss at one point, up to those of third order, by autograd: what PS24 section 3.3 asks of a loss.
///
/// All parameters are one vector w of n numbers here, in the order of the model, and everything is float64. The point
/// is where the parameters were when this was made: they may move on, and are where they were after each question.
///
/// ```swift
/// let derivatives = LocalDerivatives(of: model, CrossEntropy(), on: batch)
/// print(derivatives.departureFromOptimality, derivatives.thirdOrderDeparture)
/// ```
public struct LocalDerivatives {
    /// `g = grad L`, `[n]`.
    public let gradient: Tensor
    private let parameters: [Tensor]
    /// The parameters at the point.
    private let point: SavedParameters
    private let loss: () -> Tensor

    /// The derivatives of the loss of a model on a batch, at its parameters as they are.
    public init(of model: some Layer, _ loss: some Loss, on batch: Batch) {
        self.init(at: model.parameters.map(\.value)) { loss(model(batch.inputs), batch.targets) }
    }

    /// The derivatives of a test function at a point, `[n]`.
    public init(of function: some TestFunction, at point: [Double]) {
        let parameters = Tensor(point)
        self.init(at: [parameters]) {
            let coordinates = function.coordinates(of: parameters)
            return (coordinates * coordinates).sum()
        }
    }

    private init(at parameters: [Tensor], _ loss: @escaping () -> Tensor) {
        self.parameters = parameters
        point = SavedParameters(parameters)
        self.loss = loss
        gradient = withGradients(of: parameters) { flattened(Torch.gradient(of: loss(), with: parameters)) }
    }

    /// n.
    public var dimension: Int { gradient.count }

    /// `H v` with the Hessian H, `[n]`.
    public func hessianProduct(with v: Tensor) -> Tensor { derivative(along: [v]) }

    /// The third derivatives with two of their indices contracted, `T[u, v]_j = sum_ki d^3L/dw_k dw_i dw_j u_k v_i`, `[n]`.
    public func thirdDerivative(along u: Tensor, _ v: Tensor) -> Tensor { derivative(along: [u, v]) }

    /// The gradient of the derivative of the loss along vectors.
    private func derivative(along vectors: [Tensor]) -> Tensor {
        let elsewhere = SavedParameters(parameters)
        point.restore()
        defer { elsewhere.restore() }
        return withGradients(of: parameters) {
            var value = loss()
            for vector in vectors {
                require(vector.shape == [dimension], "a vector of shape \(vector.shape) for \(dimension) parameters")
                let slopes = Torch.gradient(of: value, with: parameters, createGraph: true)
                value = zip(slopes, parts(of: vector)).map { ($0 * $1).sum() }
                    .reduce(Tensor(0, dtype: value.dtype, device: value.device)) { $0 + $1 }
            }
            return flattened(Torch.gradient(of: value, with: parameters))
        }
    }

    /// A vector as tensors of the parameters' shapes and types.
    private func parts(of vector: Tensor) -> [Tensor] {
        var start = 0
        return parameters.map { parameter in
            let part = vector.narrowed(0, to: start..<start + parameter.count)
            start += parameter.count
            return part.reshaped(parameter.shape).to(dtype: parameter.dtype, device: parameter.device)
        }
    }
}

/// Tensors as one vector in float64.
private func flattened(_ tensors: [Tensor]) -> Tensor {
    .concatenated(tensors.map { $0.detached().flattened().to(dtype: .float64, device: .cpu) }, along: 0)
}
