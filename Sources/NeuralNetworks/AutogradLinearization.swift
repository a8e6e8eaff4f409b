import Torch

/// The derivative of any layer, by autograd: the default for layers that give only the forward pass.
///
/// The Jacobian-vector product is the derivative of the vector-Jacobian product with respect to its cotangent, so the
/// forward pass must be twice differentiable by autograd.
struct AutogradLinearization: Linearization {
    let inputs: [Tensor]
    let output: Tensor

    /// Runs the forward pass on leaves that autograd follows: `x` and the layer's parameters.
    static func of(_ layer: some Layer, at x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let leaf = x.detached()
        let parameters = layer.parameters.map(\.value)
        let output = withGradients(of: [leaf]) { withGradients(of: parameters) { layer(leaf) } }
        return (output.detached(), AutogradLinearization(inputs: [leaf] + parameters, output: output))
    }

    func pullback(_ cotangent: Tensor, needsInput: Bool) -> Pullback {
        let gradients = withGradients(of: inputs) {
            gradient(of: output, with: inputs, cotangent: cotangent, retainGraph: true)
        }
        return Pullback(input: needsInput ? gradients[0] : nil, parameters: gradients.dropFirst().map { .tensor($0) })
    }

    func pushforward(_ tangent: Tensor?, along directions: ArraySlice<ParameterGradient>) -> Pushforward {
        if tangent == nil && directions.isEmpty { return Pushforward(output: nil) }
        let probe = Tensor.zeros(like: output)
        return withGradients(of: [probe] + inputs) {
            let pulled = gradient(of: output, with: inputs, cotangent: probe, createGraph: true)
            let tangents =
                [tangent ?? Tensor.zeros(like: inputs[0])]
                + (directions.isEmpty
                    ? inputs.dropFirst().map(Tensor.zeros(like:)) : directions.map { $0.formed() })
            let inner = zip(pulled, tangents).map { $0.dot($1) }.reduce(Tensor(0, dtype: output.dtype)) { $0 + $1 }
            return Pushforward(output: gradient(of: inner, with: [probe], retainGraph: true)[0].detached())
        }
    }
}
