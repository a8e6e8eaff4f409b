import Torch

/// A layer that is made of other layers: it states its body once and inherits all else.
///
/// ```swift
/// struct Classifier: CompositeLayer {
///     let body: Sequential
///
///     init(using generator: Generator) {
///         body = Sequential(Dense(784, 128, using: generator), GELU(), Dense(128, 10, using: generator))
///     }
/// }
/// ```
public protocol CompositeLayer: Layer {
    /// What does the work.
    associatedtype Body: Layer

    /// What does the work.
    var body: Body { get }
}

extension CompositeLayer {
    /// The tensors that training changes, under the names that the body gives them.
    public var parameters: [Parameter] { body.parameters }

    /// The state of the layers that is no parameter.
    public var buffers: [Parameter] { body.buffers }

    /// What the layers draw from while training.
    public var generators: [Generator] { body.generators }

    /// That of the body.
    public var structure: LayerStructure { body.structure }

    /// Whether the body does.
    public var couplesSamples: Bool { body.couplesSamples }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { body(x) }

    /// The forward pass and its derivative at `x`.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) { body.linearize(x) }
}
