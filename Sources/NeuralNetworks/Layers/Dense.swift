import Torch

/// An affine map of the last dimension, `x W^T + b`: `[..., in]` to `[..., out]`.
public struct Dense: Layer {
    /// W, `[out, in]`.
    public let weight: Tensor
    /// b, `[out]`.
    public let bias: Tensor?

    /// A layer with the given weight, `[out, in]`, and bias, `[out]`.
    public init(weight: Tensor, bias: Tensor?) {
        require(
            weight.rank == 2 && (bias == nil || bias!.shape == [weight.size(0)]),
            "Dense: a weight of shape \(weight.shape) with a bias of shape \(bias?.shape ?? [])")
        self.weight = weight
        self.bias = bias
    }

    /// A layer with random weights as PyTorch's `Linear` draws them: uniform within `1 / sqrt(in)` of zero.
    ///
    /// - Parameters:
    ///   - inputs: The features of a sample.
    ///   - outputs: The features of an output.
    ///   - bias: Whether there is a bias.
    ///   - generator: Draws the numbers, on the CPU.
    ///   - dtype: The element type of the parameters.
    ///   - device: Where the parameters are.
    public init(
        _ inputs: Int, _ outputs: Int, bias: Bool = true, using generator: Generator, dtype: DType = .float32,
        device: Device = .cpu
    ) {
        let bound = 1 / Double(inputs).squareRoot()
        func draw(_ shape: [Int]) -> Tensor {
            .uniform(shape, in: -bound..<bound, using: generator, dtype: dtype).to(device: device)
        }
        self.init(weight: draw([outputs, inputs]), bias: bias ? draw([outputs]) : nil)
    }

    /// The tensors that training changes.
    public var parameters: [Parameter] {
        [Parameter("weight", weight)] + (bias.map { [Parameter("bias", $0)] } ?? [])
    }

    /// An affine map.
    public var structure: LayerStructure { .affine(weight: weight, bias: bias) }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        requireInput(
            x, x.rank > 0 && x.size(-1) == weight.size(1), of: weight.dtype, "[..., \(weight.size(1))]")
        return x.linear(weight, bias)
    }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let output = self(x)
        let rows = x.rank == 2 ? x : x.reshaped([-1, weight.size(1)])
        let input = Representation(rows: rows)
        let site = AffineSite(weight: weight, bias: bias, input: input)
        return (output, DenseLinearization(site: site, input: input, inputShape: x.shape))
    }
}

/// The derivative of a dense layer at the rows A, `[m, in]`; delta below is the cotangent of its output, `[m, out]`.
struct DenseLinearization: Linearization {
    let site: AffineSite
    let input: Representation
    let inputShape: [Int]

    /// `dL/dx = delta W`, `dL/dW = delta^T A`, `dL/db = delta^T 1`.
    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        let delta = asRows(cotangent)
        collected.record(delta, at: site)
        if collected.needsGradients {
            let product = ParameterGradient.product(delta: delta, input: input)
            // Of many rows, as of tokens, the product is smaller than its factors.
            let isSmall = input.rowCount > max(site.weight.size(0), site.weight.size(1))
            collected.gradients.add(isSmall ? .tensor(product.formed()) : product, of: site.weight)
            if let bias = site.bias { collected.gradients.add(.tensor(delta.sum(along: [0])), of: bias) }
        }
        return needsInput ? delta.matmul(site.weight).inShape(inputShape) : nil
    }

    /// `z' = A' W^T + A W'^T + 1 b'^T`; along a gradient `W' = delta^T A` the middle term is `(A A^T) delta`, which is less
    /// work where A has few rows.
    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        let tangent = tangent.map(asRows)
        collected.record(tangent, at: site)
        var output = tangent?.linear(site.weight, nil)
        if let direction = directions[site.weight] {
            let (left, right) =
                switch direction {
                case .product(let delta, let other) where other === input && input.rowCount < 2 * input.columnCount:
                    (input.gram, delta)
                case .product(let delta, let other) where other.isThinner(than: site.weight):
                    (input.rows.matmul(other.rows.transposed()), delta)
                default: (input.rows, direction.formed().transposed())
                }
            if let output { output.addMatmulInPlace(left, right) } else { output = left.matmul(right) }
        }
        let outputs = site.weight.size(0)
        if let direction = site.bias.flatMap({ directions[$0] }) {
            let result = output ?? .zeros([input.rowCount, outputs], dtype: input.dtype, device: input.device)
            result.addInPlace(direction.formed())
            output = result
        }
        return output?.inShape(inputShape.dropLast() + [outputs])
    }

    private func asRows(_ x: Tensor) -> Tensor { x.rank == 2 ? x : x.reshaped([-1, x.size(-1)]) }
}

extension Tensor {
    /// The same elements under a shape of the given rank and extents; the tensor itself if it is a matrix already.
    fileprivate func inShape(_ shape: [Int]) -> Tensor { shape.count == 2 ? self : reshaped(shape) }
}
