import Teleportation
import Torch

/// Gradient descent on regression problems, side by side: what meta-optimizers are held against.
package struct PlainDescent {
    /// The problems.
    package let problems: RegressionProblems
    /// The steps of each training.
    package let steps: Int

    /// Trainings of problems.
    package init(on problems: RegressionProblems, steps: Int) {
        self.problems = problems
        self.steps = steps
    }

    /// The losses before each step, and after the last, of each problem.
    package func losses(learningRate: Double) -> [[Double]] {
        problems.trajectory(steps: steps) { weights, gradients in
            zip(weights, gradients).map { $0 - $1 * learningRate }
        }
    }

    /// The largest learning rate of one significant digit with which no training diverges: all end below their start.
    ///
    /// - Returns: The rate; nil if all trainings diverge even with the smallest, 1e-12.
    package func largestStableRate() -> Double? {
        let rates = (-12...1).flatMap { exponent in (1...9).map { Double("\($0)e\(exponent)") ?? .nan } }
        // Where one rate diverges, so do larger ones: the last of those that do not is found by halving.
        var (stable, diverging) = (-1, rates.count)
        while diverging - stable > 1 {
            let middle = (stable + diverging) / 2
            if isStable(rates[middle]) { stable = middle } else { diverging = middle }
        }
        return stable < 0 ? nil : rates[stable]
    }

    private func isStable(_ rate: Double) -> Bool {
        let losses = losses(learningRate: rate)
        return zip(losses[0], losses[steps]).allSatisfy { $1 <= $0 }
    }
}
