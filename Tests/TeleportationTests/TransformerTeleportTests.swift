import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// Teleports of small transformers, in float64.
@Suite struct TransformerTeleportTests {
    /// A model, a loss for it, and few different sequences, so that the tokens leave the affine maps room.
    enum Use: String, CaseIterable, CustomTestStringConvertible {
        case classifier, regression, languageModel

        var testDescription: String { rawValue }
        static let tokens = 4
        static let features = 3

        func model() -> Transformer {
            let generator = Generator(seed: 2)
            return switch self {
            case .classifier:
                .classifier(
                    features: Self.features, classes: 5, length: Self.tokens, heads: 2, headDimension: 8, layers: 2,
                    using: generator, dtype: .float64)
            case .regression:
                .regression(
                    features: Self.features, outputs: 2, length: Self.tokens, heads: 2, headDimension: 8, layers: 2,
                    using: generator, dtype: .float64)
            case .languageModel:
                .languageModel(
                    vocabulary: 6, length: Self.tokens, heads: 2, headDimension: 8, layers: 2, using: generator,
                    dtype: .float64)
            }
        }

        /// - Parameters:
        ///   - samples: The sequences.
        ///   - distinct: How many different ones there are.
        func batch(samples: Int, distinct: Int) -> Batch {
            let generator = Generator(seed: 7)
            let indices = Tensor((0..<samples).map { Int64($0 % distinct) })
            let inputs: Tensor
            let targets: Tensor
            switch self {
            case .classifier:
                inputs = .normal([distinct, Self.tokens, Self.features], using: generator, dtype: .float64)
                targets = .integers([distinct], in: 0..<5, using: generator)
            case .regression:
                inputs = .normal([distinct, Self.tokens, Self.features], using: generator, dtype: .float64)
                targets = .normal([distinct, 2], using: generator, dtype: .float64)
            case .languageModel:
                inputs = .integers([distinct, Self.tokens], in: 0..<6, using: generator)
                targets = .integers([distinct, Self.tokens], in: 0..<6, using: generator)
            }
            return Batch(inputs: inputs.gathered(0, indices), targets: targets.gathered(0, indices))
        }

        func teleport(_ teleporter: NullSpaceTeleporter, _ model: Transformer, on batch: Batch) -> TeleportReport {
            let optimizer = SGD(learningRate: 0.1)
            return self == .regression
                ? teleporter.teleport(model, MeanSquaredError(), on: [batch], before: optimizer)[0]
                : teleporter.teleport(model, CrossEntropy(), on: [batch], before: optimizer)[0]
        }
    }

    /// 8 rows, fewer than the features; 200 rows of which 12 differ; and 200 different ones.
    @Test(
        "The closed form is the projected Hessian-vector product", arguments: Use.allCases,
        [(2, 2), (50, 3), (50, 50)])
    func closedFormMatchesDoubleBackward(use: Use, sizes: (samples: Int, distinct: Int)) {
        let batch = use.batch(samples: sizes.samples, distinct: sizes.distinct)
        let start = use.model().parameters
        var moved: [[Tensor]] = []
        var reports: [TeleportReport] = []
        for method in NullSpaceTeleporter.Derivative.allCases {
            let model = use.model()
            let teleporter = NullSpaceTeleporter(
                Climb(steps: 3, stepSize: .growth(0.3), cap: .none), derivative: method)
            reports.append(use.teleport(teleporter, model, on: batch))
            moved.append(model.parameters.map(\.value))
        }
        for (parameter, (closed, double)) in zip(start, zip(moved[0], moved[1])) {
            let scale = max(
                // The biases of projections begin as zeros.
                parameter.value.doubles().map(\.magnitude).max()!, 1e-3,
                (double - parameter.value).doubles().map(\.magnitude).max()!)
            #expect((closed - double).doubles().map(\.magnitude).max()! <= 1e-9 * scale, "\(parameter.name)")
        }
        #expect(abs(reports[0].gradientNormSquaredAfter / reports[1].gradientNormSquaredAfter - 1) < 1e-9)
        for report in reports {
            #expect(report.steps == 3 && report.restored == nil)
            #expect(report.relativeDrift < (sizes.distinct == 50 ? 1e-11 : 1e-12))
            #expect(report.gradientNormSquaredAfter > 1.5 * report.gradientNormSquaredBefore)
            // The embedding reads data and has no null space to ask for.
            #expect(report.freeDimensions.count == 9 && report.freeDimensions["embedding"] == nil)
        }
        #expect(reports[0].freeDimensions == reports[1].freeDimensions)
        let free = reports[0].freeDimensions
        if sizes.distinct == 2 {
            #expect(free["layers.0.self_attn.in_proj"] == 17 - 8 && free["layers.1.linear2"]! >= 65 - 8)
        }
        if sizes.distinct == 50 && use != .languageModel {
            #expect(free["layers.1.self_attn.out_proj"] == 0, "as many different rows as there are")
            #expect(free["layers.1.self_attn.in_proj"] == 1, "normalized tokens sum to 0")
        }
    }

    @Test("Maps without a null space stay, others move")
    func emptyNullSpacesStay() {
        let model = Use.classifier.model()
        let batch = Use.classifier.batch(samples: 50, distinct: 50)
        let report = Use.classifier.teleport(NullSpaceTeleporter(Climb(cap: .none)), model, on: batch)
        let moved = Set(
            zip(model.parameters, Use.classifier.model().parameters)
                .filter { relativeDifference($0.value, $1.value) > 0 }.map { $0.0.name })
        #expect(moved.contains("layers.1.self_attn.in_proj_weight"))
        for (name, free) in report.freeDimensions where free == 0 {
            #expect(!moved.contains("\(name).weight"), "\(name)")
        }
        #expect(report.freeDimensions.values.contains(0))
        #expect(!moved.contains("embedding.weight") && !moved.contains("norm.weight"))
    }

    @Test("Less than all of the energy leaves more room, for a drift that is measured", arguments: Use.allCases)
    func tau(use: Use) {
        let batch = use.batch(samples: 50, distinct: 50)
        let reports = [1, 0.99].map { tau in
            let teleporter = NullSpaceTeleporter(
                Climb(steps: 4, stepSize: .growth(0.2), cap: .none, tolerance: 1), tau: tau)
            return use.teleport(teleporter, use.model(), on: batch)
        }
        #expect(reports.allSatisfy { $0.restored == nil && $0.steps == 4 })
        let (exact, loose) = (reports[0], reports[1])
        #expect(exact.freeDimensions.allSatisfy { $0.value <= loose.freeDimensions[$0.key]! })
        #expect(loose.freeDimensions.values.reduce(0, +) > exact.freeDimensions.values.reduce(0, +) + 20)
        #expect(exact.relativeDrift < 1e-12)
        #expect(loose.relativeDrift > 1e-9 && loose.relativeDrift < 0.2)
    }
}
