import Experiments
import Foundation
import NeuralNetworks
import Optimizers
import Teleportation
import Torch

/// The regression of ST22 section 6.1: `min ||Y - W_3 sigma(W_2 sigma(W_1 X))||^2` with four samples, hidden layers of six
/// and seven units, and a LeakyReLU of slope 0.1.
///
/// Weights and data are uniform in [0, 1) and follow from the seed: W_1, W_2, W_3, X and Y in that order, from one
/// generator. With that, and with `1/2` before the square, the numbers are those of the published experiment (ST22
/// appendix D.2).
struct RegressionProblem {
    /// The samples, as rows.
    let batch: Batch
    private let weights: [Tensor]

    /// How the loss of a full-batch training went.
    struct Trajectory: Sendable {
        /// The loss before each step.
        var losses: [Double] = []
        /// `||grad L||^2` before each step.
        var squaredGradientNorms: [Double] = []
        /// The time from the start until there, in seconds, teleports included and looking at the model left out.
        var seconds: [Double] = []
        /// The teleports.
        var teleports: [TeleportRecord] = []

        /// Whether the loss ended above its start, or stopped being finite.
        var hasDiverged: Bool {
            guard let first = losses.first, let last = losses.last else { return false }
            return !(last <= first)
        }

        /// The first step before which the loss is no larger than a given one; nil if it stays larger.
        func firstStep(atLoss loss: Double) -> Int? { losses.firstIndex { $0 <= loss } }
    }

    /// An optimizer with its settings in the paper.
    struct Descent {
        let name: String
        let key: String
        let optimizer: OptimizerOption
        let learningRate: Double
        /// That of the ascent on T, which climbs `||grad L||^2`.
        let ascentLearningRate: Double
        let ascentSteps: Int

        static let all = [
            Descent(
                name: "gradient descent", key: "gradient-descent", optimizer: .sgd, learningRate: 1e-4,
                ascentLearningRate: 1e-7, ascentSteps: 8),
            Descent(
                name: "AdaGrad", key: "adagrad", optimizer: .adagrad, learningRate: 0.1, ascentLearningRate: 1e-5,
                ascentSteps: 2),
        ]
    }

    /// The step before which the paper teleports.
    static let teleportStep = 5

    /// Teleports with steps of the published size: as published with the first-order element, in the level set with the
    /// exponential one. Nothing bounds the drift of the loss.
    ///
    /// - Parameter learningRate: That of the paper, which climbs `||grad L||^2`; ours climb half of it.
    static func teleporter(_ element: GroupElement, learningRate: Double, steps: Int) -> SymmetryTeleporter {
        SymmetryTeleporter(
            Climb(steps: steps, stepSize: stepSize(learningRate: learningRate), cap: .none, tolerance: .infinity),
            element: element, derivative: element == .firstOrder ? .published : .closedForm)
    }

    /// The step size that a learning rate of the paper stands for.
    static func stepSize(learningRate: Double) -> StepSize { .fixed(2 * learningRate) }

    /// Half the squared Frobenius norm of the difference.
    private struct HalfSquaredError: Loss {
        func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
            let difference = targets - outputs
            return (difference * difference).sum() * 0.5
        }
    }

    /// The problem of a seed.
    init(seed: Int, dtype: DType = .float32, device: Device = .cpu) {
        let generator = Generator(seed: UInt64(seed))
        let numbers = [[6, 5], [7, 6], [8, 7], [5, 4], [8, 4]].map { shape in
            Tensor.uniform(shape, using: generator).to(dtype: dtype, device: device)
        }
        weights = Array(numbers[..<3])
        batch = Batch(inputs: numbers[3].transposed().contiguous(), targets: numbers[4].transposed().contiguous())
    }

    /// Trains from the initial weights on all samples at once.
    ///
    /// - Parameters:
    ///   - optimizer: A new optimizer.
    ///   - steps: The steps to record.
    ///   - schedule: The steps, from 0, before which to teleport.
    ///   - teleporter: How to teleport; nil goes without.
    ///   - policy: What becomes of the optimizer's state.
    ///   - isDone: Asked with the trajectory so far before each step, ends the training once true.
    func train(
        with optimizer: any Optimizer, steps: Int, teleportAt schedule: Set<Int> = [],
        by teleporter: (any Teleporter)? = nil, state policy: TeleportPlan.OptimizerStatePolicy = .keep,
        isDone: (Trajectory) -> Bool = { _ in false }
    ) -> Trajectory {
        let model = makeModel()
        let teleporter = policy == .teleport ? teleporter.map { VelocityTeleporter($0) } : teleporter
        let parameters = model.parameters.map(\.value)
        let loss = HalfSquaredError()
        var trajectory = Trajectory()
        var clock = Stopwatch()
        for step in 0..<steps where !isDone(trajectory) {
            clock.start()
            if let teleporter, schedule.contains(step) {
                let report = teleporter.teleport(model, loss, on: [batch], before: optimizer)[0]
                trajectory.teleports.append(TeleportRecord(report, epoch: step, step: step, batch: 0))
                if policy == .reset, report.hasMoved { optimizer.reset(parameters) }
            }
            let linearized = LinearizedLoss(model, loss, on: batch)
            let gradients = linearized.gradients(of: parameters)
            clock.stop()
            trajectory.losses.append(linearized.value.item())
            trajectory.squaredGradientNorms.append(gradients.squaredNorm())
            trajectory.seconds.append(clock.seconds)
            clock.start()
            optimizer.update(parameters, with: gradients)
            clock.stop()
        }
        return trajectory
    }

    private func makeModel() -> MLP {
        let model = MLP(
            inputs: 5, hidden: [6, 7], outputs: 8, activation: .leakyReLU(slope: 0.1), bias: false,
            using: Generator(seed: 0), dtype: batch.inputs.dtype, device: batch.inputs.device)
        for (parameter, weight) in zip(model.parameters, weights) { parameter.value.copy(from: weight) }
        return model
    }
}
