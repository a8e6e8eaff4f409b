import NeuralNetworks
import Optimizers
import Torch

/// Teleportation by successive linear steps (LS24: Mishkin, Bietti, Gower, 2024): gradient ascent on the gradient's norm
/// along the level set of the loss.
///
/// Each step goes up along the gradient of `1/2 log ||grad L||^2` and back onto the linearized level set: with g the
/// gradient, H the Hessian, L0 the loss before the first step and L the loss now,
///
///     x <- x + rho H g / ||g||^2 - g (rho g^T H g / ||g||^2 + L - L0) / ||g||^2
///
/// so that `L + g^T (x' - x) = L0`. What is left of the drift is of second order in the step, and the next step takes it
/// back.
///
/// ```swift
/// let teleporter = LevelSetTeleporter()
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
///
/// It moves all parameters, and works for every model whose forward pass autograd can differentiate twice. It holds the
/// loss of the batch and not the outputs of its samples, and costs a pass through the tape of a backward pass at each
/// step: a null-space teleport, where the model has null space, is cheaper and exact.
public struct LevelSetTeleporter: Teleporter {
    /// The number of steps on each batch.
    public var steps: Int
    /// How far a step goes along the level set; rho for `fixed`. The growth that it names leaves the way back out of
    /// account.
    public var stepSize: StepSize
    /// What a fixed step size multiplies. The step of a given growth is the same for all.
    public var ascent: Ascent
    /// Whether a step is halved until the merit `1/2 log ||g||^2 - gamma |L - L0|` rises as it should.
    ///
    /// It should rise by 1e-4 of what the derivative along the step promises (Armijo's rule), and the drift stay within
    /// the tolerance. The penalty gamma is `2 |g^T H g| / ||g||^4`, twice the multiplier of the linearized constraint, the
    /// greatest so far on the batch: any above the multiplier makes the step one that leads up, from wherever the loss has
    /// drifted to. Where 20 halvings do not help, the teleport ends with the steps before.
    public var searchesLine: Bool
    /// Where the gradient has grown enough.
    public var cap: Cap
    /// How much the loss of a teleport batch may change, relative to the loss, before the parameters are set back.
    public var tolerance: Double

    /// The direction that a fixed step size multiplies, before the part along g is taken away.
    public enum Ascent: String, CaseIterable, Sendable {
        /// `H g / ||g||^2`, the gradient of `1/2 log ||g||^2`, as in LS24: rho has no unit of the loss.
        case logarithm
        /// `H g`, the gradient of `1/2 ||g||^2`.
        case squaredNorm = "squared-norm"
        /// `H g` over the length of its part along the level set: rho is the distance that a step goes there.
        case unit
    }

    /// A teleporter; step size and cap by default have no unit to tune.
    public init(
        steps: Int = 8, stepSize: StepSize = .growth(0.5), ascent: Ascent = .logarithm, searchesLine: Bool = true,
        cap: Cap = .predicted(0.1), tolerance: Double = 0.01
    ) {
        self.steps = steps
        self.stepSize = stepSize
        self.ascent = ascent
        self.searchesLine = searchesLine
        self.cap = cap
        self.tolerance = tolerance
    }

    /// Moves the parameters on one batch after the other; see `Teleporter`.
    public func teleport(
        _ model: some Layer, _ loss: some Loss, on batches: some Sequence<Batch>, before optimizer: any Optimizer
    ) -> [TeleportReport] {
        require(
            steps >= 0 && tolerance >= 0, "LevelSetTeleporter: steps \(steps), tolerance \(tolerance)")
        return withoutGradients {
            withMode(.teleportation) {
                batches.map { batch in
                    let transaction = TeleportTransaction(model, loss, on: batch, tolerance: tolerance)
                    return LevelSetClimb(
                        teleporter: self, model: model, loss: loss, batch: batch, transaction: transaction,
                        optimizer: optimizer
                    ).run()
                }
            }
        }
    }
}
