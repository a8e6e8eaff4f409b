import Torch

/// A convolutional network for small images: convolutions of 3 x 3, an activation and max pooling after each, and a dense head;
/// `[N, C, H, W]` to `[N, outputs]`. With the default channels it is NS25's network for CIFAR (appendix A.3).
///
/// Pooling comes before ReLU, which commutes with the maximum: the same outputs and gradients, to the last bit, from a quarter of the
/// elements. It comes after other activations: they make equal by rounding what is not, and GELU is not increasing.
public struct ConvolutionalNetwork: CompositeLayer {
    /// Convolution, and pooling and activation in their order, for each number of channels; flatten; the head.
    public let body: Sequential

    /// A network with random weights as PyTorch draws them.
    ///
    /// - Parameters:
    ///   - imageShape: The shape of an image, `[C, H, W]`.
    ///   - channels: The output channels of the convolutions; each halves the height and width.
    ///   - outputs: The number of outputs.
    ///   - activation: What follows each convolution.
    ///   - generator: Draws the weights.
    ///   - dtype: The element type of the weights.
    ///   - device: Where the weights are.
    public init(
        imageShape: [Int], channels: [Int] = [16, 32, 64], outputs: Int, activation: Activation = .relu,
        using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) {
        require(imageShape.count == 3, "ConvolutionalNetwork: images of shape \(imageShape) instead of [C, H, W]")
        var (depth, height, width) = (imageShape[0], imageShape[1], imageShape[2])
        var layers: [any Layer] = []
        for count in channels {
            layers += [
                Convolution(
                    depth, count, kernel: 3, geometry: ConvolutionGeometry(padding: 1), using: generator, dtype: dtype,
                    device: device)
            ]
            layers +=
                activation == .relu
                ? [MaxPooling(kernel: 2), activation.layer] : [activation.layer, MaxPooling(kernel: 2)]
            (depth, height, width) = (count, height / 2, width / 2)
        }
        require(
            height > 0 && width > 0,
            "ConvolutionalNetwork: images of shape \(imageShape) are too small to halve \(channels.count) times")
        layers += [
            Flatten(), Dense(depth * height * width, outputs, using: generator, dtype: dtype, device: device),
        ]
        body = Sequential(layers)
    }
}
