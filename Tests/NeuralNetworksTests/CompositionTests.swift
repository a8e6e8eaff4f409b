import Testing
import Torch

@testable import NeuralNetworks

/// A user's own model: layers with names, a composite inside, state and noise.
private struct Classifier: CompositeLayer {
    let body: Sequential

    init(using generator: Generator, noise: Generator) {
        body = Sequential(named: [
            "encoder": Encoder(using: generator), "norm": BatchNormalization(5, dtype: .float64),
            "": Dropout(0.4, using: noise), "": Dropout(0.1, using: noise),
            "head": Dense(5, 3, using: generator, dtype: .float64),
        ])
    }
}

private struct Encoder: CompositeLayer {
    let body: Residual

    init(using generator: Generator) {
        body = Residual(Dense(5, 5, using: generator, dtype: .float64), Tanh())
    }
}

@Suite struct CompositionTests {
    @Test("A user's composite states its body and inherits all else")
    func composite() throws {
        let (generator, noise) = (Generator(seed: 1), Generator(seed: 2))
        let model = Classifier(using: generator, noise: noise)
        let names = ["encoder.0.weight", "encoder.0.bias", "norm.weight", "norm.bias", "head.weight", "head.bias"]
        #expect(model.parameters.map(\.name) == names)
        #expect(model.buffers.map(\.name) == ["norm.running_mean", "norm.running_var"])
        #expect(model.generators.count == 1 && model.generators[0] === noise)
        guard case .sequence(let layers) = model.structure, case .residual = layers[0].structure else {
            Issue.record("a structure of \(model.structure)")
            return
        }

        let x = Tensor.normal([4, 5], using: generator, dtype: .float64)
        let state = noise.state
        let (output, linearization) = model.linearize(x)
        noise.state = state
        let (expected, reference) = AutogradLinearization.of(model, at: x)
        #expect(relativeDifference(output, expected) < 1e-14)
        #expect(linearization.sites.map(model.name(of:)) == ["encoder.0", "head"])
        let cotangent = Tensor.normal(output.shape, using: generator, dtype: .float64)
        let (own, other) = (linearization.pullback(cotangent), reference.pullback(cotangent))
        #expect(relativeDifference(own.input!, other.input!) < 1e-13)
        for parameter in model.parameters.map(\.value) {
            let gradient = try #require(own.collected.gradients[parameter]).formed()
            #expect(relativeDifference(gradient, other.collected.gradients[parameter]!.formed()) < 1e-13)
        }
    }

    @Test("A layer that is used twice has one name for its tensors, or two")
    func namesOfOneLayer() {
        let dense = Dense(4, 4, using: Generator(seed: 0))
        #expect(Sequential(named: ["": dense, "": Tanh(), "": dense]).parameters.map(\.name) == ["weight", "bias"])
        #expect(Sequential(named: ["a": dense, "b": dense]).parameters.map(\.name) == ["a.weight", "a.bias"])
    }

    @Test("Two layers, or two tensors, of one name trap with it", arguments: 0..<3)
    func names(index: Int) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [index] in
            let generator = Generator(seed: 0)
            func dense() -> Dense { Dense(4, 4, using: generator) }
            switch index {
            case 0: _ = Sequential(named: ["head": dense(), "head": Tanh()])
            case 1: _ = Sequential(named: ["": dense(), "": dense()])
            default: _ = Sequential(named: ["a": Sequential(named: ["b": dense()]), "a.b": Frozen(dense())])
            }
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        let expected = [
            "two layers have the name head", "layers 0 and 1 have a tensor each of the name weight",
            "layers 0 and 1 have a tensor each of the name a.b.weight",
        ]
        #expect(message.contains(expected[index]), "\(message)")
    }

    @Test("Layers say what they are")
    func structures() {
        let generator = Generator(seed: 0)
        for activation in [.relu, .leakyReLU(slope: 0.3), .tanh, .sigmoid, .gelu] as [Activation] {
            #expect(Activation(of: activation.layer) == activation)
        }
        #expect(Activation(of: Flatten()) == nil)
        // Negated inputs tell a function that is odd from one that is positively homogeneous.
        let x = Tensor([-2, -0.5, 0.5, 2] as [Double])
        for activation in [.relu, .leakyReLU(slope: 0.3), .tanh, .sigmoid, .gelu] as [Activation] {
            let isHomogeneous = relativeDifference(activation.layer(x * 3), activation.layer(x) * 3) < 1e-15
            #expect(activation.isPositivelyHomogeneous == isHomogeneous)
        }
        let dense = Dense(2, 3, using: generator)
        if case .affine(let weight, let bias) = dense.structure {
            #expect(weight.isIdentical(to: dense.weight) && bias?.isIdentical(to: dense.bias!) == true)
        } else {
            Issue.record("Dense is no affine map")
        }
        if case .affine(let weight, _) = Convolution(1, 2, kernel: 3, using: generator).structure {
            #expect(weight.rank == 4)
        } else {
            Issue.record("Convolution is no affine map")
        }
        if case .opaque = Scale(using: generator, count: 2).structure {} else { Issue.record("Scale is not opaque") }
    }

    @Test("The weight of two layers is one parameter, whose gradient is the sum of both uses")
    func tiedWeights() throws {
        let generator = Generator(seed: 3)
        let dense = Dense(4, 4, using: generator, dtype: .float64)
        let model = Sequential(dense, Tanh(), Dense(weight: dense.weight, bias: nil))
        #expect(model.parameters.map(\.name) == ["0.weight", "0.bias"])
        let batch = Batch(
            inputs: .normal([5, 4], using: generator, dtype: .float64),
            targets: .integers([5], in: 0..<4, using: generator))
        let parameters = model.parameters.map(\.value)
        let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
        let expected = withGradients(of: parameters) {
            gradient(of: CrossEntropy()(model(batch.inputs), batch.targets), with: parameters)
        }
        let pulled = loss.pullback()
        let gradients = pulled.gradients.values(of: parameters)
        for (own, other) in zip(gradients, expected) { #expect(relativeDifference(own.formed(), other) < 1e-13) }
        let norm = expected.map { $0.squaredNorm().item() }.reduce(0, +)
        #expect(abs(gradients.squaredNorm() / norm - 1) < 1e-13)
        #expect(pulled.sites.count == 2 && pulled.isUsedBySitesOnly(dense.weight))

        // The pushforward moves both uses.
        let directions = parameters.map { Tensor.normal($0.shape, using: generator, dtype: .float64) }
        let along = Gradients(parameters, directions.map { .tensor($0) })
        let pushed = try #require(loss.model.pushforward(nil, along: along).output)
        let slope = zip(expected, directions).map { $0.dot($1) }.total()
        #expect(abs(loss.outputGradient.dot(pushed).item() / slope - 1) < 1e-12)
    }

    @Test("A weight that something other than an affine map uses as well is told from the others")
    func usedElsewhere() {
        let generator = Generator(seed: 4)
        let dense = Dense(4, 4, using: generator, dtype: .float64)
        let scale = Scale(using: generator, count: 4)
        let model = Sequential(
            dense, Tanh(), Dense(weight: dense.weight, bias: scale.factor), scale,
            Dense(4, 2, using: generator, dtype: .float64))
        let pulled = model.linearize(.normal([3, 4], using: generator, dtype: .float64)).linearization
            .pullback(.ones([3, 2], dtype: .float64)).collected
        #expect(model.parameters.map(\.name) == ["0.weight", "0.bias", "2.bias", "4.weight", "4.bias"])
        #expect(model.parameters.map { pulled.isUsedBySitesOnly($0.value) } == [true, true, false, true, true])
    }

    @Test("Gradients are found by the parameter, whatever the order")
    func gradients() {
        let parameters = (0..<5).map { Tensor.full([2], Double($0)) }
        var gradients = Gradients()
        #expect(gradients.isEmpty)
        for index in [3, 1, 0, 4] { gradients.add(.tensor(.full([2], Double(10 + index))), of: parameters[index]) }
        let twin = Tensor.full([2], 3)
        #expect(gradients[twin] == nil && gradients[parameters[2]] == nil)
        gradients.add(.product(delta: .ones([1, 2]), input: Representation(rows: .ones([1, 1]))), of: twin)
        let first = Tensor.full([2], 100)
        gradients.add(.tensor(first), of: parameters[2])
        gradients.add(.tensor(.full([2], 1)), of: parameters[2])
        #expect(gradients.values(of: parameters).map { $0.formed().doubles()[0] } == [10, 11, 101, 13, 14])
        #expect(gradients.values(of: [.zeros([3])])[0].formed().doubles() == [0, 0, 0])
        #expect(first.doubles() == [100, 100])
    }

    @Test("The search for something to pull back to ends at the first stage with parameters")
    func stagesWithoutParameters() {
        /// A layer that must not be pulled back through.
        struct Barrier: Layer {
            struct Derivative: Linearization {
                var hasParameters: Bool { false }
                func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
                    Issue.record("pulled back to a layer without parameters")
                    return nil
                }
                func pushforward(
                    _ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward
                ) -> Tensor? { tangent }
            }
            func callAsFunction(_ x: Tensor) -> Tensor { x }
            func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) { (x, Derivative()) }
        }
        let generator = Generator(seed: 5)
        let model = Sequential(Barrier(), Sequential(Barrier(), Dense(3, 2, using: generator)))
        let pulled = model.linearize(.ones([4, 3])).linearization.pullback(.ones([4, 2]), needsInput: false)
        #expect(pulled.input == nil && pulled.collected.sites.count == 1)
    }
}
