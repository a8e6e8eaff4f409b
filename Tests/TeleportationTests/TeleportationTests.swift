import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// A small network and a batch for it, in float64.
struct Instance: CustomTestStringConvertible, Sendable {
    var hidden: [Int]
    var samples: Int
    var bias = true
    var activation = Activation.tanh
    var seed: UInt64 = 0

    static let inputs = 12
    static let outputs = 5

    var testDescription: String { "\(hidden), n \(samples), \(bias ? "bias" : "no bias"), \(activation)" }

    func model() -> MLP {
        MLP(
            inputs: Self.inputs, hidden: hidden, outputs: Self.outputs, activation: activation, bias: bias,
            using: Generator(seed: seed), dtype: .float64)
    }

    /// A batch; beyond `distinct` samples they repeat, so that many rows leave null space.
    func batch(distinct: Int = .max) -> Batch {
        let generator = Generator(seed: seed + 100)
        let kept = min(samples, distinct)
        let x = Tensor.normal([kept, Self.inputs], using: generator, dtype: .float64)
        let y = Tensor.integers([kept], in: 0..<Self.outputs, using: generator)
        let indices = Tensor((0..<samples).map { Int64($0 % kept) })
        return Batch(inputs: x.gathered(0, indices), targets: y.gathered(0, indices))
    }
}

/// The greatest difference of two tensors, relative to the greatest element of the second.
func relativeDifference(_ a: Tensor, _ b: Tensor) -> Double {
    let scale = b.doubles().map(\.magnitude).max() ?? 0
    let difference = (a - b).doubles().map(\.magnitude).max() ?? 0
    return scale == 0 ? difference : difference / scale
}

@Suite struct NullSpaceTeleporterTests {
    static let instances =
        [[24], [24, 20], [24, 20, 16], [24, 20, 16, 18]].flatMap { hidden in
            [true, false].flatMap { bias in
                [Activation.tanh, .relu, .gelu].map {
                    Instance(hidden: hidden, samples: 6, bias: bias, activation: $0)
                }
            }
        }

    @Test("The closed form is the projected Hessian-vector product", arguments: instances)
    func closedFormMatchesDoubleBackward(instance: Instance) {
        for (samples, distinct) in [(6, 6), (40, 7), (40, 40)] {
            var instance = instance
            instance.samples = samples
            compare(instance, distinct: distinct)
        }
    }

    private func compare(_ instance: Instance, distinct: Int) {
        var moved: [[Tensor]] = []
        var reports: [TeleportReport] = []
        for method in NullSpaceTeleporter.Method.allCases {
            let model = instance.model()
            let teleporter = NullSpaceTeleporter(steps: 4, stepSize: .growth(0.3), cap: .none, method: method)
            reports += teleporter.teleport(
                model, CrossEntropy(), on: [instance.batch(distinct: distinct)], before: SGD(learningRate: 0.1))
            moved.append(model.parameters.map(\.value))
        }
        let start = instance.model().parameters.map(\.value)
        for (index, (closed, double)) in zip(moved[0], moved[1]).enumerated() {
            let (a, b) = (closed - start[index], double - start[index])
            let scale = max(start[index].doubles().map(\.magnitude).max()!, b.doubles().map(\.magnitude).max()!)
            #expect((a - b).doubles().map(\.magnitude).max()! <= 1e-10 * scale, "parameter \(index)")
        }
        #expect(reports[0].steps == reports[1].steps)
        #expect(abs(reports[0].gradientNormSquaredAfter / reports[1].gradientNormSquaredAfter - 1) < 1e-10)
        for report in reports {
            #expect(report.relativeDrift < 1e-12)
            #expect(report.restored == nil)
        }
        if distinct < 12 {
            #expect(reports[0].steps == 4)
            #expect(reports[0].gradientNormSquaredAfter > 1.5 * reports[0].gradientNormSquaredBefore)
        }
    }
}
