import Torch

/// Shifts and scales the last dimension to mean 0 and variance 1, and then each feature: `[..., D]` to `[..., D]`; Ba,
/// Kiros, Hinton, "Layer Normalization", 2016.
///
/// The features of a token then sum to the same number, whatever the token, wherever the weight is still all ones: the
/// input of an affine map behind this layer leaves one dimension free.
public struct LayerNormalization: Layer {
    /// The factor of each feature, `[D]`.
    public let weight: Tensor
    /// The offset of each feature, `[D]`.
    public let bias: Tensor
    /// What is added to the variance.
    public let epsilon: Double

    /// A layer with the given weight and bias, `[D]`.
    public init(weight: Tensor, bias: Tensor, epsilon: Double = 1e-5) {
        require(
            weight.rank == 1 && bias.shape == weight.shape,
            "LayerNormalization: a weight of shape \(weight.shape) with a bias of shape \(bias.shape)")
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
    }

    /// A layer as PyTorch's `LayerNorm` begins: the weight is ones, the bias zeros.
    ///
    /// - Parameters:
    ///   - dimension: The features of a token; D.
    ///   - epsilon: What is added to the variance.
    ///   - dtype: The element type of the parameters.
    ///   - device: Where the parameters are.
    public init(_ dimension: Int, epsilon: Double = 1e-5, dtype: DType = .float32, device: Device = .cpu) {
        self.init(
            weight: .ones([dimension], dtype: dtype, device: device),
            bias: .zeros([dimension], dtype: dtype, device: device), epsilon: epsilon)
    }

    /// The tensors that training changes.
    public var parameters: [Parameter] { [Parameter("weight", weight), Parameter("bias", bias)] }

    /// A normalization of each token.
    public var structure: LayerStructure { .normalization(weight: weight, bias: bias, dimension: -1) }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { normalized(x).output }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let (output, mean, deviation) = normalized(x)
        return (
            output, LayerNormalizationLinearization(layer: self, input: x, mean: mean, reciprocalDeviation: deviation)
        )
    }

    private func normalized(_ x: Tensor) -> (output: Tensor, mean: Tensor, reciprocalDeviation: Tensor) {
        requireInput(x, x.rank > 0 && x.size(-1) == weight.count, "[..., \(weight.count)]")
        return Kernels.layerNormalization(x, weight: weight, bias: bias, epsilon: epsilon)
    }
}

/// The derivative of layer normalization, `y = n(x) w + b` with the normalization n.
struct LayerNormalizationLinearization: Linearization {
    let layer: LayerNormalization
    let input: Tensor
    /// `[..., 1]`.
    let mean: Tensor
    /// `[..., 1]`.
    let reciprocalDeviation: Tensor

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        let pulled = Kernels.layerNormalizationPullback(
            cotangent, input: input, mean: mean, reciprocalDeviation: reciprocalDeviation, weight: layer.weight,
            bias: layer.bias,
            needs: (input: needsInput, weight: collected.needsGradients, bias: collected.needsGradients))
        if let weight = pulled.weight { collected.gradients.add(.tensor(weight), of: layer.weight) }
        if let bias = pulled.bias { collected.gradients.add(.tensor(bias), of: layer.bias) }
        return pulled.input
    }

    /// `y' = n'(x) x' w + n(x) w' + b'`.
    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        var output: Tensor?
        let (weight, bias) = (directions[layer.weight]?.formed(), directions[layer.bias]?.formed())
        if weight != nil || bias != nil {
            output =
                Kernels.layerNormalization(
                    input, weight: weight ?? .zeros(like: layer.weight), bias: bias ?? .zeros(like: layer.bias),
                    epsilon: layer.epsilon
                ).output
        }
        if let tangent {
            // The Jacobian of n is symmetric: its pull-back is its pushforward.
            let pushed = Kernels.layerNormalizationPullback(
                tangent, input: input, mean: mean, reciprocalDeviation: reciprocalDeviation, weight: nil, bias: nil,
                needs: (input: true, weight: false, bias: false)
            ).input!
            if let output {
                output.addProductInPlace(pushed, layer.weight, scale: 1)
            } else {
                output = pushed * layer.weight
            }
        }
        return output
    }
}
