import NeuralNetworks
import Optimizers
import Torch

/// How a training is interrupted by teleports: by which method, when, and under which guards.
///
/// ```swift
/// var plan = TeleportPlan(NullSpaceTeleporter(tau: 0.99), schedule: TeleportSchedule(.every(200)))
/// plan.trialSteps = 32
/// ```
public struct TeleportPlan {
    /// What moves the parameters.
    public var teleporter: any Teleporter
    /// When teleports take place, and on how many samples.
    public var schedule: TeleportSchedule
    /// The training samples drawn anew for each teleport, which it must not leave clearly worse; see `ControlledTeleporter`. 0 goes
    /// without, as NS25 does. Nil stands for twice the samples of a teleport batch where moves can be taken back in part, as those in
    /// the null space and of gauges, so that a look takes two thirds of a gradient; and for 0 elsewhere.
    public var controlSamples: Int?
    /// The training steps for which teleports are on trial; see `TeleportTrial`. 0 goes without a trial. The end of an epoch that
    /// settles, and the next teleports, cut a trial short. Nil stands for an eighth of the steps between teleports, where the
    /// schedule has them closest, at least 16 and at most 64: a trial takes each of them twice, and is to be a small part of the
    /// training, but fewer than 16 say too little.
    public var trialSteps: Int?
    /// The share of the loss of the first teleport batches, four at most, that three steps of the optimizer may take by themselves: what
    /// `L(w + 3 d)` is less than `L(w)`, with its step d from the gradient of the batch, where it is. Where they take more, training gets
    /// on without teleports, and none are made, until the next that are due. 1 always teleports, and so does a plan without trials.
    public var largestOwnProgress: Double
    /// The trials clearly lost in a row after which no more teleports are made, 0 for no end. Clearly is by more than twice the
    /// standard error of what the batches say. A teleport that training
    /// lost by is seldom followed by one that it gains by, and each costs its steps and its trial.
    public var patience: Int
    /// What becomes of the optimizer's state.
    public var optimizerState: OptimizerStatePolicy

    /// What becomes of moments and the like, which belong to the parameters before a teleport (PS24 appendix F.1).
    public enum OptimizerStatePolicy: String, CaseIterable, Sendable {
        /// The optimizer goes on with it.
        case keep
        /// The velocity of momentum moves as the parameters do: by the derivative of the teleport (`Teleport.carried(_:)`).
        case teleport
        /// The optimizer starts anew where the parameters moved. Caps and control samples look through the new state.
        case reset
    }

    /// A plan; the defaults have nothing tuned to an architecture or an optimizer.
    public init(
        _ teleporter: any Teleporter = NullSpaceTeleporter(), schedule: TeleportSchedule = TeleportSchedule(),
        controlSamples: Int? = nil, trialSteps: Int? = nil, largestOwnProgress: Double = 0.1, patience: Int = 1,
        optimizerState: OptimizerStatePolicy = .keep
    ) {
        self.teleporter = teleporter
        self.schedule = schedule
        self.controlSamples = controlSamples
        self.trialSteps = trialSteps
        self.largestOwnProgress = largestOwnProgress
        self.patience = patience
        self.optimizerState = optimizerState
    }

    /// Whether the progress of the optimizer decides about teleports.
    var looksAtOwnProgress: Bool { hasTrials && largestOwnProgress < 1 }

    /// Whether teleports are on trial.
    package var hasTrials: Bool { trialSteps != 0 }

    /// The training steps for which teleports are on trial in a training of so many steps an epoch, at least one.
    package func trialStepCount(stepsPerEpoch: Int) -> Int {
        trialSteps
            ?? min(max(schedule.shortestInterval(stepsPerEpoch: stepsPerEpoch) / 8, TeleportTrial.fewestSteps), 64)
    }

    /// The number of control samples.
    package var controlSampleCount: Int {
        // Of a batch of all there are, twice as many would be no number.
        controlSamples ?? (teleporter.hasDivisibleMoves ? 2 * min(schedule.batchSize, .max / 2) : 0)
    }

    /// Checks that the plan can be followed with a model.
    ///
    /// - Throws: `SettingRefusal` where a number is none to go by; `TeleportPlanRefusal` where a sample would be run alone by a model
    ///   in which samples see each other.
    func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        if optimizerState == .teleport {
            guard teleporter.carriesVelocities else { throw TeleportPlanRefusal.velocityStays }
            guard optimizer is Momentum else {
                throw TeleportPlanRefusal.noVelocity(optimizer: "\(type(of: optimizer))")
            }
        }
        let none = "give 0 or more"
        let some = "give 1 or more"
        if let trialSteps {
            try SettingRefusal.check("trial-steps", trialSteps >= 0, "\(trialSteps)", remedy: none)
        }
        if let controlSamples {
            try SettingRefusal.check("control-samples", controlSamples >= 0, "\(controlSamples)", remedy: none)
        }
        try SettingRefusal.check("patience", patience >= 0, "\(patience)", remedy: none)
        try SettingRefusal.check(
            "own-progress", (0...1).contains(largestOwnProgress), "\(largestOwnProgress)",
            remedy: "give a share of the loss from 0 to 1")
        try SettingRefusal.check("warm-up-steps", schedule.warmUpSteps >= 0, "\(schedule.warmUpSteps)", remedy: none)
        let (batches, size) = (schedule.batchCount ?? 1, schedule.batchSize)
        try SettingRefusal.check("teleport-batches", batches >= 1, "\(batches)", remedy: some)
        try SettingRefusal.check("teleport-batch-size", size >= 1, "\(size)", remedy: some)
        let makesSense =
            switch schedule.moments {
            case .auto: true
            case .epochs(let numbers), .steps(let numbers): numbers.allSatisfy { $0 >= 0 }
            case .every(let period): period >= 1
            }
        try SettingRefusal.check(
            "schedule", makesSense, "\(schedule.moments)",
            remedy: "epochs and steps are counted from 0, and a period is 1 or more")
        guard model.couplesSamples else { return }
        if schedule.batchSize == 1 { throw TeleportPlanRefusal.loneTeleportSample(model: "\(type(of: model))") }
        if controlSampleCount == 1 { throw TeleportPlanRefusal.loneControlSample(model: "\(type(of: model))") }
    }
}

/// Why a plan does not go with a model or an optimizer, by the name of its type. What becomes of a sample may depend on the others of
/// its batch, as with batch normalization, and the plan have a sample without others; or the plan teleports a velocity that is not there.
public enum TeleportPlanRefusal: Error, Hashable, CustomStringConvertible {
    /// Teleport batches of one sample.
    case loneTeleportSample(model: String)
    /// One control sample.
    case loneControlSample(model: String)
    /// A velocity that is to be teleported by a method that leaves it as it is.
    case velocityStays
    /// An optimizer without a velocity that could be teleported.
    case noVelocity(optimizer: String)

    /// A sentence for people, which says what to give instead.
    public var description: String {
        switch self {
        case .loneTeleportSample(let model):
            Self.sentence("a teleport batch of 1 sample", model, "batches of at least 2")
        case .velocityStays:
            "optimizer state: teleport is for methods that act on the weights by a group, as symmetry and gauge; what is only added to "
                + "weights leaves a velocity as it is: give keep"
        case .noVelocity(let optimizer):
            "optimizer state: teleport moves the velocity of momentum, and \(optimizer) has none: give keep or reset, or the optimizer "
                + "momentum"
        case .loneControlSample(let model): Self.sentence("1 control sample", model, "at least 2, or 0 to go without")
        }
    }

    private static func sentence(_ given: String, _ model: String, _ remedy: String) -> String {
        "\(given) has no others beside it, on which what it becomes in \(model) depends, as with batch normalization: give "
            + remedy
    }
}
