import CTorch

/// The geometry of a two-dimensional convolution: the same step and the same border on all sides.
public struct ConvolutionGeometry: Hashable, Sendable {
    /// The step between neighbouring outputs.
    public var stride: Int
    /// The zeros added at each side.
    public var padding: Int

    /// A geometry.
    public init(stride: Int = 1, padding: Int = 0) {
        self.stride = stride
        self.padding = padding
    }
}

extension Tensor {
    /// The convolution of images `[N, C, H, W]` with a weight `[out, C, kH, kW]` and a bias `[out]`: `[N, out, H', W']`.
    public func convolved(_ weight: Tensor, _ bias: Tensor?, _ geometry: ConvolutionGeometry) -> Tensor {
        Tensor(
            ct_conv2d(handle, weight.handle, bias?.handle, Int64(geometry.stride), Int64(geometry.padding)))
    }

    /// The patches that the outputs of a convolution see: `[N, C, H, W]` to `[N H' W', C kH kW]`.
    public func patches(kernel: (height: Int, width: Int), _ geometry: ConvolutionGeometry) -> Tensor {
        let columns = Tensor(
            ct_im2col(
                handle, Int64(kernel.height), Int64(kernel.width), Int64(geometry.stride), Int64(geometry.padding)))
        return columns.transposed().flattened(upTo: 1)
    }

    /// The elements at `indices` (`int64`) along a dimension, the other dimensions running in parallel.
    public func gatheredElements(_ dimension: Int, _ indices: Tensor) -> Tensor {
        Tensor(ct_gather(handle, Int64(dimension), indices.handle))
    }
}

extension Kernels {
    /// The pull-back of `cotangent` (`[N, out, H', W']`) through a convolution.
    ///
    /// - Parameters:
    ///   - cotangent: dL/d(output).
    ///   - input: The input of the convolution, `[N, C, H, W]`.
    ///   - weight: Its weight, `[out, C, kH, kW]`.
    ///   - geometry: Its geometry.
    ///   - needs: Which of the gradients to compute.
    public static func convolutionPullback(
        _ cotangent: Tensor, input: Tensor, weight: Tensor, _ geometry: ConvolutionGeometry,
        needs: (input: Bool, weight: Bool, bias: Bool)
    ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
        var pulled = gradients(needs) { wants, inputGradient, weightGradient, biasGradient in
            ct_convolution_backward(
                cotangent.handle, input.handle, weight.handle, Int64(geometry.stride), Int64(geometry.padding), wants,
                &inputGradient, &weightGradient, &biasGradient)
        }
        // Of images with the channels last it comes so, too, and meets a weight that is not.
        pulled.weight = pulled.weight?.contiguous()
        return pulled
    }

    /// The maxima of `kernel x kernel` windows, `[N, C, H, W]` to `[N, C, H', W']`, and where in their planes they are.
    public static func maxPool(_ x: Tensor, kernel: Int, stride: Int) -> (output: Tensor, indices: Tensor) {
        var output: ct_tensor?
        var indices: ct_tensor?
        check(ct_max_pool2d_with_indices(x.handle, Int64(kernel), Int64(stride), &output, &indices))
        return (Tensor(output), Tensor(indices))
    }

    /// The pull-back of `cotangent` through `maxPool` at the input `x`.
    public static func maxPoolPullback(
        _ cotangent: Tensor, input: Tensor, kernel: Int, stride: Int, indices: Tensor
    ) -> Tensor {
        Tensor(
            ct_max_pool2d_with_indices_backward(
                cotangent.handle, input.handle, Int64(kernel), Int64(stride), indices.handle))
    }

    /// The maxima of windows, differentiable by autograd any number of times.
    public static func maxPool(_ x: Tensor, kernel: Int, stride: Int) -> Tensor {
        Tensor(ct_max_pool2d(x.handle, Int64(kernel), Int64(stride)))
    }
}
