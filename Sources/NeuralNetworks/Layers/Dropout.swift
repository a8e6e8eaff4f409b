import Torch

/// Dropout (Srivastava et al., 2014): in training each element becomes zero with a given probability, and the others
/// grow so that the mean stays; any shape to the same shape.
///
/// In the other modes nothing is dropped: a teleport holds the loss of the whole model.
public struct Dropout: Layer {
    /// The probability that an element becomes zero.
    public let rate: Double
    /// Draws what is dropped, on the CPU.
    public let generator: Generator

    /// A layer that drops the share `rate` of the elements, in `0..<1`.
    public init(_ rate: Double = 0.5, using generator: Generator) {
        require((0..<1).contains(rate), "Dropout: a rate of \(rate), which is not in 0..<1")
        self.rate = rate
        self.generator = generator
    }

    /// The one that the layer was given.
    public var generators: [Generator] { [generator] }

    /// The identity, but for noise.
    public var structure: LayerStructure { .identity }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { mask(for: x).map { x * $0 } ?? x }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        guard let mask = mask(for: x) else { return (x, ElementwiseLinearization { $0 }) }
        return (x * mask, ElementwiseLinearization { $0 * mask })
    }

    /// Zeros for what is dropped and `1 / (1 - rate)` elsewhere; nil if nothing is dropped.
    private func mask(for x: Tensor) -> Tensor? {
        guard Mode.current == .training && rate > 0 else { return nil }
        let mask = Tensor.bernoulli(x.shape, probability: 1 - rate, using: generator, dtype: x.dtype)
        mask.multiplyInPlace(by: 1 / (1 - rate))
        return mask.to(device: x.device)
    }
}
