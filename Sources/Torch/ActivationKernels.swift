import CTorch

extension Kernels {
    // The Jacobian of an activation is diagonal, so each of these is its pull-back and its pushforward.

    /// `tangent` where the output of ReLU is positive, 0 elsewhere.
    public static func reluDerivative(_ tangent: Tensor, output: Tensor) -> Tensor {
        Tensor(ct_threshold_backward(tangent.handle, output.handle, 0))
    }
    /// `tangent` where the input of LeakyReLU is positive, `slope tangent` elsewhere.
    public static func leakyReLUDerivative(_ tangent: Tensor, input: Tensor, slope: Double) -> Tensor {
        Tensor(ct_leaky_relu_backward(tangent.handle, input.handle, slope, false))
    }
    /// `tangent (1 - output^2)`.
    public static func tanhDerivative(_ tangent: Tensor, output: Tensor) -> Tensor {
        Tensor(ct_tanh_backward(tangent.handle, output.handle))
    }
    /// `tangent output (1 - output)`.
    public static func sigmoidDerivative(_ tangent: Tensor, output: Tensor) -> Tensor {
        Tensor(ct_sigmoid_backward(tangent.handle, output.handle))
    }
    /// `tangent (Phi(x) + x phi(x))` with the normal distribution's Phi and density phi.
    public static func geluDerivative(_ tangent: Tensor, input: Tensor) -> Tensor {
        Tensor(ct_gelu_backward(tangent.handle, input.handle))
    }
}
