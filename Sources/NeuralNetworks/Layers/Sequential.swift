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
    /// and so on; the empty name leaves them the names that the layer gives them.
    public init(named layers: KeyValuePairs<String, any Layer>) {
        self.layers = layers.map(\.value)
        names = layers.map(\.key)
    }

    /// The tensors that training changes.
    public var parameters: [Parameter] { named(\.parameters) }

    /// The state of the layers that is no parameter.
    public var buffers: [Parameter] { named(\.buffers) }

    private func named(_ tensors: (any Layer) -> [Parameter]) -> [Parameter] {
        zip(names, layers).flatMap { name, layer in
            tensors(layer).map { Parameter(name.appendingToPath($0.name), $0.value) }
        }
    }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        var output = x
        var stages: [SequentialLinearization.Stage] = []
        var parameterCount = 0
        for (name, layer) in zip(names, layers) {
            let (next, linearization) = layer.linearize(output)
            let count = layer.parameters.count
            stages.append(
                .init(
                    name: name, linearization: linearization, parameters: parameterCount..<parameterCount + count))
            parameterCount += count
            output = next
        }
        return (output, SequentialLinearization(stages: stages))
    }
}

/// The chain rule.
struct SequentialLinearization: Linearization {
    struct Stage {
        let name: String
        let linearization: any Linearization
        /// Where the stage's parameters are among those of the whole.
        let parameters: Range<Int>
    }

    let stages: [Stage]

    var affineMaps: [AffineMap] {
        stages.flatMap { stage in
            stage.linearization.affineMaps.map { map in
                var map = map
                map.name = stage.name.appendingToPath(map.name)
                return map
            }
        }
    }

    func pullback(_ cotangent: Tensor, needsInput: Bool) -> Pullback {
        // Nobody asks for a cotangent further back than the first stage with parameters.
        let first = needsInput ? 0 : stages.firstIndex { !$0.parameters.isEmpty } ?? stages.endIndex
        var gradients: [[ParameterGradient]] = []
        var affineOutputs: [[Tensor]] = []
        var input: Tensor? = cotangent
        for index in stages[first...].indices.reversed() {
            guard let cotangent = input else { fatalError("stage \(index + 1) gave no input cotangent") }
            let pulled = stages[index].linearization.pullback(cotangent, needsInput: needsInput || index > first)
            gradients.append(pulled.parameters)
            affineOutputs.append(pulled.affineOutputs)
            input = pulled.input
        }
        return Pullback(
            input: needsInput ? input : nil, parameters: Array(gradients.reversed().joined()),
            affineOutputs: Array(affineOutputs.reversed().joined()))
    }

    func pushforward(_ tangent: Tensor?, along directions: ArraySlice<ParameterGradient>) -> Pushforward {
        var output = tangent
        var affineInputs: [Tensor?] = []
        for stage in stages {
            let start = directions.startIndex
            let own =
                directions.isEmpty
                ? directions : directions[start + stage.parameters.lowerBound..<start + stage.parameters.upperBound]
            let pushed = stage.linearization.pushforward(output, along: own)
            affineInputs += pushed.affineInputs
            output = pushed.output
        }
        return Pushforward(output: output, affineInputs: affineInputs)
    }
}

extension String {
    /// The two names with a dot between them; one alone if the other is empty.
    func appendingToPath(_ name: String) -> String { isEmpty ? name : name.isEmpty ? self : "\(self).\(name)" }
}
