import Torch

/// How small stochastic gradient descent with a teleport before each step makes the gradients on a whole orbit; PS24 Theorem 3.1.
///
/// Without teleports the same bound holds for the gradient at the point itself; with them it holds for the longest gradient that
/// the symmetry can reach from it. A run that ends with a small bound is in a basin where every point that a teleport leads to
/// is nearly stationary.
public struct StochasticDescentBound: Hashable, Sendable {
    /// beta, with which the gradients of the loss of each sample are Lipschitz continuous.
    public let smoothness: Double
    /// T, at least 2.
    public let steps: Int
    /// `L(w_0) - L(w*)`.
    public let initialGap: Double
    /// `sigma^2 = L(w*) - E[inf L(w, xi)]`, which is zero where one w minimizes the loss of all samples.
    public let noise: Double

    /// The bound for a run.
    public init(smoothness: Double, steps: Int, initialGap: Double, noise: Double) {
        require(
            smoothness > 0 && steps >= 2 && initialGap >= 0 && noise >= 0,
            "no run has smoothness \(smoothness), \(steps) steps, initial gap \(initialGap) and noise \(noise)")
        self.smoothness = smoothness
        self.steps = steps
        self.initialGap = initialGap
        self.noise = noise
    }

    /// The learning rate that the bound is for, `1 / (beta sqrt(T - 1))`.
    public var learningRate: Double { 1 / (smoothness * Double(steps - 1).squareRoot()) }

    /// The bound on the least mean of `max_g ||grad L(g w_t)||^2` over the steps t, `(2 beta gap + beta sigma^2) / sqrt(T - 1)`;
    /// PS24 eq. 2.
    public var squaredGradientNorm: Double {
        smoothness * (2 * initialGap + noise) / Double(steps - 1).squareRoot()
    }

    /// The share of the bound that was used up by runs: the least mean of `max_g ||grad L(g w_t)||^2` over the steps, divided by
    /// the bound. It is at most 1 but for chance.
    ///
    /// - Parameter runs: `max_g ||grad L(g w_t)||^2` at each of the T steps of each run, `[runs][T]`.
    public func share(of runs: [[Double]]) -> Double {
        require(
            !runs.isEmpty && runs.allSatisfy { $0.count == steps },
            "runs of \(runs.map(\.count)) steps for a bound on \(steps)")
        let means = (0..<steps).map { step in runs.map { $0[step] }.reduce(0, +) / Double(runs.count) }
        return (means.min() ?? .nan) / squaredGradientNorm
    }
}
