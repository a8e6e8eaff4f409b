import Torch

/// The derivative of any layer, by autograd: the default for layers that give only the forward pass.
///
/// The Jacobian-vector product is the derivative of the vector-Jacobian product with respect to its cotangent, so the
/// forward pass must be twice differentiable by autograd.
struct AutogradLinearization: Linearization {
    let input: Tensor
    let parameters: [Tensor]
    let output: Tensor

    var hasParameters: Bool { !parameters.isEmpty }

    /// Runs the forward pass on leaves that autograd follows: `x` and the layer's parameters.
    static func of(_ layer: some Layer, at x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let leaf = x.detached()
        let parameters = layer.parameters.map(\.value)
        let output = withGradients(of: [leaf]) { withGradients(of: parameters) { layer(leaf) } }
        return (output.detached(), AutogradLinearization(input: leaf, parameters: parameters, output: output))
    }

    private var inputs: [Tensor] { [input] + parameters }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        let pulled = withGradients(of: inputs) {
            gradient(of: output, with: inputs, cotangent: cotangent, retainGraph: true)
        }
        for (parameter, gradient) in zip(parameters, pulled.dropFirst()) {
            collected.gradients.add(.tensor(gradient), of: parameter)
        }
        return needsInput ? pulled[0] : nil
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        let tangents = [tangent] + parameters.map { directions[$0]?.formed() }
        guard tangents.contains(where: { $0 != nil }) else { return nil }
        let probe = Tensor.zeros(like: output)
        return withGradients(of: [probe] + inputs) {
            let pulled = gradient(of: output, with: inputs, cotangent: probe, createGraph: true)
            let inner = zip(pulled, tangents).compactMap { pulled, tangent in tangent.map { pulled.dot($0) } }
                .reduce(Tensor(0, dtype: output.dtype, device: output.device)) { $0 + $1 }
            return gradient(of: inner, with: [probe], retainGraph: true)[0].detached()
        }
    }
}
