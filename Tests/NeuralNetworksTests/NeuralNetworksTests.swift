import Testing
import Torch

@testable import NeuralNetworks

/// The greatest difference of two tensors, relative to the greatest element of the second one (or absolute, if that is 0).
func relativeDifference(_ a: Tensor, _ b: Tensor) -> Double {
    guard a.shape == b.shape else { return .infinity }
    let scale = b.doubles().map(\.magnitude).max() ?? 0
    let difference = (a - b).doubles().map(\.magnitude).max() ?? 0
    return scale == 0 ? difference : difference / scale
}

/// A layer with an input for it, by a name that tests show.
struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let inputShape: [Int]
    let mode: Mode
    let make: @Sendable (Generator) -> any Layer

    var testDescription: String { "\(name), \(mode)" }

    init(
        _ name: String, _ inputShape: [Int] = [5, 7], mode: Mode = .training,
        _ make: @escaping @Sendable (Generator) -> any Layer
    ) {
        self.name = name
        self.inputShape = inputShape
        self.mode = mode
        self.make = make
    }

    static let all = modeless + [.training, .teleportation, .evaluation].flatMap(modal)

    private static let modeless = [
        Case("dense") { Dense(7, 4, using: $0, dtype: .float64) },
        Case("dense without bias") { Dense(7, 4, bias: false, using: $0, dtype: .float64) },
        Case("dense on tokens", [2, 3, 7]) { Dense(7, 4, using: $0, dtype: .float64) },
        Case("dense on more tokens than features", [3, 3, 7]) { Dense(7, 4, using: $0, dtype: .float64) },
        Case("dense on more tokens than half the outputs", [3, 3, 4]) { Dense(4, 12, using: $0, dtype: .float64) },
        Case("ReLU") { _ in ReLU() },
        Case("LeakyReLU") { _ in LeakyReLU(slope: 0.1) },
        Case("tanh") { _ in Tanh() },
        Case("sigmoid") { _ in Sigmoid() },
        Case("GELU") { _ in GELU() },
        Case("flatten", [2, 3, 4]) { _ in Flatten() },
        Case("convolution", [2, 3, 6, 5]) { Convolution(3, 4, kernel: 3, using: $0, dtype: .float64) },
        Case("convolution with stride and padding, without bias", [2, 3, 7, 6]) {
            Convolution(
                3, 4, kernel: 3, geometry: ConvolutionGeometry(stride: 2, padding: 1), bias: false, using: $0,
                dtype: .float64)
        },
        Case("max pooling", [2, 3, 6, 8]) { _ in MaxPooling(kernel: 2) },
        Case("max pooling with overlap", [2, 3, 7, 7]) { _ in MaxPooling(kernel: 3, stride: 2) },
        Case("convolutional network", [2, 3, 8, 8]) {
            ConvolutionalNetwork(
                imageShape: [3, 8, 8], channels: [4, 5], outputs: 3, activation: .tanh, using: $0, dtype: .float64)
        },
        Case("sequential") {
            Sequential(
                Dense(7, 6, using: $0, dtype: .float64), Tanh(),
                Sequential(Dense(6, 5, bias: false, using: $0, dtype: .float64), GELU()),
                Dense(5, 3, using: $0, dtype: .float64))
        },
        Case("residual") {
            Sequential(
                Residual(Dense(7, 6, using: $0, dtype: .float64), Tanh(), Dense(6, 7, using: $0, dtype: .float64)),
                Residual(GELU()), Dense(7, 2, using: $0, dtype: .float64))
        },
        Case("MLP", [5, 2, 4]) {
            MLP(inputs: 8, hidden: [6, 5], outputs: 3, activation: .leakyReLU(slope: 0.2), using: $0, dtype: .float64)
        },
        Case("sequential with a layer that has only a forward pass") {
            Sequential(Dense(7, 6, using: $0, dtype: .float64), Scale(using: $0, count: 6), ReLU())
        },
    ]

    /// The layers that behave differently while training.
    private static func modal(_ mode: Mode) -> [Case] {
        [
            Case("batch normalization of rows", [5, 4], mode: mode) {
                randomized(BatchNormalization(4, dtype: .float64), $0)
            },
            Case("batch normalization of sequences", [3, 4, 5], mode: mode) {
                randomized(BatchNormalization(4, dtype: .float64), $0)
            },
            Case("batch normalization of images", [3, 4, 2, 5], mode: mode) {
                randomized(BatchNormalization(4, epsilon: 0.1, momentum: 0.3, dtype: .float64), $0)
            },
            Case("dropout", mode: mode) { Dropout(0.4, using: $0) },
            Case("perceptron with batch normalization and dropout", mode: mode) {
                randomized(
                    Sequential(
                        Dense(7, 6, bias: false, using: $0, dtype: .float64), BatchNormalization(6, dtype: .float64),
                        Tanh(),
                        Dropout(0.3, using: $0), Dense(6, 3, using: $0, dtype: .float64)), $0)
            },
            Case("residual network", [4, 2, 6, 5], mode: mode) {
                randomized(
                    ResidualNetwork(
                        imageShape: [2, 6, 5], channels: [3, 3, 3, 4, 4], outputs: 3, using: $0, dtype: .float64), $0)
            },
        ]
    }
}

/// The layer, its vectors drawn anew between 0.5 and 1.5: those of normalizations begin at zero and one, where a
/// mistake may not show.
func randomized<Model: Layer>(_ layer: Model, _ generator: Generator) -> Model {
    for tensor in (layer.parameters + layer.buffers).map(\.value) where tensor.rank == 1 {
        tensor.copy(from: .uniform(tensor.shape, in: 0.5..<1.5, using: generator, dtype: .float64))
    }
    return layer
}

/// A layer of a user's own: its derivatives come from autograd.
struct Scale: Layer {
    let factor: Tensor
    var parameters: [Parameter] { [Parameter("factor", factor)] }

    init(using generator: Generator, count: Int) {
        factor = .normal([count], using: generator, dtype: .float64)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { (x * factor).tanh() }
}

@Suite struct LayerTests {
    @Test("Pull-back and pushforward are autograd's", arguments: Case.all + Case.sequences)
    func derivatives(_ layerCase: Case) throws {
        let generator = Generator(seed: 3)
        let layer = layerCase.make(generator)
        let x = Tensor.normal(layerCase.inputShape, using: generator, dtype: .float64)
        // What is dropped is drawn from the generator too.
        let state = generator.state
        let (output, linearization) = withMode(layerCase.mode) { layer.linearize(x) }
        generator.state = state
        let (expected, reference) = withMode(layerCase.mode) { AutogradLinearization.of(layer, at: x) }
        generator.state = state
        #expect(relativeDifference(output, withMode(layerCase.mode) { layer(x) }) == 0)
        #expect(relativeDifference(output, expected) < 1e-14)

        let cotangent = Tensor.normal(output.shape, using: generator, dtype: .float64)
        let pulled = linearization.pullback(cotangent)
        let pulledReference = reference.pullback(cotangent)
        #expect(relativeDifference(try #require(pulled.input), pulledReference.input!) < 1e-13)
        let parameters = layer.parameters.map(\.value)
        for parameter in parameters {
            let own = try #require(pulled.collected.gradients[parameter])
            let other = try #require(pulledReference.collected.gradients[parameter])
            #expect(relativeDifference(own.formed(), other.formed()) < 1e-13)
        }
        #expect(linearization.pullback(cotangent, needsInput: false).input == nil)

        let tangent = Tensor.normal(x.shape, using: generator, dtype: .float64)
        let directions = parameters.map {
            ParameterGradient.tensor(.normal($0.shape, using: generator, dtype: .float64))
        }
        let all = Gradients(parameters, directions)
        let gradients = pulled.collected.gradients
        var cases: [(Gradients, Tensor?)] = [
            (all, tangent), (all, nil), (Gradients(), tangent), (gradients, tangent), (gradients, nil),
        ]
        // Each parameter alone.
        cases += zip(parameters, directions).map { (Gradients([$0], [$1]), nil) }
        for (along, input) in cases {
            let own = linearization.pushforward(input, along: along).output
            let other = reference.pushforward(input, along: along).output
            if input == nil && along.isEmpty {
                #expect(own == nil)
            } else {
                #expect(relativeDifference(try #require(own), other!) < 1e-13)
            }
        }
        #expect(linearization.pushforward(nil).output == nil)
    }

    @Test("Names say where a parameter is")
    func names() {
        let generator = Generator(seed: 0)
        func dense() -> Dense { Dense(2, 2, using: generator) }
        let model = Sequential(named: [
            "embedding": dense(), "": Residual(Sequential(named: ["norm": dense()])),
            "layers": Sequential(dense(), ReLU(), Residual(dense())), "head": dense(),
        ])
        let paths = ["embedding", "norm", "layers.0", "layers.2", "head"]
        #expect(model.parameters.map(\.name) == paths.flatMap { ["\($0).weight", "\($0).bias"] })
        let sites = model.linearize(Tensor.normal([3, 2], using: generator)).linearization.sites
        #expect(sites.map(model.name(of:)) == paths)
    }

    @Test("Autograd's derivative is that of finite differences")
    func finiteDifferences() {
        let generator = Generator(seed: 1)
        let layer = Scale(using: generator, count: 4)
        let x = Tensor.normal([3, 4], using: generator, dtype: .float64)
        let tangent = Tensor.normal([3, 4], using: generator, dtype: .float64)
        let direction = Tensor.normal([4], using: generator, dtype: .float64)
        let pushed = layer.linearize(x).linearization.pushforward(
            tangent, along: Gradients([layer.factor], [.tensor(direction)])
        ).output!
        let h = 1e-6
        func moved(_ h: Double) -> Tensor { ((x + h * tangent) * (layer.factor + h * direction)).tanh() }
        #expect(relativeDifference((moved(h) - moved(-h)) / (2 * h), pushed) < 1e-8)
    }

    @Test("A linearization keeps activations and reads the weights as they are")
    func currentWeights() {
        let generator = Generator(seed: 2)
        let dense = Dense(4, 3, using: generator, dtype: .float64)
        let x = Tensor.normal([2, 4], using: generator, dtype: .float64)
        let (_, linearization) = dense.linearize(x)
        let cotangent = Tensor.normal([2, 3], using: generator, dtype: .float64)
        dense.weight.multiplyInPlace(by: 2)
        #expect(relativeDifference(linearization.pullback(cotangent).input!, cotangent.matmul(dense.weight)) < 1e-15)
    }

    @Test("Affine maps are named as the parameters are, with their inputs, output cotangents and input tangents")
    func affineMaps() throws {
        let generator = Generator(seed: 4)
        let model = MLP(inputs: 6, hidden: [5, 4], outputs: 3, activation: .tanh, using: generator, dtype: .float64)
        let x = Tensor.normal([2, 6], using: generator, dtype: .float64)
        let (output, linearization) = model.linearize(x)
        let maps = linearization.sites
        #expect(maps.map(model.name(of:)) == ["1", "3", "5"])
        #expect(
            model.parameters.map(\.name) == ["1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias"])
        let inputs = try maps.map { try #require($0.input as? Representation) }
        #expect(relativeDifference(inputs[1].rows, x.linear(maps[0].weight, maps[0].bias).tanh()) < 1e-15)

        let pulled = linearization.pullback(.ones(output.shape, dtype: .float64), needsInput: false).collected
        #expect(pulled.sites.count == 3 && zip(pulled.sites, maps).allSatisfy { $0 === $1 })
        let parameters = model.parameters.map(\.value)
        let gradients = pulled.gradients.values(of: parameters)
        for (index, map) in maps.enumerated() {
            let delta = try #require(pulled[map])
            let weight = delta.transposed().matmul(inputs[index].rows)
            #expect(relativeDifference(map.input.product(delta, inputs[index].rows), weight) == 0)
            #expect(relativeDifference(weight, gradients[2 * index].formed()) < 1e-15)
        }

        // The tangent of the second map's input, by finite differences of the first one's parameters.
        let pushed = linearization.pushforward(nil, along: pulled.gradients).collected
        #expect(pushed[maps[0]] == nil)
        let h = 1e-6
        func hidden(_ h: Double) -> Tensor {
            x.linear(
                maps[0].weight + h * gradients[0].formed(), maps[0].bias! + h * gradients[1].formed()
            ).tanh()
        }
        let difference = (hidden(h) - hidden(-h)) / (2 * h)
        #expect(relativeDifference(try #require(pushed[maps[1]]), difference) < 1e-7)
    }

    @Test("Random weights are those of PyTorch's Linear for the same seed")
    func initialization() {
        // torch.manual_seed(7); torch.nn.Linear(3, 2)
        let dense = Dense(3, 2, using: Generator(seed: 7))
        let weight = [0.04032508, -0.34779212, 0.18384182, 0.18116128, -0.30858037, -0.08653163]
        let bias = [-0.33822793, 0.14980665]
        #expect(zip(dense.weight.doubles(), weight).allSatisfy { abs($0 - $1) < 1e-7 })
        #expect(zip(dense.bias!.doubles(), bias).allSatisfy { abs($0 - $1) < 1e-7 })
    }

    @Test("A weight and a bias that do not fit trap with their shapes")
    func mismatch() async {
        await #expect(processExitsWith: .failure) {
            _ = Dense(weight: .zeros([3, 2]), bias: .zeros([2]))
        }
    }
}

@Suite struct ParameterGradientTests {
    @Test("A factored gradient is its product", arguments: [(2, 9, 8), (20, 3, 4)])
    func factored(m: Int, out: Int, d: Int) {
        let generator = Generator(seed: 5)
        let delta = Tensor.normal([m, out], using: generator, dtype: .float64)
        let rows = Tensor.normal([m, d], using: generator, dtype: .float64)
        let gradient = ParameterGradient.product(delta: delta, input: Representation(rows: rows))
        let expected = delta.transposed().matmul(rows)
        #expect(relativeDifference(gradient.formed(), expected) == 0)
        let norm = expected.squaredNorm().item()
        #expect(abs([gradient, .tensor(expected), gradient].squaredNorm() / (3 * norm) - 1) < 1e-13)
        let destination = Tensor.normal([out, d], using: generator, dtype: .float64)
        let sum = destination + expected * -0.3
        gradient.add(to: destination, scale: -0.3)
        #expect(relativeDifference(destination, sum) < 1e-14)
        gradient.form(into: destination)
        #expect(relativeDifference(destination, expected) < 1e-15)
    }
}

extension ParameterGradientTests {
    @Test("Gradients are clipped together as PyTorch clips them", arguments: [1e-3, 0.3, 1, 1e3])
    func clipping(share: Double) {
        let generator = Generator(seed: 12)
        let model = Sequential(
            Dense(20, 30, using: generator, dtype: .float64), Tanh(), Dense(30, 3, using: generator, dtype: .float64))
        let batch = Batch(
            inputs: .normal([4, 20], using: generator, dtype: .float64),
            targets: .integers([4], in: 0..<3, using: generator))
        let parameters = model.parameters.map(\.value)
        let gradients = LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: parameters)
        let reference = withGradients(of: parameters) {
            gradient(of: CrossEntropy()(model(batch.inputs), batch.targets), with: parameters)
        }
        let norm = reference.map { $0.squaredNorm() }.total().squareRoot()
        let bound = share * norm
        let clipped = gradients.clipped(toNorm: bound)
        for (own, other) in zip(clipped, reference) {
            #expect(relativeDifference(own.formed(), other * min(1, bound / (norm + 1e-6))) < 1e-13)
        }
        guard case .product = gradients[0], case .product = clipped[0] else {
            Issue.record("the gradient of a weight is no longer factored")
            return
        }
        // The gradients themselves stay as they are.
        for (own, other) in zip(gradients, reference) { #expect(relativeDifference(own.formed(), other) < 1e-13) }
    }

    @Test("Of gradients without a norm nothing is left, and none are clipped to none")
    func clippingExtremes() {
        let gradients = [ParameterGradient.tensor(Tensor([Double.nan])), .tensor(Tensor([1.0]))]
        #expect(gradients.clipped(toNorm: 1).allSatisfy { $0.formed().item().isNaN })
        #expect([ParameterGradient.tensor(Tensor([3.0]))].clipped(toNorm: 0)[0].formed().item() == 0)
        #expect([ParameterGradient]().clipped(toNorm: 1).isEmpty)
    }

    @Test("The norm of a factored gradient keeps its digits where the samples cancel")
    func cancellation() {
        let generator = Generator(seed: 11)
        let delta = Tensor.normal([16, 300], using: generator)
        let rows = Tensor.normal([16, 300], using: generator)
        // Opposed pairs: what is left of the gradient is 1e-4 of its parts.
        let opposed = Tensor.concatenated([delta, -delta + .normal([16, 300], using: generator) * 1e-4], along: 0)
        let gradient = ParameterGradient.product(
            delta: opposed, input: Representation(rows: .concatenated([rows, rows], along: 0)))
        let exact = opposed.to(dtype: .float64).transposed()
            .matmul(Tensor.concatenated([rows, rows], along: 0).to(dtype: .float64)).squaredNorm().item()
        #expect(abs([gradient].squaredNorm() / exact - 1) < 1e-2)
    }
}

@Suite struct LossTests {
    struct LossCase: CustomTestStringConvertible, Sendable {
        let name: String
        let loss: @Sendable () -> any Loss
        let targets: @Sendable (Generator) -> Tensor
        var testDescription: String { name }
    }

    static let cases = [
        LossCase(name: "cross-entropy", loss: { CrossEntropy() }) { .integers([6], in: 0..<4, using: $0) },
        LossCase(name: "mean squared error", loss: { MeanSquaredError() }) {
            .normal([6, 4], using: $0, dtype: .float64)
        },
        LossCase(name: "a loss with only a value", loss: { AbsoluteError() }) {
            .normal([6, 4], using: $0, dtype: .float64)
        },
    ]

    /// A loss of a user's own: its derivative comes from autograd.
    struct AbsoluteError: Loss {
        func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor { (outputs - targets).absolute().mean() }
    }

    @Test("Value and derivative are autograd's", arguments: cases)
    func derivative(_ lossCase: LossCase) {
        let generator = Generator(seed: 6)
        let loss = lossCase.loss()
        let outputs = Tensor.normal([6, 4], using: generator, dtype: .float64)
        let targets = lossCase.targets(generator)
        let (value, ownGradient) = loss.linearize(outputs, targets)
        let leaf = outputs.clone()
        let (expected, gradient) = withGradients(of: [leaf]) {
            let expected = loss(leaf, targets)
            return (expected.item(), Torch.gradient(of: expected, with: [leaf])[0])
        }
        #expect(abs(value.item() - expected) < 1e-14)
        #expect(relativeDifference(ownGradient, gradient) < 1e-13)
    }

    @Test("The curvature is autograd's", arguments: cases)
    func curvature(_ lossCase: LossCase) {
        let generator = Generator(seed: 8)
        let loss = lossCase.loss()
        let outputs = Tensor.normal([6, 4], using: generator, dtype: .float64) * 3
        let targets = lossCase.targets(generator)
        let tangent = Tensor.normal([6, 4], using: generator, dtype: .float64)
        let leaf = outputs.clone()
        let expected = withGradients(of: [leaf]) {
            let slope = Torch.gradient(of: loss(leaf, targets), with: [leaf], createGraph: true)[0]
            return Torch.gradient(of: slope.dot(tangent), with: [leaf])[0]
        }
        let curvature = loss.curvature(outputs, targets, along: tangent)
        #expect((curvature - expected).squaredNorm().item() <= 1e-26 * expected.squaredNorm().item())
        // Of tokens as of samples.
        let tokens = loss.curvature(
            outputs.reshaped([2, 3, 4]), targets.reshaped([2, 3] + targets.shape.dropFirst()),
            along: tangent.reshaped([2, 3, 4]))
        #expect((tokens.reshaped([6, 4]) - expected).squaredNorm().item() <= 1e-26 * expected.squaredNorm().item())
    }

    @Test("Cross-entropy of equal logits is the logarithm of the number of classes")
    func uniform() {
        let value = CrossEntropy()(.zeros([3, 10], dtype: .float64), Tensor([0, 4, 9] as [Int64])).item()
        #expect(abs(value - 2.302585092994046) < 1e-14)
    }
}

@Suite struct PatchRepresentationTests {
    @Test("A convolution is its patches times its matrix", arguments: [(1, 0), (1, 1), (2, 1)])
    func patches(geometry: (stride: Int, padding: Int)) throws {
        let generator = Generator(seed: 8)
        let geometry = ConvolutionGeometry(stride: geometry.stride, padding: geometry.padding)
        let layer = Convolution(3, 4, kernel: 3, geometry: geometry, bias: false, using: generator, dtype: .float64)
        let x = Tensor.normal([5, 3, 7, 6], using: generator, dtype: .float64)
        let (output, linearization) = layer.linearize(x)
        let map = try #require(linearization.sites.first)
        for limit in [1, output.size(2) * output.size(3) * 2, 10_000] {
            var parts: [Tensor] = []
            map.input.forEachPart(ofAtMost: limit) { parts.append($0) }
            let rows = Tensor.concatenated(parts, along: 0)
            #expect(rows.shape == [map.input.rowCount, map.input.columnCount])
            // [N H' W', out] beside [N, out, H', W'].
            let expected = output.flattened(from: 2).transposed().flattened(upTo: 1)
            #expect(relativeDifference(rows.matmul(map.matrix.transposed()), expected) < 1e-13)
            if limit == 1 { #expect(parts.count == 5) }
        }
        let delta = Tensor.normal(output.shape, using: generator, dtype: .float64)
        var rows: [Tensor] = []
        map.input.forEachPart(ofAtMost: 10_000) { rows.append($0) }
        let deltaRows = delta.flattened(from: 2).transposed().flattened(upTo: 1)
        #expect(
            relativeDifference(map.input.product(delta, x), deltaRows.transposed().matmul(rows[0])) < 1e-13)
    }
}
