import Torch

/// The maxima of square windows: `[N, C, H, W]` to `[N, C, H', W']`.
public struct MaxPooling: Layer {
    /// The height and width of a window.
    public let kernel: Int
    /// The step between neighbouring windows.
    public let stride: Int

    /// A layer; windows that touch and do not overlap unless a stride is given.
    public init(kernel: Int, stride: Int? = nil) {
        self.kernel = kernel
        self.stride = stride ?? kernel
    }

    /// Pooling.
    public var structure: LayerStructure { .pooling }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        checkShape(x)
        return Kernels.maxPool(x, kernel: kernel, stride: stride)
    }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        checkShape(x)
        let (output, indices) = Kernels.maxPool(x, kernel: kernel, stride: stride) as (Tensor, Tensor)
        return (output, MaxPoolingLinearization(layer: self, input: x, indices: indices))
    }

    private func checkShape(_ x: Tensor) {
        requireInput(
            x, x.rank == 4 && x.size(2) >= kernel && x.size(3) >= kernel,
            "[N, C, H, W], H and W at least \(kernel)")
    }
}

/// The derivative of max pooling: it takes from, and gives to, the places of the maxima.
struct MaxPoolingLinearization: Linearization {
    let layer: MaxPooling
    let input: Tensor
    /// For each output, the place of its maximum in the plane of the input, `[N, C, H', W']`.
    let indices: Tensor

    var hasParameters: Bool { false }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        guard needsInput else { return nil }
        return Kernels.maxPoolPullback(
            cotangent, input: input, kernel: layer.kernel, stride: layer.stride, indices: indices)
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        tangent.map {
            $0.flattened(from: 2).gatheredElements(2, indices.flattened(from: 2)).reshaped(indices.shape)
        }
    }
}
