import Torch

/// A multi-layer perceptron: dense layers with an activation after each but the last; `[N, ...]` to `[N, outputs]`.
///
/// ```swift
/// let model = MLP(inputs: 784, hidden: [1024, 1024], outputs: 10, using: Generator(seed: 0))
/// ```
public struct MLP: CompositeLayer {
    /// Flatten, then dense layers and activations in turn.
    public let body: Sequential

    /// A perceptron with random weights as PyTorch's `Linear` draws them.
    public init(
        inputs: Int, hidden: [Int], outputs: Int, activation: Activation = .relu, bias: Bool = true,
        using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) {
        let sizes = [inputs] + hidden + [outputs]
        var layers: [any Layer] = [Flatten()]
        for (index, (from, to)) in zip(sizes, sizes.dropFirst()).enumerated() {
            if index > 0 { layers.append(activation.layer) }
            layers.append(Dense(from, to, bias: bias, using: generator, dtype: dtype, device: device))
        }
        body = Sequential(layers)
    }
}
