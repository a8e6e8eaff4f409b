import Optimizers
import Torch

/// Gradient descent along a mean of the gradients: `m <- beta m + (1 - beta) g`, `w <- w - lr m`.
struct AveragedDescent: UpdateRule {
    var learningRate: Double
    /// The share of the mean that stays at each step.
    var beta = 0.9

    func initialState(for parameter: Tensor) -> [String: Tensor] { ["mean": .zeros(like: parameter)] }

    func step(_ parameter: Tensor, gradient: Tensor, state: [String: Tensor], count: Int) {
        guard let mean = state["mean"] else { return }
        mean.multiplyInPlace(by: beta)
        mean.addInPlace(gradient, scale: 1 - beta)
        parameter.addInPlace(mean, scale: -learningRate)
    }
}
