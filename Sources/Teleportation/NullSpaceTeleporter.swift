import Foundation
import NeuralNetworks
import Optimizers
import Torch

/// Teleportation by null-space gradient projection (NS25 Algorithm 1, lines 3-13).
///
/// Each step moves the weights of every affine map along the gradient of `1/2 ||grad L||^2`, projected onto the null
/// space of the map's input. What the maps compute on the teleport batch stays the same, and so does the loss, while the
/// gradient grows.
///
/// ```swift
/// let teleporter = NullSpaceTeleporter()
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
///
/// Any model whose linearization names its affine maps can be teleported; parameters of other kinds stay where they are. The
/// loss that is held is that of `Mode.teleportation`. The running statistics of batch normalization stay too: they are
/// right again once training steps have followed.
public struct NullSpaceTeleporter: Teleporter {
    /// The number of steps on each batch; t.
    public var steps: Int
    /// How far a step goes.
    public var stepSize: StepSize
    /// Where the gradient has grown enough.
    public var cap: Cap
    /// The share of the energy of an input that its significant space holds; NS25 eq. 3. Below 1 the null space is larger,
    /// the gradient grows faster, and the loss drifts.
    public var tau: Double
    /// The samples on which the loss is held.
    public var scope: Scope
    /// How the direction is computed.
    public var method: Method
    /// Samples to stand for all others. A teleport holds the loss of its own batch and not theirs, and on a batch that the
    /// model fits well, or where the curvature grows with the gradient, the move can cost them much more than it gains. Where
    /// one step of the optimizer after a move would leave their loss higher than it was before the teleport, the
    /// move is halved until it would not, and in the end undone. Nil goes without, as the paper does.
    ///
    /// What the step does counts, and not what it promises to first order; and it counts from before the first batch, since
    /// each of many moves may cost what one step gains, while there is only one such step.
    public var control: Batch?
    /// How much the loss of a teleport batch may change, relative to the loss, before the parameters are set back.
    public var tolerance: Double
    /// Called after each step with the number of steps on the batch so far, while the parameters are where it led.
    public var stepTaken: ((Int) -> Void)?

    /// The samples on which nothing changes.
    public enum Scope {
        /// Those of the teleport batch.
        case batch
        /// Those of all the given batches, of a model whose samples do not see each other: with batch normalization a sample
        /// is not in a teleport batch what it was in a given one, and its loss drifts. One basis is computed at the start of a teleport. For N samples this
        /// costs a forward pass over them and, for each affine map, a covariance, O(N d^2), and its eigenvectors, O(d^3).
        case dataset(any Sequence<Batch>)
    }

    /// Two ways to the same direction.
    public enum Method: String, CaseIterable, Sendable {
        /// `Delta^T (D_g A) (I - B B^T)` for each affine map: one pull-back and one pushforward, no tape. Where B spans
        /// the rows of A (tau = 1) the other term of the Hessian-vector product, which holds all second derivatives, is
        /// `(D_g Delta)^T A (I - B B^T) = 0`; for tau < 1 it is dropped.
        case closedForm = "closed-form"
        /// Differentiates twice by autograd and projects: the algorithm as published.
        case doubleBackward = "double-backward"
    }

    /// A teleporter; step size and cap by default have no unit to tune.
    public init(
        steps: Int = 8, stepSize: StepSize = .growth(0.5), cap: Cap = .predicted(0.1), tau: Double = 1,
        scope: Scope = .batch, method: Method = .closedForm, control: Batch? = nil, tolerance: Double = 0.01
    ) {
        self.steps = steps
        self.stepSize = stepSize
        self.cap = cap
        self.tau = tau
        self.scope = scope
        self.method = method
        self.control = control
        self.tolerance = tolerance
    }

    /// Moves the parameters on one batch after the other; see `Teleporter`.
    public func teleport(
        _ model: some Layer, _ loss: some Loss, on batches: some Sequence<Batch>, before optimizer: any Optimizer
    ) -> [TeleportReport] {
        require(
            steps >= 0 && tau > 0 && tau <= 1 && tolerance >= 0,
            "NullSpaceTeleporter: steps \(steps), tau \(tau), tolerance \(tolerance)")
        return withoutGradients {
            withMode(.teleportation) {
                let shared: InputNullSpaces? =
                    if case .dataset(let all) = scope { nullSpaces(of: model, loss, over: all) } else { nil }
                let controlLoss = control.map { loss.controlLoss(of: model, on: $0) }
                return batches.map { batch in
                    NullSpaceTransaction(teleporter: self, model: model, loss: loss, batch: batch, optimizer: optimizer)
                        .run(in: shared ?? InputNullSpaces(tau: tau), controlLoss: controlLoss)
                }
            }
        }
    }

    /// The null spaces of the inputs over all batches. The activations of these stay what they are while the weights move,
    /// so that the null spaces serve a whole teleport.
    private func nullSpaces(
        of model: some Layer, _ loss: some Loss, over batches: any Sequence<Batch>
    ) -> InputNullSpaces {
        let sums = InputCovariance.ofMovableMaps(of: model, loss, over: batches)
        return InputNullSpaces(
            tau: tau,
            covariances: Dictionary(
                uniqueKeysWithValues: sums.enumerated().filter { $0.element.covariance.rowCount > 0 }
                    .map { ($0.offset, $0.element.covariance) }))
    }
}
