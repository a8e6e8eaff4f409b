import Torch

/// A layer that stays as it is: what it computes passes through, and its tensors are buffers, which neither training nor
/// a teleport moves.
///
/// ```swift
/// let model = Sequential(Frozen(backbone), Dense(512, 10, using: generator))  // only the head trains
/// ```
///
/// The names of the tensors are those that the layer gives them, so that a model's state is the same with and without.
/// Running statistics still follow the batches of training, as in PyTorch; `Mode.evaluation` keeps them. A tensor that a
/// layer outside uses too is a parameter there, and moves.
public struct Frozen: Layer {
    /// What is frozen.
    public let layer: any Layer

    /// Keeps a layer as it is.
    public init(_ layer: any Layer) { self.layer = layer }

    /// The layer's parameters, which are no parameters here, and its buffers.
    public var buffers: [Parameter] {
        layer.parameters.map { Parameter($0.name, $0.value, isConstant: true) } + layer.buffers
    }

    /// What the layer draws from while training.
    public var generators: [Generator] { layer.generators }

    /// Whether the layer does.
    public var couplesSamples: Bool { layer.couplesSamples }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { layer(x) }

    /// The forward pass and its derivative with respect to `x`.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let (output, linearization) = layer.linearize(x)
        return (output, FrozenLinearization(inner: linearization))
    }
}

/// The derivative of a layer with respect to its input alone.
struct FrozenLinearization: Linearization {
    let inner: any Linearization

    var hasParameters: Bool { false }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        guard needsInput else { return nil }
        var ignored = Pullback(needsGradients: false)
        return inner.pullback(cotangent, needsInput: true, into: &ignored)
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        var ignored = Pushforward()
        return inner.pushforward(tangent, along: Gradients(), into: &ignored)
    }
}
