import Foundation
import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// Teleportation by null-space gradient projection (NS25 Algorithm 1, lines 3-13).
///
/// Each step moves the weights of every affine map along the gradient of an objective, projected onto the null space of the
/// map's input. What the maps compute on the teleport batch stays the same, and so does the loss, while the objective rises
/// or falls: the squared norm of the gradient in the paper, by default the loss after the optimizer's next step.
///
/// ```swift
/// let teleporter = NullSpaceTeleporter()
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
///
/// Any model whose linearization names its affine maps can be teleported; parameters of other kinds stay where they are. The
/// loss that is held is that of `Mode.teleportation`. The running statistics of batch normalization stay too: they are
/// right again once training steps have followed.
public struct NullSpaceTeleporter: ClimbingTeleporter {
    /// What is climbed, and how.
    public var climb: Climb
    /// The share of the energy of an input that its significant space holds; NS25 eq. 3. Below 1 the null space is larger,
    /// the gradient grows faster, and the loss drifts.
    public var tau: Double
    /// The samples on which the loss is held.
    public var scope: Scope
    /// How the direction is computed.
    public var derivative: Derivative

    /// The samples on which nothing changes.
    public enum Scope: String, CaseIterable, Sendable {
        /// Those of the teleport batch.
        case batch
        /// All training samples, as the context of the teleport gives them, of a model whose samples do not see each other
        /// (`Layer.couplesSamples`): with batch normalization a sample is not in a teleport batch what it was in another
        /// one, and its loss would drift. One basis is computed at the start of a teleport. For N samples this costs a forward
        /// pass over them and, for each affine map, a covariance, O(N d^2), and its eigenvectors, O(d^3).
        case dataset
    }

    /// Two ways to the same direction.
    public enum Derivative: String, CaseIterable, Sendable {
        /// `Delta^T (D_g A) (I - B B^T)` for each affine map: one pull-back and one pushforward, no tape. Where B spans
        /// the rows of A (tau = 1) the other term of the Hessian-vector product, which holds all second derivatives, is
        /// `(D_g Delta)^T A (I - B B^T) = 0`; for tau < 1 it is dropped.
        case closedForm = "closed-form"
        /// Differentiates twice by autograd and projects: the algorithm as published.
        case doubleBackward = "double-backward"
    }

    /// A teleporter that climbs as is told; by default it lowers the loss after the optimizer's next step, which is this project's
    /// own. `NullSpaceTeleporter(Climb())` raises the gradient norm, as NS25 does, with steps and a cap without units.
    public init(
        _ climb: Climb = .lookahead(), tau: Double = 1, scope: Scope = .batch, derivative: Derivative = .closedForm
    ) {
        self.climb = climb
        self.tau = tau
        self.scope = scope
        self.derivative = derivative
    }

    /// Half of a move lies in the same null spaces.
    public var hasDivisibleMoves: Bool { true }

    /// In the null spaces of the inputs of all samples.
    public var movesOnShards: Bool { !climb.objective.needsWholeBatch }

    /// Checks that the model can be moved with the teleporter's scope; see `Teleporter`.
    ///
    /// - Throws: `NullSpaceRefusal` if the loss of all samples is to be held and they see each other; `SettingRefusal` if tau
    ///   is no share; and what `Climb.check(_:before:onOrbit:)` throws.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try climb.check(model, before: optimizer)
        try SettingRefusal.check("tau", tau > 0 && tau <= 1, "\(tau)", remedy: "give a share above 0 and up to 1")
        if scope == .dataset && model.couplesSamples {
            throw NullSpaceRefusal.coupledSamples(model: "\(type(of: model))")
        }
    }

    /// Begins a teleport; see `Teleporter`. Traps where all training samples are to be held and the context has none.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        let shared: InputNullSpaces? =
            switch scope {
            case .batch: nil
            case .dataset: nullSpaces(of: model, loss, over: context.samples)
            }
        return ClimbingTeleport(climb, in: context) { batch in
            BatchLoss(model, loss, on: batch)
        } makeWalk: { landscape in
            NullSpaceWalk(
                on: landscape, in: shared ?? InputNullSpaces(tau: tau, over: landscape.batch.shard),
                place: derivative.place(on:))
        }
    }

    /// The null spaces of the inputs over all samples. The activations of these stay what they are while the weights move,
    /// so that the null spaces serve a whole teleport.
    private func nullSpaces(
        of model: some Layer, _ loss: some Loss, over samples: (any Sequence<Batch>)?
    ) -> InputNullSpaces {
        guard let samples else {
            fatalError(
                "NullSpaceTeleporter: the scope of a data set needs all samples; give them to the TeleportContext")
        }
        return InputNullSpaces(
            tau: tau, covariances: InputCovariance.ofMovableWeights(of: model, loss, over: samples))
    }
}

extension NullSpaceTeleporter: TextualTeleporter {
    package static let methodName = "null-space"
    package static var standard: NullSpaceTeleporter { NullSpaceTeleporter() }
    package static let settings: [Setting<NullSpaceTeleporter>] =
        Climb.settings.map { $0.within(\.climb) } + [
            Setting(
                "tau", \.tau, positiveUpTo: 1,
                "The share of the inputs' energy that stays untouched; below 1 the loss drifts"),
            Setting("scope", \.scope, "Hold the loss on the teleport batch, or on the whole training set"),
            Setting("derivative", \.derivative, derivativeHelp),
        ]

    /// The method and the settings that are not the standard ones, as `null-space:tau=0.99`.
    public var description: String { text }
}

extension NullSpaceTeleporter.Derivative {
    /// A place on a walk whose directions are computed so.
    func place(on walk: NullSpaceWalk) -> any Place {
        switch self {
        case .closedForm: ClosedFormPlace(on: walk)
        case .doubleBackward: DoubleBackwardPlace(on: walk)
        }
    }
}
