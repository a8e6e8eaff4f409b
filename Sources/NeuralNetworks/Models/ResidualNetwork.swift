import Torch

/// A residual network for images, with a dense head: `[N, C, H, W]` to `[N, outputs]`. With the default channels it is
/// NS25's network for Tiny-ImageNet (appendix A.3).
///
/// Every convolution is of 3 x 3, without a bias, and followed by batch normalization. The first one, and each that
/// changes the number of channels, halves height and width and is followed by ReLU. Those after it of the same channels
/// make up, two by two, residual connections `relu(x + body(x))` with ReLU between the two; of one that is left over,
/// `body` is that convolution alone.
///
/// NS25 fixes the channels, the "residual connections between channels of same shape", and that "instead of max
/// pooling, we use larger strides". It leaves open the size of the kernels, normalization, and where the strides are;
/// here these are as in He et al. (2016).
public struct ResidualNetwork: CompositeLayer {
    /// Convolutions, normalizations and activations, residual connections among them; flatten; the head.
    public let body: Sequential

    /// A network with random weights as PyTorch's `Conv2d` and `Linear` draw them.
    ///
    /// - Parameters:
    ///   - imageShape: The shape of an image, `[C, H, W]`.
    ///   - channels: The output channels of the convolutions. (The main text of NS25 has a third 256.)
    ///   - outputs: The number of outputs.
    ///   - generator: Draws the weights.
    ///   - dtype: The element type of the weights.
    ///   - device: Where the weights are.
    public init(
        imageShape: [Int], channels: [Int] = [64, 64, 64, 128, 128, 128, 256, 256], outputs: Int,
        using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) {
        require(
            imageShape.count == 3 && imageShape.allSatisfy { $0 > 0 },
            "ResidualNetwork: images of shape \(imageShape) instead of [C, H, W]")
        var (depth, height, width) = (imageShape[0], imageShape[1], imageShape[2])
        func convolution(_ outputs: Int, stride: Int) -> [any Layer] {
            [
                Convolution(
                    depth, outputs, kernel: 3, geometry: ConvolutionGeometry(stride: stride, padding: 1), bias: false,
                    using: generator, dtype: dtype, device: device),
                BatchNormalization(outputs, dtype: dtype, device: device),
            ]
        }
        var layers: [any Layer] = []
        var index = 0
        while index < channels.count {
            let count = channels[index]
            if index == 0 || count != depth {
                layers += convolution(count, stride: 2)
                (depth, height, width) = (count, (height + 1) / 2, (width + 1) / 2)
                index += 1
            } else {
                var body = convolution(count, stride: 1)
                index += 1
                if index < channels.count && channels[index] == count {
                    body += [ReLU()] + convolution(count, stride: 1)
                    index += 1
                }
                layers.append(Residual(Sequential(body)))
            }
            layers.append(ReLU())
        }
        layers += [
            Flatten(), Dense(depth * height * width, outputs, using: generator, dtype: dtype, device: device),
        ]
        body = Sequential(layers)
    }
}
