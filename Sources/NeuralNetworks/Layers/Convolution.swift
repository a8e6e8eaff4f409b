import Torch

/// A convolution of images: `[N, C, H, W]` to `[N, out, H', W']`.
public struct Convolution: Layer {
    /// The kernels, `[out, C, kH, kW]`.
    public let weight: Tensor
    /// The offsets, `[out]`.
    public let bias: Tensor?
    /// The step and the border.
    public let geometry: ConvolutionGeometry

    /// A layer with the given weight, `[out, C, kH, kW]`, and bias, `[out]`.
    public init(weight: Tensor, bias: Tensor?, geometry: ConvolutionGeometry = ConvolutionGeometry()) {
        require(
            weight.rank == 4 && (bias == nil || bias!.shape == [weight.size(0)]),
            "Convolution: a weight of shape \(weight.shape) with a bias of shape \(bias?.shape ?? [])")
        self.weight = weight
        self.bias = bias
        self.geometry = geometry
    }

    /// A layer with random weights as PyTorch's `Conv2d` draws them: uniform within `1 / sqrt(C k k)` of zero.
    ///
    /// - Parameters:
    ///   - inputs: The channels of an image; C.
    ///   - outputs: The channels of an output.
    ///   - kernel: The height and width of a kernel; k.
    ///   - geometry: The step and the border.
    ///   - bias: Whether there is a bias.
    ///   - generator: Draws the numbers, on the CPU.
    ///   - dtype: The element type of the parameters.
    ///   - device: Where the parameters are.
    public init(
        _ inputs: Int, _ outputs: Int, kernel: Int, geometry: ConvolutionGeometry = ConvolutionGeometry(),
        bias: Bool = true, using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) {
        let bound = 1 / Double(inputs * kernel * kernel).squareRoot()
        func draw(_ shape: [Int]) -> Tensor {
            .uniform(shape, in: -bound..<bound, using: generator, dtype: dtype).to(device: device)
        }
        self.init(
            weight: draw([outputs, inputs, kernel, kernel]), bias: bias ? draw([outputs]) : nil, geometry: geometry)
    }

    /// The tensors that training changes.
    public var parameters: [Parameter] {
        [Parameter("weight", weight)] + (bias.map { [Parameter("bias", $0)] } ?? [])
    }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.convolved(weight, bias, geometry) }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let output = self(x)
        return (output, ConvolutionLinearization(layer: self, input: x, outputShape: output.shape))
    }
}

/// The derivative of a convolution at images x.
struct ConvolutionLinearization: Linearization {
    let layer: Convolution
    let input: Tensor
    let outputShape: [Int]

    var affineMaps: [AffineMap] {
        let patches = PatchRepresentation(
            images: input, weightShape: layer.weight.shape, geometry: layer.geometry,
            patchesPerImage: outputShape[2] * outputShape[3])
        return [AffineMap(weight: layer.weight, bias: layer.bias, input: patches)]
    }

    func pullback(_ cotangent: Tensor, needsInput: Bool) -> Pullback {
        let pulled = Kernels.convolutionPullback(
            cotangent, input: input, weight: layer.weight, layer.geometry,
            needs: (input: needsInput, weight: true, bias: layer.bias != nil))
        return Pullback(
            input: pulled.input, parameters: [pulled.weight, pulled.bias].compactMap { $0.map { .tensor($0) } },
            affineOutputs: [cotangent])
    }

    /// `z' = x' * W + x * W' + b'`.
    func pushforward(_ tangent: Tensor?, along directions: ArraySlice<ParameterGradient>) -> Pushforward {
        var output = tangent?.convolved(layer.weight, nil, layer.geometry)
        if let direction = directions.first {
            let bias = layer.bias == nil ? nil : directions.last?.formed()
            let own = input.convolved(direction.formed(), bias, layer.geometry)
            if let output { output.addInPlace(own) } else { output = own }
        }
        return Pushforward(output: output, affineInputs: [tangent])
    }
}
