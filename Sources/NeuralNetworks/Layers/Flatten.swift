import Torch

/// Makes one dimension of all but the first: `[N, ...]` to `[N, D]`.
public struct Flatten: Layer {
    /// The layer.
    public init() {}

    /// Flattening.
    public var structure: LayerStructure { .flattening }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.flattened(from: 1) }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        (self(x), FlattenLinearization(inputShape: x.shape))
    }
}

struct FlattenLinearization: Linearization {
    let inputShape: [Int]

    var hasParameters: Bool { false }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        needsInput ? cotangent.reshaped(inputShape) : nil
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        tangent?.flattened(from: 1)
    }
}
