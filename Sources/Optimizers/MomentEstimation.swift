import Foundation
import Torch

/// What Adam and AdamW have in common: running means of the gradient and of its square, and a step along the one scaled by the
/// other.
protocol MomentEstimation: StatefulOptimizer {
    /// The share of the mean gradient that a step keeps.
    var beta1: Double { get }
    /// The share of the mean squared gradient that a step keeps.
    var beta2: Double { get }
    /// What keeps the denominator from zero.
    var epsilon: Double { get }
}

extension MomentEstimation {
    var isElementwise: Bool { true }

    func initialState(for parameter: Tensor) -> [String: Tensor] {
        ["exp_avg": .zeros(like: parameter), "exp_avg_sq": .zeros(like: parameter)]
    }

    /// Adam's step, or with a decay that of AdamW.
    func stepByMoments(
        _ parameters: [Tensor], gradients: [Tensor], states: [[String: Tensor]], counts: [Int], weightDecay: Double = 0
    ) {
        Kernels.adamStep(
            parameters, gradients: gradients, firstMoments: states.map { $0["exp_avg"]! },
            secondMoments: states.map { $0["exp_avg_sq"]! },
            steps: stepCounts(counts.map(Double.init), for: parameters), learningRate: learningRate, beta1: beta1,
            beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
    }

    /// A vector over `sqrt(v / (1 - beta2^t)) + epsilon`, with `v` the mean of the squares as step t makes it of the one there is.
    func preconditioned(
        _ vector: Tensor, at gradient: Tensor, of parameter: Tensor, state: [String: Tensor], count: Int
    ) -> Tensor? {
        let correction = 1 - pow(beta2, Double(count))
        let secondMoment = gradient * gradient
        secondMoment.multiplyInPlace(by: (1 - beta2) / correction)
        secondMoment.addInPlace(state["exp_avg_sq"]!, scale: beta2 / correction)
        return vector.scaled(byRootOf: secondMoment, epsilon: epsilon)
    }
}
