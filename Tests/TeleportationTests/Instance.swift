import NeuralNetworks
import Optimizers
import Teleportation
import Testing
import Torch

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

extension Cap {
    /// The `||g||^2` at which a teleport stops that begins as a report says, before steps of plain gradient descent.
    func bound(from report: TeleportReport, before optimizer: SGD) -> Double {
        switch self {
        case .fixed(let value): value
        case .relative(let factor): factor * report.gradientNormSquaredBefore
        case .predicted(let share): share * report.lossBefore / optimizer.learningRate
        case .none: .infinity
        }
    }
}
