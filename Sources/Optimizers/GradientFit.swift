import NeuralNetworks
import Torch

/// Traps if there is not one gradient for each parameter, or a parameter is there twice.
func checkLists(_ parameters: [Tensor], _ gradients: [ParameterGradient]) {
    require(
        parameters.count == gradients.count, "\(gradients.count) gradients for \(parameters.count) parameters")
    var seen = Set<ObjectIdentifier>(minimumCapacity: parameters.count)
    for (index, parameter) in parameters.enumerated() {
        require(
            seen.insert(parameter.id).inserted,
            "parameter \(index) of shape \(parameter.shape) is listed twice; a step moves each parameter once")
    }
}

extension ParameterGradient {
    /// Traps if this is not a gradient of the parameter's shape; the fused kernels read as many elements as the
    /// parameter has, whatever there is.
    func checkFit(to parameter: Tensor) {
        switch self {
        case .tensor(let gradient):
            require(
                gradient.isLike(parameter), "the gradient is \(gradient.layout), the parameter \(parameter.layout)")
        case .product(let delta, let input):
            require(
                parameter.rank == 2 && delta.size(1) == parameter.size(0) && input.rows.size(1) == parameter.size(1),
                "the gradient is a product of \(delta.layout) and \(input.rows.layout), the parameter \(parameter.layout)"
            )
        }
    }

    /// The inner product with a tensor of the parameter's shape, rank 0; `<delta, A tensor^T>` if factored.
    package func dot(_ tensor: Tensor) -> Tensor {
        switch self {
        case .tensor(let gradient): gradient.dot(tensor)
        case .product(let delta, let input): delta.dot(input.rows.matmul(tensor.transposed()))
        }
    }
}

extension Tensor {
    /// Whether shape, element type and device are those of another tensor; asked at every step, so without the arrays
    /// of `shape`.
    func isLike(_ other: Tensor) -> Bool {
        let rank = self.rank
        return rank == other.rank && (0..<rank).allSatisfy { size($0) == other.size($0) } && dtype == other.dtype
            && device == other.device
    }

    /// The elements over `sqrt(m) + epsilon`, m being what a rule makes of squared gradients.
    func scaled(byRootOf moments: Tensor, epsilon: Double) -> Tensor {
        // libtorch's square root takes five times as long where elements are zero, as gradients of black pixels are; the reciprocal
        // of the root does not.
        let root = moments.power(-0.5).power(-1)
        root.addInPlace(epsilon)
        return self / root
    }

    /// Shape, element type and device, for messages.
    var layout: String { "\(shape) \(dtype) on \(device)" }
}
