import Torch

/// A residual connection, `x + body(x)`: any shape to the same shape.
///
/// The parameters have the names that the body gives them.
public struct Residual: Layer {
    /// What is added to the input; its output has the input's shape.
    public let body: any Layer

    /// A connection around a layer.
    public init(_ body: any Layer) { self.body = body }

    /// A connection around layers, one after the other.
    public init(_ layers: any Layer...) { self.init(Sequential(layers)) }

    /// The tensors that training changes.
    public var parameters: [Parameter] { body.parameters }

    /// The state of the layers that is no parameter.
    public var buffers: [Parameter] { body.buffers }

    /// What the layers draw from while training.
    public var generators: [Generator] { body.generators }

    /// A residual connection.
    public var structure: LayerStructure { .residual(body) }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { sum(x, body(x)) }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let (output, linearization) = body.linearize(x)
        return (sum(x, output), ResidualLinearization(body: linearization))
    }

    /// libtorch would broadcast them.
    private func sum(_ x: Tensor, _ output: Tensor) -> Tensor {
        require(
            output.shape == x.shape, "Residual: an output of shape \(output.shape) for an input of shape \(x.shape)")
        return x + output
    }
}

/// The derivative of a residual connection, `1 + body'`.
struct ResidualLinearization: Linearization {
    let body: any Linearization

    var hasParameters: Bool { body.hasParameters }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        let input = body.pullback(cotangent, needsInput: needsInput, into: &collected)
        return needsInput ? input.map { cotangent + $0 } ?? cotangent : nil
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        guard let output = body.pushforward(tangent, along: directions, into: &collected) else { return tangent }
        return tangent.map { $0 + output } ?? output
    }
}
