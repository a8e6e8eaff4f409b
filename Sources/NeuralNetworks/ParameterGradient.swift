import Torch

/// The gradient of one parameter, or a direction in which to move it.
///
/// The gradient of an affine layer's weight over a batch is a product of two small matrices. Many uses need that product
/// only as a factor of another one, so it stays factored until somebody asks for its elements.
public enum ParameterGradient {
    /// The elements, of the parameter's shape.
    case tensor(Tensor)

    /// `delta^T A`, `[out, in]`, with `delta = dL/dz` `[m, out]` and the layer's input A `[m, in]`; NS25 section 3.2.
    case product(delta: Tensor, input: Representation)

    /// The sum with another gradient of the parameter.
    func adding(_ other: ParameterGradient) -> ParameterGradient {
        let sum = formed()
        // The elements of a product are new; those of a tensor may be somebody else's.
        guard case .product = self else { return .tensor(sum + other.formed()) }
        other.add(to: sum, scale: 1)
        return .tensor(sum)
    }

    /// The gradient times a number; a factored one stays factored.
    public func scaled(by factor: Double) -> ParameterGradient {
        switch self {
        case .tensor(let gradient): .tensor(gradient * factor)
        case .product(let delta, let input): .product(delta: delta * factor, input: input)
        }
    }

    /// The elements, of the parameter's shape; computed anew at each call if the gradient is factored.
    public func formed() -> Tensor {
        switch self {
        case .tensor(let gradient): gradient
        case .product(let delta, let input): delta.transposed().matmul(input.rows)
        }
    }

    /// Writes the elements into a tensor of the parameter's shape.
    public func form(into destination: Tensor) {
        switch self {
        case .tensor(let gradient): destination.copy(from: gradient)
        case .product(let delta, let input): destination.setMatmul(delta.transposed(), input.rows)
        }
    }

    /// A tensor of the parameter's shape plus `scale` times this gradient, which is not formed for that.
    public func added(to tensor: Tensor, scale: Double) -> Tensor {
        switch self {
        case .tensor(let gradient): tensor.adding(gradient, scale: scale)
        case .product(let delta, let input): tensor.addingMatmul(delta.transposed(), input.rows, scale: scale)
        }
    }

    /// Adds `scale` times this gradient to a tensor of the parameter's shape, without forming it.
    public func add(to destination: Tensor, scale: Double) {
        switch self {
        case .tensor(let gradient): destination.addInPlace(gradient, scale: scale)
        case .product(let delta, let input):
            destination.addMatmulInPlace(delta.transposed(), input.rows, scale: scale)
        }
    }
}

extension Collection where Element == ParameterGradient {
    /// The gradients, scaled together so that the norm over all their elements is at most a bound, as PyTorch's
    /// `clip_grad_norm_` scales them: by `bound / (norm + 1e-6)` where that is below 1. Factored ones stay factored.
    ///
    /// Waits for the device as `squaredNorm()` does.
    ///
    /// - Parameter bound: The largest norm, at least 0.
    public func clipped(toNorm bound: Double) -> [ParameterGradient] {
        require(bound >= 0, "clipped(toNorm: \(bound)): a norm is at least 0")
        let share = bound / (squaredNorm().squareRoot() + 1e-6)
        // Of a norm that is no number nothing is left, as in PyTorch: training is not to go on as if all were well.
        return share >= 1 ? Array(self) : map { $0.scaled(by: share) }
    }

    /// The sum of the squares of the elements of all: of a product `<delta delta^T, A A^T>` where that is cheaper.
    ///
    /// Where the parts of the samples cancel, so do the digits of that product, and the elements are formed after all.
    /// Waits for the device once, or twice in that case.
    public func squaredNorm() -> Double {
        var sums: [Tensor] = []
        /// The products among them, with the sum of the magnitudes of the terms.
        var products: [(position: Int, gradient: ParameterGradient, magnitude: Tensor)] = []
        for gradient in self {
            guard case .product(let delta, let input) = gradient,
                case let (m, out, d) = (delta.size(0), delta.size(1), input.columnCount), m * (out + d) < out * d
            else {
                sums.append(gradient.formed().squaredNorm())
                continue
            }
            let terms = delta.matmul(delta.transposed()) * input.gram
            products.append((sums.count, gradient, terms.absolute().sum()))
            sums.append(terms.sum())
        }
        guard !sums.isEmpty else { return 0 }
        let values = Tensor.stacked(sums + products.map(\.magnitude)).doubles()
        let cancelling = products.enumerated().filter { index, product in
            // Where all terms are zero there is nothing to cancel, and not a number is the result.
            let (sum, magnitude) = (values[product.position], values[sums.count + index])
            return magnitude > 0 && sum <= 1e-3 * magnitude
        }
        guard !cancelling.isEmpty else { return values[..<sums.count].reduce(0, +) }
        for (_, product) in cancelling { sums[product.position] = product.gradient.formed().squaredNorm() }
        return Tensor.stacked(sums).doubles().reduce(0, +)
    }
}
