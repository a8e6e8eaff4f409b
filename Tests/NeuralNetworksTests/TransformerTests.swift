import Foundation
import Testing
import Torch

@testable import NeuralNetworks

extension Case {
    static let sequences = [
        Case("layer normalization") {
            LayerNormalization(
                weight: .normal([7], using: $0, dtype: .float64), bias: .normal([7], using: $0, dtype: .float64))
        },
        Case("layer normalization of tokens", [2, 3, 7]) {
            LayerNormalization(
                weight: .normal([7], using: $0, dtype: .float64), bias: .normal([7], using: $0, dtype: .float64),
                epsilon: 0.1)
        },
        Case("positional encoding", [2, 3, 7]) { _ in PositionalEncoding(length: 4, dimension: 7, dtype: .float64) },
        Case("mean of tokens", [2, 3, 7]) { _ in TokenPooling.mean },
        Case("last token", [2, 3, 7]) { _ in TokenPooling.last },
        Case("scaled dot-product attention", [2, 5, 18]) { _ in ScaledDotProductAttention(heads: 2) },
        Case("causal scaled dot-product attention", [2, 5, 18]) { _ in
            ScaledDotProductAttention(heads: 3, isCausal: true)
        },
        Case("multi-head attention", [2, 5, 6]) { MultiHeadAttention(6, heads: 2, using: $0, dtype: .float64) },
        Case("causal multi-head attention", [2, 5, 6]) {
            MultiHeadAttention(6, heads: 3, isCausal: true, using: $0, dtype: .float64)
        },
        Case("transformer block", [2, 5, 6]) { TransformerBlock(6, heads: 2, using: $0, dtype: .float64) },
        Case("transformer block that normalizes last", [2, 5, 6]) {
            TransformerBlock(6, heads: 2, hidden: 10, normalizesFirst: false, using: $0, dtype: .float64)
        },
        Case("transformer block that gives the last token", [2, 5, 6]) {
            TransformerBlock(6, heads: 2, normalizesFirst: false, givesLastToken: true, using: $0, dtype: .float64)
        },
        Case("classifier", [2, 5, 3]) {
            Transformer.classifier(
                features: 3, classes: 4, length: 5, heads: 2, headDimension: 3, layers: 2, using: $0, dtype: .float64)
        },
        Case("regression", [2, 5, 3]) {
            Transformer.regression(
                features: 3, outputs: 4, length: 6, heads: 2, headDimension: 3, layers: 2, using: $0, dtype: .float64)
        },
    ]
}

@Suite struct TransformerTests {
    @Test("The derivative of an embedding is autograd's")
    func embedding() throws {
        let generator = Generator(seed: 1)
        let layer = Embedding(5, 3, using: generator, dtype: .float64)
        let indices = Tensor([0, 4, 4, 2, 0, 4] as [Int64], shape: [2, 3])
        let (output, linearization) = layer.linearize(indices)
        #expect(relativeDifference(output, layer(indices)) == 0)
        #expect(relativeDifference(output.selected(0, 1).selected(0, 2), layer.weight.selected(0, 4)) == 0)

        let cotangent = Tensor.normal([2, 3, 3], using: generator, dtype: .float64)
        let pulled = linearization.pullback(cotangent)
        #expect(pulled.input == nil && linearization.sites.isEmpty)
        let expected = withGradients(of: [layer.weight]) {
            Torch.gradient(of: layer(indices), with: [layer.weight], cotangent: cotangent)[0]
        }
        #expect(relativeDifference(try #require(pulled.collected.gradients[layer.weight]).formed(), expected) < 1e-15)

        let direction = Tensor.normal([5, 3], using: generator, dtype: .float64)
        let along = Gradients([layer.weight], [.tensor(direction)])
        let pushed = try #require(linearization.pushforward(nil, along: along).output)
        #expect(abs(pushed.dot(cotangent).item() - direction.dot(expected).item()) < 1e-13)
        #expect(linearization.pushforward(nil).output == nil)
    }

    @Test("The derivative of a language model is autograd's")
    func languageModel() throws {
        let generator = Generator(seed: 2)
        let model = Transformer.languageModel(
            vocabulary: 7, length: 6, heads: 2, headDimension: 3, layers: 2, using: generator, dtype: .float64)
        let tokens = Tensor.integers([3, 5], in: 0..<7, using: generator)
        let targets = Tensor.integers([3, 5], in: 0..<7, using: generator)
        let parameters = model.parameters.map(\.value)
        let linearized = LinearizedLoss(model, CrossEntropy(), on: Batch(inputs: tokens, targets: targets))
        #expect(linearized.outputs.shape == [3, 5, 7])
        let pulled = linearized.gradients(of: parameters)
        let direction = parameters.map { Tensor.normal($0.shape, using: generator, dtype: .float64) }

        // Their gradients, and the derivative of those along the direction.
        let (value, gradients, product) = withGradients(of: parameters) {
            let value = CrossEntropy()(model(tokens), targets)
            let gradients = gradient(of: value, with: parameters, createGraph: true)
            let slope = zip(gradients, direction).map { $0.dot($1) }.reduce(Tensor(0, dtype: .float64)) { $0 + $1 }
            return (
                value.item(), gradients.map { $0.detached() },
                gradient(of: slope, with: parameters).map { $0.detached() }
            )
        }
        #expect(abs(linearized.value.item() / value - 1) < 1e-14)
        for (own, other) in zip(pulled, gradients) { #expect(relativeDifference(own.formed(), other) < 1e-12) }

        // H v by differences of the gradients that the linearization gives: second derivatives of the forward pass.
        let h = 1e-5
        func pulledBack(_ h: Double) -> [Tensor] {
            for (parameter, step) in zip(parameters, direction) { parameter.addInPlace(step, scale: h) }
            defer { for (parameter, step) in zip(parameters, direction) { parameter.addInPlace(step, scale: -h) } }
            let moved = LinearizedLoss(model, CrossEntropy(), on: Batch(inputs: tokens, targets: targets))
            return moved.gradients(of: parameters).map { $0.formed() }
        }
        for ((above, below), exact) in zip(zip(pulledBack(h), pulledBack(-h)), product) {
            #expect(relativeDifference((above - below) / (2 * h), exact) < 1e-6)
        }

        let pushed = try #require(
            linearized.model.pushforward(
                nil, along: Gradients(parameters, direction.map { .tensor($0) })
            ).output)
        let slope = linearized.outputGradient.dot(pushed).item()
        #expect(abs(slope - zip(gradients, direction).map { $0.dot($1) }.total()) < 1e-12)
    }

    @Test("Attention by matrix products is attention by the fused kernel", arguments: [false, true])
    func explicitAttention(isCausal: Bool) throws {
        let generator = Generator(seed: 3)
        let layer = ScaledDotProductAttention(heads: 2, isCausal: isCausal)
        let x = Tensor.normal([3, 7, 24], using: generator, dtype: .float64)
        let cotangent = Tensor.normal([3, 7, 8], using: generator, dtype: .float64)
        let (fused, fusedLinearization) = layer.linearize(x, isFused: true)
        let (explicit, explicitLinearization) = layer.linearize(x, isFused: false)
        #expect(relativeDifference(fused, explicit) < 1e-14)
        #expect(
            relativeDifference(
                fusedLinearization.pullback(cotangent).input!, explicitLinearization.pullback(cotangent).input!) < 1e-13
        )
    }

    @Test("A block that gives the last token gives what the others give of it", arguments: [false, true])
    func lastToken(normalizesFirst: Bool) {
        let blocks = [false, true].map {
            TransformerBlock(
                6, heads: 2, normalizesFirst: normalizesFirst, givesLastToken: $0, using: Generator(seed: 5),
                dtype: .float64)
        }
        let x = Tensor.normal([2, 5, 6], using: Generator(seed: 6), dtype: .float64)
        #expect(blocks[1](x).shape == [2, 6])
        #expect(relativeDifference(blocks[1](x), TokenPooling.last(blocks[0](x))) < 1e-14)
        #expect(blocks[0].parameters.map(\.name) == blocks[1].parameters.map(\.name))
        let maps = blocks[1].linearize(x).linearization.sites
        #expect(maps.map(\.input.rowCount) == [10, 10, 2, 2])
    }

    @Test("Causal attention reads nothing that comes later")
    func causality() {
        let generator = Generator(seed: 4)
        let attention = MultiHeadAttention(6, heads: 2, isCausal: true, using: generator, dtype: .float64)
        let x = Tensor.normal([1, 5, 6], using: generator, dtype: .float64)
        let before = attention(x).narrowed(1, to: 0..<3)
        let changed = x.clone()
        changed.narrowed(1, to: 3..<5).fill(7)
        #expect(relativeDifference(attention(changed).narrowed(1, to: 0..<3), before) == 0)
        changed.narrowed(1, to: 0..<1).fill(7)
        #expect(relativeDifference(attention(changed).narrowed(1, to: 0..<3), before) > 0.01)
    }

    @Test("A positional encoding is that of Vaswani et al., for sequences up to its length")
    func positionalEncoding() async {
        let encoding = PositionalEncoding(length: 5, dimension: 4, dtype: .float64)
        let encoded = encoding(.zeros([2, 3, 4], dtype: .float64))
        for (position, row) in (0..<3).map({ ($0, encoded.selected(0, 1).selected(0, $0).doubles()) }) {
            let p = Double(position)
            let expected = [sin(p), cos(p), sin(p / 100), cos(p / 100)]
            #expect(zip(row, expected).allSatisfy { abs($0 - $1) < 1e-15 })
        }
        await #expect(processExitsWith: .failure) {
            _ = PositionalEncoding(length: 5, dimension: 4)(.zeros([1, 6, 4]))
        }
    }

    @Test("Parts of a model are named for what they are")
    func names() {
        let model = Transformer.regression(
            features: 2, outputs: 1, length: 3, heads: 1, headDimension: 2, layers: 2, using: Generator(seed: 0))
        let block = [
            "norm1.weight", "norm1.bias", "self_attn.in_proj_weight", "self_attn.in_proj_bias",
            "self_attn.out_proj.weight", "self_attn.out_proj.bias", "norm2.weight", "norm2.bias", "linear1.weight",
            "linear1.bias", "linear2.weight", "linear2.bias",
        ]
        func inLayers(_ names: [String]) -> [String] {
            [0, 1].flatMap { index in names.map { "layers.\(index).\($0)" } }
        }
        let names: [String] =
            ["embedding.weight", "embedding.bias"] + inLayers(block)
            + ["norm.weight", "norm.bias", "head.weight", "head.bias"]
        #expect(model.parameters.map(\.name) == names)
        let maps = model.linearize(.zeros([2, 3, 2])).linearization.sites
        let affine = ["self_attn.in_proj", "self_attn.out_proj", "linear1", "linear2"]
        let mapNames: [String] = ["embedding"] + inLayers(affine) + ["head"]
        #expect(maps.map(model.name(of:)) == mapNames)
    }

    @Test("Cross-entropy of tokens is that of their rows")
    func crossEntropyOfTokens() {
        let generator = Generator(seed: 6)
        let outputs = Tensor.normal([2, 3, 4], using: generator, dtype: .float64)
        let targets = Tensor.integers([2, 3], in: 0..<4, using: generator)
        let (value, gradient) = CrossEntropy().linearize(outputs, targets)
        let rows = CrossEntropy().linearize(outputs.flattened(upTo: 1), targets.flattened())
        #expect(value.item() == rows.value.item() && CrossEntropy()(outputs, targets).item() == value.item())
        #expect(gradient.shape == [2, 3, 4])
        #expect(relativeDifference(gradient.flattened(upTo: 1), rows.gradient) == 0)
    }

    @Test("Shapes that do not fit trap")
    func mistakes() async {
        await #expect(processExitsWith: .failure) { _ = MultiHeadAttention(6, heads: 4, using: Generator(seed: 0)) }
        await #expect(processExitsWith: .failure) { _ = ScaledDotProductAttention(heads: 2)(.zeros([1, 3, 8])) }
        await #expect(processExitsWith: .failure) { _ = TokenPooling.mean(.zeros([3, 8])) }
    }
}

/// Transformer blocks against PyTorch's, from `Fixtures/make-transformer-blocks.py`.
@Suite struct TransformerFixtureTests {
    struct Fixture: Decodable {
        struct Block: Decodable {
            let normalizesFirst: Bool
            let isCausal: Bool
            let parameters: [String: [Double]]
            let input: [Double]
            let cotangent: [Double]
            let output: [Double]
            let inputGradient: [Double]
            let gradients: [String: [Double]]
        }
        let seed: UInt64
        let shape: [Int]
        let heads: Int
        let hidden: Int
        let initial: [String: [Double]]
        let blocks: [Block]

        static func read() throws -> Fixture {
            let url = try #require(
                Bundle.module.url(
                    forResource: "transformer-blocks", withExtension: "json", subdirectory: "Fixtures"))
            return try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
        }

        func makeBlock(_ block: Block) -> TransformerBlock {
            TransformerBlock(
                shape[2], heads: heads, hidden: hidden, isCausal: block.isCausal,
                normalizesFirst: block.normalizesFirst, using: Generator(seed: seed), dtype: .float64)
        }
    }

    @Test("Output and gradients are PyTorch's", arguments: 0..<4)
    func values(index: Int) throws {
        let fixture = try Fixture.read()
        let block = fixture.blocks[index]
        let model = fixture.makeBlock(block)
        #expect(Set(model.parameters.map(\.name)) == Set(block.parameters.keys))
        for parameter in model.parameters {
            let elements = try #require(block.parameters[parameter.name])
            parameter.value.copy(from: Tensor(elements, shape: parameter.value.shape))
        }
        let (output, linearization) = model.linearize(Tensor(block.input, shape: fixture.shape))
        #expect(relativeDifference(output, Tensor(block.output, shape: fixture.shape)) < 1e-12)
        let pulled = linearization.pullback(Tensor(block.cotangent, shape: fixture.shape))
        #expect(relativeDifference(pulled.input!, Tensor(block.inputGradient, shape: fixture.shape)) < 1e-12)
        let gradients = pulled.collected.gradients.values(of: model.parameters.map(\.value))
        for (parameter, gradient) in zip(model.parameters, gradients) {
            let expected = Tensor(try #require(block.gradients[parameter.name]), shape: parameter.value.shape)
            #expect(relativeDifference(gradient.formed(), expected) < 1e-12, "\(parameter.name)")
        }
    }

    @Test("Random weights are those of PyTorch's TransformerEncoderLayer for the same seed")
    func initialization() throws {
        let fixture = try Fixture.read()
        for parameter in fixture.makeBlock(fixture.blocks[0]).parameters {
            let expected = Tensor(try #require(fixture.initial[parameter.name]), shape: parameter.value.shape)
            #expect(relativeDifference(parameter.value, expected) < 1e-14, "\(parameter.name)")
        }
    }

    @Test func aTiedHeadHasTheVectorsOfTheEmbedding() throws {
        let model = Transformer.languageModel(
            vocabulary: 5, length: 3, heads: 1, headDimension: 4, layers: 1, tiesHead: true, using: Generator(seed: 0),
            dtype: .float64)
        let untied = Transformer.languageModel(
            vocabulary: 5, length: 3, heads: 1, headDimension: 4, layers: 1, using: Generator(seed: 0), dtype: .float64)
        #expect(Set(untied.parameters.map(\.name)).subtracting(model.parameters.map(\.name)) == ["head.weight"])
        let tokens = Tensor([0, 3, 4, 1, 1, 2] as [Int64], shape: [2, 3])
        let expected = withMode(.evaluation) {
            untied.parameters.first { $0.name == "head.weight" }!.value.copy(from: model.parameters[0].value)
            return untied(tokens)
        }
        #expect(withMode(.evaluation) { model(tokens) }.doubles() == expected.doubles())
    }
}
