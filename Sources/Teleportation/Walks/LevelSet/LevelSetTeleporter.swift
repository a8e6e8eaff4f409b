import NeuralNetworks
import Optimizers
import TextForms
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
public struct LevelSetTeleporter: ClimbingTeleporter {
    /// What is climbed, and how. The growth that a step size names leaves the way back out of account; rho is the size of fixed
    /// steps.
    ///
    /// A line search by Armijo's rule is held against the merit `1/2 log ||g||^2 - gamma |L - L0|`, with a penalty gamma of
    /// `2 |g^T H g| / ||g||^4`, twice the multiplier of the linearized constraint, the greatest so far on the batch: any above
    /// the multiplier makes the step one that leads up, from wherever the loss has drifted to.
    public var climb: Climb
    /// What a fixed step size multiplies. The step of a given growth is the same for all.
    public var scaling: Scaling

    /// The direction that a fixed step size multiplies, before the part along g is taken away.
    public enum Scaling: String, CaseIterable, Sendable {
        /// `H g / ||g||^2`, the gradient of `1/2 log ||g||^2`, as in LS24: rho has no unit of the loss.
        case logarithm
        /// `H g`, the gradient of `1/2 ||g||^2`.
        case squaredNorm = "squared-norm"
        /// `H g` over the length of its part along the level set: rho is the distance that a step goes there.
        case unit
    }

    /// A teleporter that climbs as is told; by default by Armijo's rule, as in LS24.
    public init(_ climb: Climb = Climb(search: .armijo), scaling: Scaling = .logarithm) {
        self.climb = climb
        self.scaling = scaling
    }

    /// Checks that the settings go together; see `Teleporter`. Any model can be moved.
    ///
    /// - Throws: `SettingRefusal` if there is no fixed step size for the scaling to multiply, and what
    ///   `Climb.check(_:before:onOrbit:)` throws.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try climb.check(model, before: optimizer)
        if case .fixed = climb.stepSize { return }
        guard scaling == Self.standard.scaling else {
            throw SettingRefusal(
                "step-scaling", scaling.rawValue,
                remedy:
                    "it multiplies a fixed step size, and the step size is \(climb.stepSize): leave it out, or give one "
                    + "such as fixed:0.1")
        }
    }

    /// By the gradient of the loss of all samples.
    public var movesOnShards: Bool { !climb.objective.needsWholeBatch }

    /// Begins a teleport; see `Teleporter`.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        ClimbingTeleport(climb, in: context) { batch in
            BatchLoss(model, loss, on: batch)
        } makeWalk: { landscape in
            LevelSetWalk(on: landscape, scaled: scaling.eta(fixed:of:))
        }
    }
}

extension LevelSetTeleporter.Scaling {
    /// What a step of a fixed size multiplies u by, the part of the objective's gradient along the level set.
    func eta(fixed size: Double, of step: LevelSetStep) -> Double {
        switch self {
        case .squaredNorm: size
        case .logarithm: size / step.squaredNorm
        case .unit: size / step.squaredTangent.squareRoot()
        }
    }
}

extension LevelSetTeleporter: TextualTeleporter {
    package static let methodName = "level-set"
    package static var standard: LevelSetTeleporter { LevelSetTeleporter() }
    package static let settings: [Setting<LevelSetTeleporter>] =
        Climb.settings.map { $0.within(\.climb) } + [
            Setting("step-scaling", \.scaling, "What a fixed step size multiplies")
        ]

    /// The method and the settings that are not the standard ones, as `level-set:step-scaling=unit`.
    public var description: String { text }
}
