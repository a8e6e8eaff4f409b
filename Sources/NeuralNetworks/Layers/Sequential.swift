import Torch

/// Layers one after the other; the parameters of the third one are called `2.weight` and so on, as in PyTorch, unless
/// the layers have names.
public struct Sequential: Layer {
    /// The layers, first to last.
    public let layers: [any Layer]
    private let names: [String]

    /// The composition of the given layers, first to last.
    public init(_ layers: [any Layer]) {
        self.layers = layers
        names = layers.indices.map(String.init)
    }

    /// The composition of the given layers, first to last.
    public init(_ layers: any Layer...) { self.init(layers) }

    /// The composition of the given layers, first to last. The parameters of a layer named `head` are called `head.weight`
    /// and so on; the empty name leaves them the names that the layer gives them. Traps if two layers have one name, or a
    /// tensor each of one name: a saved model could hold only one of them.
    public init(named layers: KeyValuePairs<String, any Layer>) {
        self.init(named: layers.map { (name: $0.key, layer: $0.value) })
    }

    /// The same of layers that are not known before the program runs.
    package init(named layers: [(name: String, layer: any Layer)]) {
        self.layers = layers.map(\.layer)
        names = layers.map(\.name)
        var known: Set<String> = []
        for name in names where !name.isEmpty {
            require(
                known.insert(name).inserted,
                "Sequential: two layers have the name \(name); give each its own name, or the empty one")
        }
        requireDistinctTensors()
    }

    /// What a layer calls alike within itself is its own affair.
    private func requireDistinctTensors() {
        var known: [String: (layer: Int, tensor: Tensor)] = [:]
        for (index, (name, layer)) in zip(names, layers).enumerated() {
            for parameter in layer.parameters + layer.buffers {
                let path = name.appendingToPath(parameter.name)
                let other = known[path] ?? (index, parameter.value)
                require(
                    other.layer == index || other.tensor.isIdentical(to: parameter.value),
                    "Sequential: layers \(other.layer) and \(index) have a tensor each of the name \(path); give the layers "
                        + "names of their own")
                known[path] = other
            }
        }
    }

    /// The tensors that training changes, each once.
    public var parameters: [Parameter] { named(\.parameters) }

    /// The state of the layers that is no parameter, each tensor once.
    public var buffers: [Parameter] { named(\.buffers) }

    /// What the layers draw from while training, each generator once.
    public var generators: [Generator] {
        layers.flatMap(\.generators).reduce(into: []) { known, generator in
            if !known.contains(where: { $0 === generator }) { known.append(generator) }
        }
    }

    /// The layers.
    public var structure: LayerStructure { .sequence(layers) }

    private func named(_ tensors: (any Layer) -> [Parameter]) -> [Parameter] {
        var known: [Parameter] = []
        for (name, layer) in zip(names, layers) {
            for parameter in tensors(layer) where !known.contains(where: { $0.value.isIdentical(to: parameter.value) })
            {
                var renamed = parameter
                renamed.name = name.appendingToPath(parameter.name)
                known.append(renamed)
            }
        }
        return known
    }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        var output = x
        var stages: [any Linearization] = []
        stages.reserveCapacity(layers.count)
        for layer in layers {
            let (next, linearization) = layer.linearize(output)
            stages.append(linearization)
            output = next
        }
        return (output, SequentialLinearization(stages: stages))
    }
}

/// The chain rule.
struct SequentialLinearization: Linearization {
    let stages: [any Linearization]

    var hasParameters: Bool { stages.contains(where: \.hasParameters) }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        // Nobody asks for a cotangent further back than the first stage with parameters.
        let first = needsInput ? 0 : stages.firstIndex(where: \.hasParameters) ?? stages.endIndex
        var input: Tensor? = cotangent
        for index in stages[first...].indices.reversed() {
            // Behind a stage without a cotangent of its input, as of indices, there is nothing to pull back.
            guard let cotangent = input else { return nil }
            input = stages[index].pullback(cotangent, needsInput: needsInput || index > first, into: &collected)
        }
        return needsInput ? input : nil
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        stages.reduce(tangent) { $1.pushforward($0, along: directions, into: &collected) }
    }
}

extension String {
    /// The two names with a dot between them; one alone if the other is empty.
    func appendingToPath(_ name: String) -> String { isEmpty ? name : name.isEmpty ? self : "\(self).\(name)" }
}
