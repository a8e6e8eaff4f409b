import Torch

/// Layers one after the other; the parameters of the third one are called `2.weight` and so on, as in PyTorch.
public struct Sequential: Layer {
    /// The layers, first to last.
    public let layers: [any Layer]

    /// The composition of the given layers, first to last.
    public init(_ layers: [any Layer]) { self.layers = layers }

    /// The composition of the given layers, first to last.
    public init(_ layers: any Layer...) { self.init(layers) }

    /// The tensors that training changes.
    public var parameters: [Parameter] {
        layers.enumerated().flatMap { index, layer in
            layer.parameters.map { Parameter("\(index).\($0.name)", $0.value) }
        }
    }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        var output = x
        var stages: [SequentialLinearization.Stage] = []
        var parameterCount = 0
        for layer in layers {
            let (next, linearization) = layer.linearize(output)
            let count = layer.parameters.count
            stages.append(
                .init(linearization: linearization, parameters: parameterCount..<parameterCount + count))
            parameterCount += count
            output = next
        }
        return (output, SequentialLinearization(stages: stages))
    }
}

/// The chain rule.
struct SequentialLinearization: Linearization {
    struct Stage {
        let linearization: any Linearization
        /// Where the stage's parameters are among those of the whole.
        let parameters: Range<Int>
    }

    let stages: [Stage]

    var affineMaps: [AffineMap] {
        stages.enumerated().flatMap { index, stage in
            stage.linearization.affineMaps.map { map in
                var map = map
                map.name = map.name.isEmpty ? "\(index)" : "\(index).\(map.name)"
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
