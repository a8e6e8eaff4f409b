import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// Symmetry teleportation of perceptrons (ST22 Algorithms 1 and 2, PS24 appendix D.1).
///
/// Between each two consecutive layers a group GL(k) acts on the weights without a change of what comes out, see
/// `GroupAction`. Each step takes the gradient of `1/2 ||grad L||^2` with respect to an element T of each pair's Lie algebra
/// at T = 0, moves all T along it, and applies the group elements that they stand for, so that the gradient grows.
///
/// ```swift
/// let teleporter = SymmetryTeleporter()
/// try teleporter.check(model, before: optimizer)
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
///
/// It moves an `MLP`, or a `Sequential` made like one. What the samples of a batch leave undetermined stays as it is.
public struct SymmetryTeleporter: ClimbingTeleporter {
    /// How the group acts.
    public var action: GroupAction
    /// The group element that T stands for.
    public var element: GroupElement
    /// What is climbed, and how: T is eta times the gradient of the objective. The published experiments ascend
    /// `||grad L||^2`: their learning rate is half of this eta. The first-order element moves the loss by design and needs a
    /// larger tolerance.
    public var climb: Climb
    /// How the direction is computed, and what of the published conventions is kept.
    public var derivative: Derivative

    /// Two ways to take a step.
    public enum Derivative: String, CaseIterable, Sendable {
        /// One Hessian-vector product for all pairs, without a tape, pulled back to T as a factored matrix. The pairs act
        /// one after the other from the first layer up, each with the inputs that the pair below leaves it.
        case closedForm = "closed-form"
        /// Autograd through the transformed weights, with the conventions of the published experiments: weights are replaced
        /// where a layer's input does not span its space, and all pairs of a step read the inputs from before it, which for
        /// the exact action costs the invariance of the loss. It reproduces published numbers, and is slow.
        case published
    }

    /// A teleporter that climbs as is told; ST22 takes ten steps.
    public init(
        _ climb: Climb = Climb(), action: GroupAction = .exact, element: GroupElement = .exponential,
        derivative: Derivative = .closedForm
    ) {
        self.climb = climb
        self.action = action
        self.element = element
        self.derivative = derivative
    }

    /// Group elements act on weights; the published derivative keeps none.
    public var carriesVelocities: Bool { derivative == .closedForm }

    /// Checks that the model can be moved by the teleporter's action; see `Teleporter`.
    ///
    /// - Throws: `SymmetryRefusal` if it is no perceptron, if the exact action would have to invert an activation that is no
    ///   bijection, or if the published derivative is to climb another objective than the gradient norm; and what
    ///   `Climb.check(_:before:onOrbit:)` throws.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try climb.check(model, before: optimizer, onOrbit: true)
        if derivative == .published && !(climb.objective is GradientNorm) { throw SymmetryRefusal.publishedObjective }
        _ = try perceptron(model)
    }

    private func perceptron(_ model: some Layer) throws(SymmetryRefusal) -> Perceptron {
        action == .exact ? try Perceptron(bijective: model) : try Perceptron(model)
    }

    /// Begins a teleport; see `Teleporter`. Traps on a model that `check` refuses. Reports have no free dimensions.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        let perceptron = trapping { () throws(SymmetryRefusal) in try self.perceptron(model) }
        return ClimbingTeleport(climb, in: context) { batch in
            BatchLoss(model, loss, on: batch)
        } makeWalk: { landscape in
            switch derivative {
            case .closedForm: SymmetryWalk(on: landscape, perceptron, action: action, element: element)
            case .published: PublishedSymmetryWalk(on: landscape, perceptron, action: action, element: element)
            }
        }
    }
}

extension SymmetryTeleporter: TextualTeleporter {
    package static let methodName = "symmetry"
    package static var standard: SymmetryTeleporter { SymmetryTeleporter() }
    package static let settings: [Setting<SymmetryTeleporter>] =
        (Climb.settings + Climb.orbitSettings).map { $0.within(\.climb) } + [
            Setting("derivative", \.derivative, derivativeHelp),
            Setting("group-action", \.action, "How the group acts; exact needs leaky-relu, tanh or sigmoid"),
            Setting("group-element", \.element, "The group elements; the first-order ones of the papers drift"),
        ]

    /// The method and the settings that are not the standard ones, as `symmetry:group-action=approximate`.
    public var description: String { text }
}
