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
    /// The training samples drawn anew for each teleport, which it must leave no worse; see `ControlledTeleporter`. 0 goes
    /// without, as NS25 does. Nil stands for 256 where moves can be taken back in part, as those in the null space, and for
    /// 0 elsewhere.
    public var controlSamples: Int?
    /// The training steps for which teleports are on trial; see `TeleportTrial`. 0 goes without a trial. The end of an epoch that
    /// settles, and the next teleports, cut a trial short.
    public var trialSteps: Int
    /// What becomes of the optimizer's state.
    public var optimizerState: OptimizerStatePolicy

    /// What becomes of moments and the like, which belong to the parameters before a teleport (PS24 appendix F.1).
    public enum OptimizerStatePolicy: String, CaseIterable, Sendable {
        /// The optimizer goes on with it.
        case keep
        /// The optimizer starts anew where the parameters moved. Caps and control samples look through the new state.
        case reset
    }

    /// A plan; the defaults have nothing tuned to an architecture or an optimizer.
    public init(
        _ teleporter: some Teleporter = NullSpaceTeleporter(), schedule: TeleportSchedule = TeleportSchedule(),
        controlSamples: Int? = nil, trialSteps: Int = 64, optimizerState: OptimizerStatePolicy = .keep
    ) {
        self.teleporter = teleporter
        self.schedule = schedule
        self.controlSamples = controlSamples
        self.trialSteps = trialSteps
        self.optimizerState = optimizerState
    }

    /// The number of control samples.
    package var controlSampleCount: Int { controlSamples ?? (teleporter.hasDivisibleMoves ? 256 : 0) }

    /// Traps where a number is none to go by.
    func requireSense() {
        let period = if case .every(let period) = schedule.moments { period } else { 1 }
        require(
            schedule.batchCount >= 0 && schedule.batchSize >= 1 && schedule.warmUpSteps >= 0 && period >= 1,
            "TeleportPlan: \(schedule.batchCount) batches of \(schedule.batchSize) samples, \(schedule.moments), after "
                + "\(schedule.warmUpSteps) steps")
        require(
            trialSteps >= 0 && controlSampleCount >= 0,
            "TeleportPlan: \(trialSteps) steps of trial, \(controlSampleCount) control samples")
    }
}
