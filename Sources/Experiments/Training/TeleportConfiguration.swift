import NeuralNetworks
import Teleportation
import Torch

/// When and how a training is interrupted by teleports.
package struct TeleportConfiguration: Sendable {
    /// The way to teleport.
    package var method: TeleportMethod
    /// How the group of symmetry teleportation acts.
    package var groupAction: GroupAction
    /// The group elements of symmetry teleportation.
    package var groupElement: GroupElement
    /// What is climbed.
    package var objective: ObjectiveOption
    /// Whether it is raised or lowered.
    package var sense: Climb.Sense
    /// What becomes of steps that go too far; nil for the method's own default.
    package var search: Search?
    /// What a fixed step size multiplies on the level set.
    package var scaling: LevelSetTeleporter.Scaling
    /// What a random teleport does to hidden units.
    package var hiddenUnits: HiddenUnitsOption
    /// When teleports take place, and on how many samples.
    package var schedule: TeleportSchedule
    /// The steps on each batch; t in NS25 Algorithm 1.
    package var steps: Int
    /// How far a step goes.
    package var stepSize: StepSize
    /// Where the gradient has grown enough.
    package var cap: Cap
    /// The share of the energy of an input that its significant space holds; NS25 eq. 3.
    package var tau: Double
    /// The samples on which the loss is held.
    package var scope: NullSpaceTeleporter.Scope
    /// How the direction is computed.
    package var derivative: DerivativeOption
    /// The training samples drawn anew for each teleport, which it must leave no worse; 0 goes without, as NS25 does. Nil
    /// stands for 256 where moves can be taken back in part, as those in the null space, and 0 elsewhere.
    package var controlSamples: Int?
    /// The training steps for which the teleports before an epoch are on trial; see `TeleportTrial`. 0 goes without a trial.
    package var trialSteps: Int
    /// How much the loss of a teleport batch may change, relative to the loss.
    package var tolerance: Double
    /// What becomes of the optimizer's state.
    package var optimizerState: OptimizerStatePolicy

    /// What becomes of moments and the like, which belong to the parameters before a teleport (PS24 appendix F.1).
    package enum OptimizerStatePolicy: String, CaseIterable, Sendable {
        /// The optimizer goes on with it.
        case keep
        /// The optimizer starts anew.
        case reset
    }

    /// Teleports; the defaults are those of the command line, with nothing tuned to an architecture or an optimizer.
    package init(
        method: TeleportMethod = .nullSpace, groupAction: GroupAction = .exact,
        groupElement: GroupElement = .exponential, objective: ObjectiveOption = .gradientNorm,
        sense: Climb.Sense = .increase, search: Search? = nil, scaling: LevelSetTeleporter.Scaling = .logarithm,
        hiddenUnits: HiddenUnitsOption = .rescale,
        schedule: TeleportSchedule = TeleportSchedule(), steps: Int = 8,
        stepSize: StepSize = .growth(0.5),
        cap: Cap = .predicted(0.1), tau: Double = 1, scope: NullSpaceTeleporter.Scope = .batch,
        derivative: DerivativeOption = .closedForm, controlSamples: Int? = nil, trialSteps: Int = 64,
        tolerance: Double = 0.01,
        optimizerState: OptimizerStatePolicy = .keep
    ) {
        self.method = method
        self.groupAction = groupAction
        self.groupElement = groupElement
        self.objective = objective
        self.sense = sense
        self.search = search
        self.scaling = scaling
        self.hiddenUnits = hiddenUnits
        self.schedule = schedule
        self.steps = steps
        self.stepSize = stepSize
        self.cap = cap
        self.tau = tau
        self.scope = scope
        self.derivative = derivative
        self.controlSamples = controlSamples
        self.trialSteps = trialSteps
        self.tolerance = tolerance
        self.optimizerState = optimizerState
    }
}

extension TeleportConfiguration {
    /// Checks that the method can move a model.
    ///
    /// - Throws: `SymmetryRefusal` or `RandomTeleporterError`, which say what to use instead.
    package func check(_ model: some Layer) throws { try makeTeleporter(using: Generator(seed: 0)).check(model) }

    /// The teleporter of the method.
    ///
    /// - Parameter generator: What random teleports are drawn from.
    func makeTeleporter(using generator: Generator) -> any Teleporter {
        let objective = self.objective.objective
        return switch method {
        case .nullSpace:
            NullSpaceTeleporter(
                objective: objective, sense: sense, steps: steps, stepSize: stepSize, search: resolvedSearch, cap: cap,
                tau: tau, scope: scope, derivative: derivative == .doubleBackward ? .doubleBackward : .closedForm,
                tolerance: tolerance)
        case .symmetry:
            SymmetryTeleporter(
                action: groupAction, element: groupElement, objective: objective, sense: sense, steps: steps,
                stepSize: stepSize, search: resolvedSearch, cap: cap,
                derivative: derivative == .published ? .published : .closedForm, tolerance: tolerance)
        case .levelSet:
            LevelSetTeleporter(
                objective: objective, sense: sense, steps: steps, stepSize: stepSize, scaling: scaling,
                search: resolvedSearch, cap: cap, tolerance: tolerance)
        case .random:
            RandomTeleporter(
                rescaling: hiddenUnits == .permute ? nil : .logUniform(factor: 2), permutes: hiddenUnits != .rescale,
                using: generator, tolerance: tolerance)
        }
    }

    /// What becomes of steps that go too far.
    package var resolvedSearch: Search { search ?? (method == .levelSet ? .armijo : .overshoot) }

    /// The number of control samples.
    package var controlSampleCount: Int { controlSamples ?? (method == .nullSpace ? 256 : 0) }
}
