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

    /// An affine map.
    public var structure: LayerStructure { .affine(weight: weight, bias: bias) }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        // The least extents of an image, which the border makes larger.
        let (height, width) = (weight.size(2) - 2 * geometry.padding, weight.size(3) - 2 * geometry.padding)
        requireInput(
            x, x.rank == 4 && x.size(1) == weight.size(1) && x.size(2) >= height && x.size(3) >= width,
            of: weight.dtype,
            "[N, \(weight.size(1)), H, W], H at least \(max(height, 1)) and W at least \(max(width, 1))")
        return x.arrangedForConvolution.convolved(weight, bias, geometry)
    }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let x = x.arrangedForConvolution
        let output = self(x)
        let patches = PatchRepresentation(
            images: x, weightShape: weight.shape, geometry: geometry, patchesPerImage: output.size(2) * output.size(3))
        let site = AffineSite(weight: weight, bias: bias, input: patches)
        return (output, ConvolutionLinearization(site: site, input: x, geometry: geometry, outputShape: output.shape))
    }
}

/// The derivative of a convolution at images x.
struct ConvolutionLinearization: Linearization {
    let site: AffineSite
    let input: Tensor
    let geometry: ConvolutionGeometry
    let outputShape: [Int]

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        let pulled = Kernels.convolutionPullback(
            cotangent, input: input, weight: site.weight, geometry,
            needs: (
                input: needsInput, weight: collected.needsGradients,
                bias: collected.needsGradients && site.bias != nil
            ))
        if let weight = pulled.weight { collected.gradients.add(.tensor(weight), of: site.weight) }
        if let bias = site.bias, let gradient = pulled.bias { collected.gradients.add(.tensor(gradient), of: bias) }
        collected.record(cotangent, at: site)
        return pulled.input
    }

    /// `z' = x' * W + x * W' + b'`.
    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        let tangent = tangent?.arrangedForConvolution
        collected.record(tangent, at: site)
        var output = tangent?.convolved(site.weight, nil, geometry)
        let weight = directions[site.weight]?.formed()
        let bias = site.bias.flatMap { directions[$0]?.formed() }
        if let weight {
            let own = input.convolved(weight, bias, geometry)
            if let output { output.addInPlace(own) } else { output = own }
        } else if let bias {
            let result = output ?? .zeros(outputShape, dtype: input.dtype, device: input.device)
            result.addInPlace(bias.reshaped([1, -1, 1, 1]))
            output = result
        }
        return output
    }
}

extension Tensor {
    /// Images as they are convolved and pooled fastest: on a CPU in single precision with the channels last, where oneDNN reorders nothing
    /// and pooling runs in vectors. What a convolution makes of them lies in the same way, unless they have one channel.
    fileprivate var arrangedForConvolution: Tensor {
        rank == 4 && device == .cpu && dtype == .float32 ? channelsLast() : self
    }
}
