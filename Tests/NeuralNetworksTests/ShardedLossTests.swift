import TestSupport
import Testing
import Torch

@testable import NeuralNetworks

/// The loss of a batch that is spread over ranks, held against that of the whole batch in one process.
@Suite struct ShardedLossTests {
    /// A model, and samples for it.
    enum Use: String, CaseIterable, CustomTestStringConvertible, Sendable {
        /// Wide layers, whose gradients travel as factors, and narrow ones, whose gradients are formed.
        case perceptron
        /// Layers of which each travels in a bucket of its own.
        case wide
        case convolution
        case transformer
        /// A language model whose head is its embedding.
        case tiedLanguageModel
        /// A matrix that two dense layers share.
        case tiedDense

        var testDescription: String { rawValue }

        func model(_ dtype: DType = .float64) -> any Layer {
            let generator = Generator(seed: 1)
            switch self {
            case .perceptron:
                return MLP(
                    inputs: 6, hidden: [40, 30, 4], outputs: 3, activation: .tanh, using: generator, dtype: dtype)
            case .wide: return MLP(inputs: 6, hidden: [400, 400], outputs: 3, using: generator, dtype: dtype)
            case .convolution:
                return ConvolutionalNetwork(
                    imageShape: [2, 8, 8], channels: [4, 6], outputs: 3, activation: .tanh, using: generator,
                    dtype: dtype)
            case .transformer:
                return Transformer.classifier(
                    features: 3, classes: 3, length: 4, heads: 2, headDimension: 8, layers: 2, using: generator,
                    dtype: dtype)
            case .tiedLanguageModel:
                return Transformer.languageModel(
                    vocabulary: 6, length: 4, heads: 2, headDimension: 4, layers: 1, tiesHead: true, using: generator,
                    dtype: dtype)
            case .tiedDense:
                let weight = Tensor.normal([6, 6], using: generator, dtype: dtype) * 0.5
                return Sequential(
                    Dense(weight: weight, bias: .zeros([6], dtype: dtype)), Tanh(), Dense(weight: weight, bias: nil))
            }
        }

        func samples(_ count: Int, _ dtype: DType = .float64) -> Samples {
            let generator = Generator(seed: 2)
            let labels = Tensor.integers([count], in: 0..<3, using: generator)
            switch self {
            case .perceptron, .wide, .tiedDense:
                return Samples(inputs: .normal([count, 6], using: generator, dtype: dtype), targets: labels)
            case .convolution:
                return Samples(inputs: .normal([count, 2, 8, 8], using: generator, dtype: dtype), targets: labels)
            case .transformer:
                return Samples(inputs: .normal([count, 4, 3], using: generator, dtype: dtype), targets: labels)
            case .tiedLanguageModel:
                return Samples(
                    inputs: .integers([count, 4], in: 0..<6, using: generator),
                    targets: .integers([count, 4], in: 0..<6, using: generator))
            }
        }
    }

    /// What a loss says.
    private struct Numbers: Sendable, Equatable {
        var value: Double
        var gradients: [[Double]]
        /// Which gradients are factored.
        var factored: [Bool]
        /// How often each parameter was met, as far as the maps that read it say all of it.
        var isUsedBySitesOnly: [Bool]
        var squaredNorm: Double

        init(_ model: any Layer, _ loss: some Loss, on batch: Batch) {
            func linearized(_ model: some Layer) -> LinearizedLoss { LinearizedLoss(model, loss, on: batch) }
            let linearized = linearized(model)
            let pulled = linearized.pullback()
            let parameters = model.parameters.map(\.value)
            let all = pulled.gradients.values(of: parameters)
            value = linearized.value.item()
            gradients = all.map { $0.formed().doubles() }
            factored = all.map { if case .product = $0 { true } else { false } }
            isUsedBySitesOnly = parameters.map { pulled.isUsedBySitesOnly($0) }
            squaredNorm = all.squaredNorm()
        }
    }

    private func compare(
        _ use: Use, samples count: Int, ranks: Int, dtype: DType = .float64, tolerance: Double = 1e-12,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [Bool] {
        let all = Tensor.range(count)
        let whole = Numbers(use.model(dtype), CrossEntropy(), on: use.samples(count, dtype).batch(all))
        let parts = try withRanks(ranks) { group in
            let samples = ShardedSamples(use.samples(count, dtype), in: group)
            return Numbers(use.model(dtype), CrossEntropy(), on: samples.batch(.range(count)))
        }
        let first = parts[0]
        #expect(parts.allSatisfy { $0 == first }, "all ranks have the same bits", sourceLocation: sourceLocation)
        #expect(abs(first.value / whole.value - 1) <= tolerance, sourceLocation: sourceLocation)
        #expect(abs(first.squaredNorm / whole.squaredNorm - 1) <= 4 * tolerance, sourceLocation: sourceLocation)
        #expect(first.isUsedBySitesOnly == whole.isUsedBySitesOnly, sourceLocation: sourceLocation)
        // Of a gradient that is zero but for rounding, as that of the keys' bias, the others tell how large rounding is.
        let largest = whole.gradients.flatMap { $0 }.map(\.magnitude).max() ?? 0
        for (index, (part, gradient)) in zip(first.gradients, whole.gradients).enumerated() {
            let scale = max(gradient.map(\.magnitude).max() ?? 0, 1e-3 * largest)
            let difference = zip(part, gradient).map { abs($0 - $1) }.max() ?? 0
            #expect(difference <= tolerance * scale, "parameter \(index)", sourceLocation: sourceLocation)
        }
        return first.factored
    }

    @Test(
        "Value and gradients are those of the whole batch, and the same bits at each rank", arguments: Use.allCases,
        [2, 3])
    func ofTheWhole(use: Use, ranks: Int) throws {
        // 7 and 8 samples do not divide evenly; 24 do, and make factors larger than what they are factors of.
        for count in use == .wide ? [7] : [7, 8, 24] { _ = try compare(use, samples: count, ranks: ranks) }
    }

    @Test("A batch of fewer samples than there are ranks counts each sample once", arguments: Use.allCases)
    func fewerSamplesThanRanks(use: Use) throws {
        _ = try compare(use, samples: 1, ranks: 2)
        _ = try compare(use, samples: 1, ranks: 3)
        _ = try compare(use, samples: 2, ranks: 3)
    }

    @Test("In float32 they are those of the whole batch to its precision", arguments: Use.allCases)
    func singlePrecision(use: Use) throws {
        _ = try compare(use, samples: 7, ranks: 2, dtype: .float32, tolerance: 1e-6)
    }

    @Test("A gradient travels as factors where these are fewer numbers, and else as a sum")
    func factors() throws {
        // Weights: 40 x 6, 30 x 40, 4 x 30 and 3 x 4; 7 rows.
        let few = try compare(.perceptron, samples: 7, ranks: 2)
        #expect(few == [true, false, true, false, true, false, false, false])
        // 30 (40 + 30) numbers of factors are fewer than twice 1200.
        let more = try compare(.perceptron, samples: 30, ranks: 2)
        #expect(more == [false, false, true, false, false, false, false, false])
        #expect(try compare(.perceptron, samples: 48, ranks: 2).allSatisfy { !$0 })
    }

    @Test("The traffic of factors is that of their numbers")
    func traffic() throws {
        let bytes = try withRanks(2) { group in
            let model = Sequential(Dense(64, 128, bias: false, using: Generator(seed: 1), dtype: .float64))
            return [4, 200].map { count in
                let samples = ShardedSamples(
                    Samples(
                        inputs: .normal([count, 64], using: Generator(seed: 2), dtype: .float64),
                        targets: .zeros([count], dtype: .int64)), in: group)
                let before = group.traffic.bytes
                let loss = LinearizedLoss(model, CrossEntropy(), on: samples.batch(.range(count)))
                _ = loss.gradients(of: model.parameters.map(\.value))
                return group.traffic.bytes - before
            }
        }
        // The value, and two rows of each rank or the matrix.
        #expect(bytes == Array(repeating: [8 + 2 * (64 + 128) * 8, 8 + 64 * 128 * 8], count: 2))
    }

    @Test("A squared error is that of the whole batch", arguments: [1, 5, 6])
    func regression(count: Int) throws {
        @Sendable func batch(of source: some SampleSource) -> Batch { source.batch(.range(count)) }
        @Sendable func samples() -> Samples {
            let generator = Generator(seed: 8)
            return Samples(
                inputs: .normal([count, 6], using: generator, dtype: .float64),
                targets: .normal([count, 3], using: generator, dtype: .float64))
        }
        let whole = Numbers(Use.perceptron.model(), MeanSquaredError(), on: batch(of: samples()))
        let parts = try withRanks(2) { group in
            Numbers(Use.perceptron.model(), MeanSquaredError(), on: batch(of: ShardedSamples(samples(), in: group)))
        }
        #expect(parts[0] == parts[1])
        #expect(abs(parts[0].value / whole.value - 1) <= 1e-12)
        for (part, gradient) in zip(parts[0].gradients, whole.gradients) {
            let scale = gradient.map(\.magnitude).max() ?? 0
            #expect(zip(part, gradient).allSatisfy { abs($0 - $1) <= 1e-12 * scale })
        }
    }

    @Test("The loss alone, without a derivative, is that of the whole batch", arguments: [1, 7])
    func valueAlone(count: Int) throws {
        let (model, samples) = (Use.perceptron.model(), Use.perceptron.samples(count))
        let whole = CrossEntropy().value(of: model, on: samples.batch(.range(count)))
        let parts = try withRanks(3) { group in
            let samples = ShardedSamples(Use.perceptron.samples(count), in: group)
            return CrossEntropy().value(of: Use.perceptron.model(), on: samples.batch(.range(count)))
        }
        #expect(parts.allSatisfy { $0 == parts[0] } && abs(parts[0] / whole - 1) <= 1e-12)
    }

    @Test("Batch normalization over all ranks has the outputs, gradients and running statistics of the whole batch")
    func synchronizedNormalization() throws {
        @Sendable func model() -> Sequential {
            let generator = Generator(seed: 3)
            return Sequential(
                Convolution(
                    2, 4, kernel: 3, geometry: ConvolutionGeometry(padding: 1), using: generator, dtype: .float64),
                BatchNormalization(4, dtype: .float64), Tanh(), Flatten(),
                Dense(256, 12, using: generator, dtype: .float64), BatchNormalization(12, dtype: .float64), ReLU(),
                Dense(12, 3, using: generator, dtype: .float64))
        }
        for count in [6, 7] {
            let start = model()
            let whole = Numbers(start, CrossEntropy(), on: Use.convolution.samples(count).batch(.range(count)))
            let statistics = start.buffers.map { $0.value.doubles() }
            let parts = try withRanks(2) { group in
                let model = model()
                let samples = ShardedSamples(Use.convolution.samples(count), in: group)
                let numbers = BatchStatistics.$processes.withValue(group) {
                    Numbers(model, CrossEntropy(), on: samples.batch(.range(count)))
                }
                return (numbers, model.buffers.map { $0.value.doubles() })
            }
            #expect(parts[0].0 == parts[1].0 && parts[0].1 == parts[1].1)
            #expect(abs(parts[0].0.value / whole.value - 1) <= 1e-12)
            // Biases before a normalization have a gradient of zero but for rounding.
            let largest = whole.gradients.flatMap { $0 }.map(\.magnitude).max() ?? 0
            for (part, gradient) in zip(parts[0].0.gradients + parts[0].1, whole.gradients + statistics) {
                let scale = max(gradient.map(\.magnitude).max() ?? 0, 1e-3 * largest)
                #expect(zip(part, gradient).allSatisfy { abs($0 - $1) <= 1e-12 * scale })
            }
        }
    }
}
