import Torch

extension Layer {
    /// The forward pass, with a derivative that autograd computes.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        AutogradLinearization.of(self, at: x)
    }
}

/// The derivative of any layer, by autograd: the default for layers that give only the forward pass.
///
/// It reads the weights as they are when it is asked, as every linearization does: where a parameter or a buffer was
/// written to since the forward pass was recorded, that is recorded anew, in the same mode and with the same random
/// numbers. The Jacobian-vector product is the derivative of the vector-Jacobian product with respect to its cotangent, so
/// the forward pass must be twice differentiable by autograd.
final class AutogradLinearization: Linearization {
    private let layer: any Layer
    private let input: Tensor
    private let parameters: [Tensor]
    private let buffers: [Tensor]
    private let mode = Mode.current
    private let generators: [Generator]
    private let generatorStates: [Tensor]
    private var recorded: (output: Tensor, versions: [Int])

    var hasParameters: Bool { !parameters.isEmpty }

    /// Runs the forward pass on leaves that autograd follows: `x`, unless it is of integers, and the layer's parameters.
    static func of(_ layer: some Layer, at x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let linearization = AutogradLinearization(layer, at: x)
        return (linearization.recorded.output.detached(), linearization)
    }

    private init(_ layer: some Layer, at x: Tensor) {
        self.layer = layer
        input = x.detached()
        parameters = layer.parameters.map(\.value)
        buffers = layer.buffers.map(\.value)
        generators = layer.generators
        generatorStates = generators.map(\.state)
        let leaf = input
        let output = withGradients(of: Self.followed(leaf, parameters)) { layer(leaf) }
        recorded = (output, (parameters + buffers).map(\.version))
    }

    /// Indices have no derivative.
    private static func followed(_ input: Tensor, _ parameters: [Tensor]) -> [Tensor] {
        (input.dtype.isFloatingPoint ? [input] : []) + parameters
    }

    /// The input, if there are derivatives with respect to it, and the parameters.
    private var leaves: [Tensor] { Self.followed(input, parameters) }

    /// The output, with the graph of the forward pass at the weights as they are.
    private var output: Tensor {
        let tensors = parameters + buffers
        if tensors.map(\.version) != recorded.versions {
            let output = recordAnew()
            recorded = (output, tensors.map(\.version))
        }
        return recorded.output
    }

    private func recordAnew() -> Tensor {
        let savedStates = generators.map(\.state)
        let savedBuffers = buffers.map { $0.clone() }
        for (generator, state) in zip(generators, generatorStates) { generator.state = state }
        defer {
            for (generator, state) in zip(generators, savedStates) { generator.state = state }
            // Running statistics have followed this batch once already. Written to only where they moved: the graph may
            // hold on to them.
            for (buffer, saved) in zip(buffers, savedBuffers) where !buffer.hasElements(of: saved) {
                buffer.copy(from: saved)
            }
        }
        return withMode(mode) { withGradients(of: leaves) { layer(input) } }
    }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        let (output, leaves) = (self.output, self.leaves)
        let asked = Self.followed(input, collected.needsGradients ? parameters : [])
        let pulled = withGradients(of: leaves) {
            gradient(of: output, with: asked, cotangent: cotangent, retainGraph: true)
        }
        let gradients = pulled.dropFirst(input.dtype.isFloatingPoint ? 1 : 0)
        for (parameter, gradient) in zip(parameters, gradients) {
            collected.gradients.add(.tensor(gradient), of: parameter)
        }
        return needsInput && input.dtype.isFloatingPoint ? pulled[0] : nil
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        require(
            tangent == nil || input.dtype.isFloatingPoint,
            "\(type(of: layer)): a tangent for its input, which is of \(input.dtype)")
        let tangents = (input.dtype.isFloatingPoint ? [tangent] : []) + parameters.map { directions[$0]?.formed() }
        guard tangents.contains(where: { $0 != nil }) else { return nil }
        let (output, leaves) = (self.output, self.leaves)
        let probe = Tensor.zeros(like: output)
        return withGradients(of: [probe] + leaves) {
            let pulled = gradient(of: output, with: leaves, cotangent: probe, createGraph: true)
            let inner = zip(pulled, tangents).compactMap { pulled, tangent in tangent.map { pulled.dot($0) } }
                .reduce(Tensor(0, dtype: output.dtype, device: output.device)) { $0 + $1 }
            return gradient(of: inner, with: [probe], retainGraph: true)[0].detached()
        }
    }
}

extension Tensor {
    /// Whether all elements equal those of another tensor of the same shape.
    package func hasElements(of other: Tensor) -> Bool { equals(other).sum().item() == Double(count) }
}
