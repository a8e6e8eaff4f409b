import NeuralNetworks
import Optimizers
import Torch

/// A training with teleports, in whatever loop it runs: one call for each training step.
///
/// Before the steps that the plan's schedule names, the session teleports the model on batches that it draws from the training
/// samples, under the plan's guards. While the teleports are on trial, training goes on with them; after the last step of the
/// trial the session takes the same steps without them, and stays on the better way.
///
/// ```swift
/// let step = TrainingStep(model, CrossEntropy(), optimizer)
/// let session = try TeleportingSession(step, TeleportPlan(), samples: samples)
/// for epoch in 0..<10 {
///     for batch in samples.batches(of: 32, shuffledBy: generator) { session.step(on: batch, inEpoch: epoch) }
///     session.settle()  // before anybody looks at the model
/// }
/// ```
public final class TeleportingSession {
    /// How the training is interrupted, with epochs in the place of `TeleportSchedule.Moments.auto`.
    public let plan: TeleportPlan
    /// What trains the model.
    public let trainingStep: TrainingStep
    /// Asked between the steps of teleports; once true, teleports end with what they have done, and there is no state to go on from
    /// any more.
    public var isInterrupted: () -> Bool = { false }
    /// Whether teleports were interrupted.
    package private(set) var isHalfTeleported = false
    /// Where the training is.
    public private(set) var position = TeleportSchedule.Position()

    private let samples: any SampleSource
    private let passSize: Int
    private let trialSteps: Int
    /// What the teleport batches, and random moves, are drawn from.
    private let generator: Generator
    /// What the control samples are drawn from: runs with and without them see the same teleport batches.
    private let controlGenerator: Generator
    /// Whether the teleport that is due at this position is done.
    private var hasTeleported = false
    /// The trials clearly lost in a row.
    private var lostTrials = 0
    /// The trial that the last teleports are on.
    private var trial: TeleportTrial?
    /// Where the trial is.
    private var trialPhase = TrialPhase.onTheWay

    private enum TrialPhase {
        /// On the way with the teleports.
        case onTheWay
        /// At a look at both ways, after which it may go on.
        case look
        /// At the end of the way with the teleports.
        case end
    }

    /// A session at the beginning of a training.
    ///
    /// - Parameters:
    ///   - trainingStep: What trains the model.
    ///   - plan: How the training is interrupted.
    ///   - samples: The training samples, from which teleport batches and control samples are drawn.
    ///   - passSize: How many samples are run at once where all of them are, as for the scope of a data set.
    ///   - stepsPerEpoch: The training steps of an epoch, at least one, by which moments and the length of trials go that the plan
    ///     leaves open. Nil stands for those of batches as large as the plan's teleport batches.
    ///   - seed: Decides what is drawn.
    /// - Throws: What `Teleporter.check(_:before:)` of the plan's teleporter throws; `SettingRefusal` where a
    ///   number of the plan is none to go by; `TeleportPlanRefusal` where the plan does not go with the model; `LossError` where the targets do not go with the loss: all of them where they are at
    ///   hand (`SampleSource.targets`), else those of the first samples.
    public init(
        _ trainingStep: TrainingStep, _ plan: TeleportPlan, samples: some SampleSource, passSize: Int = 256,
        stepsPerEpoch: Int? = nil, seed: UInt64 = 0
    ) throws {
        try plan.teleporter.check(trainingStep.model, before: trainingStep.optimizer)
        try plan.check(trainingStep.model, before: trainingStep.optimizer)
        require(
            samples.count > 0 && passSize >= 1 && stepsPerEpoch ?? 1 >= 1,
            "TeleportingSession: \(samples.count) samples, \(passSize) of them at once, \(stepsPerEpoch ?? 1) steps an epoch"
        )
        let first = samples.whole.batch(.range(min(samples.count, 8)))
        let outputs = withMode(.evaluation) { trainingStep.model(first.inputs) }
        try trainingStep.loss.check(outputs: outputs, targets: first.targets)
        if let targets = samples.targets {
            try trainingStep.loss.check(allTargets: targets, by: outputs, of: first.count)
        }
        let stepsPerEpoch = stepsPerEpoch ?? samples.batchCount(of: plan.schedule.batchSize)
        var settled = plan
        settled.schedule = plan.schedule.settled(stepsPerEpoch: stepsPerEpoch)
        self.trainingStep = trainingStep
        self.plan = settled
        self.samples = samples
        self.passSize = passSize
        trialSteps = settled.trialStepCount(stepsPerEpoch: stepsPerEpoch)
        generator = Generator(seed: seed)
        // Within 32 bits, which are all that libtorch takes of a seed.
        controlGenerator = Generator(seed: seed &+ 1_000_000_000)
    }

    /// What one call of `step(on:inEpoch:)` did.
    public struct Outcome {
        /// The loss of the batch before the training step, rank 0.
        public let loss: Tensor
        /// What the teleports before the step did, one report for each batch; empty where none were due.
        public let teleports: [TeleportReport]
        /// How the trial ended that ended with this call; nil if none did.
        public let verdict: TeleportTrial.Verdict?
    }

    /// Teleports if teleports are due, and takes a training step.
    ///
    /// - Parameters:
    ///   - batch: What to train on.
    ///   - epoch: The epoch that the batch belongs to, from 0, and none before that of the last batch.
    @discardableResult
    public func step(on batch: Batch, inEpoch epoch: Int) -> Outcome {
        enter(epoch: epoch)
        // Before new teleports those on trial are judged by the steps so far.
        var verdict = teleportsAreDue ? settle() : nil
        let teleports = teleportIfDue() ?? []
        let loss = takeStep(on: batch)
        verdict = catchUp() ?? verdict
        return Outcome(loss: loss, teleports: teleports, verdict: verdict)
    }

    /// Ends the trial that teleports are on, if they are on one: from here on the model is what it stays. To be called before
    /// the model is looked at, or saved.
    @discardableResult
    public func settle() -> TeleportTrial.Verdict? {
        closeTrial()
        return catchUp()
    }

    /// Takes all steps of the way without the teleports that are due.
    private func catchUp() -> TeleportTrial.Verdict? {
        while needsRetracing {
            if let verdict = retrace() { return verdict }
        }
        return nil
    }

    // MARK: One step of either way at a time

    /// Notes which epoch the next training step belongs to.
    package func enter(epoch: Int) {
        require(
            epoch >= position.epoch,
            "TeleportingSession: a step in epoch \(epoch) after epoch \(position.epoch); epochs are counted from 0 and do not go "
                + "back, and another training takes another session")
        guard epoch != position.epoch else { return }
        position.epoch = epoch
        position.stepOfEpoch = 0
    }

    /// Whether teleports are to take place before the next training step.
    package var teleportsAreDue: Bool { !hasTeleported && !teleportsHaveEnded && plan.schedule.isDue(at: position) }

    /// Whether no more teleports are made, since the plan's patience is at its end.
    public var teleportsHaveEnded: Bool { plan.patience > 0 && lostTrials >= plan.patience }

    /// Teleports if teleports are due.
    ///
    /// - Returns: A report for each batch; nil if none are due.
    package func teleportIfDue() -> [TeleportReport]? {
        guard teleportsAreDue else { return nil }
        require(trial == nil, "TeleportingSession: teleports while others are on trial")
        hasTeleported = true
        return teleport()
    }

    /// Takes a training step, with the teleports if these are on trial.
    package func takeStep(on batch: Batch) -> Tensor {
        hasTeleported = false
        position.step += 1
        position.stepOfEpoch += 1
        guard var trial else { return trainingStep(on: batch) }
        // A step of the user's own may ask the session where it is.
        let loss = trial.advance(on: batch) { trainingStep(on: $0) }
        self.trial = trial
        trialPhase =
            trial.stepCount >= trialSteps ? .end : TeleportTrial.isLook(after: trial.stepCount) ? .look : .onTheWay
        return loss
    }

    /// Ends the way with the teleports, if they are on trial.
    package func closeTrial() {
        guard let trial else { return }
        // Without a step there is nothing to judge them by.
        if trial.stepCount == 0 { self.trial = nil } else { trialPhase = .end }
    }

    /// Whether teleports are on trial, so that the model is not yet what it stays; `settle()` ends that.
    public var isOnTrial: Bool { trial != nil }

    /// Whether the next step to take is one of the way without the teleports.
    package var needsRetracing: Bool { trial != nil && trialPhase != .onTheWay }

    /// How many steps of the way without the teleports are done, and how many there are.
    package var retraced: (done: Int, count: Int) { (trial?.retracedCount ?? 0, trial?.stepCount ?? 0) }

    /// Takes the next step of the way without the teleports.
    ///
    /// - Returns: The verdict, after the last of them; nil also where a look decides nothing, and the way with the teleports goes on.
    package func retrace() -> TeleportTrial.Verdict? {
        guard var trial else { return nil }
        let verdict = trial.retrace(isLast: trialPhase == .end) { trainingStep(on: $0) }
        self.trial = trial
        if trial.retracedCount == trial.stepCount { trialPhase = .onTheWay }
        if let verdict {
            self.trial = nil
            // One that was lost by chance says too little to end all teleports.
            if verdict.keepsTeleports { lostTrials = 0 } else if verdict.isLostClearly { lostTrials += 1 }
        }
        return verdict
    }

    /// Teleports, unless the optimizer gets on by itself.
    private func teleport() -> [TeleportReport] {
        let (model, loss, optimizer) = (trainingStep.model, trainingStep.loss, trainingStep.optimizer)
        let controlCount = min(plan.controlSampleCount, samples.count)
        let control = controlCount > 0 ? samples.randomBatch(of: controlCount, using: controlGenerator) : nil
        var teleporter: any Teleporter =
            control.map { ControlledTeleporter(plan.teleporter, by: $0) } ?? plan.teleporter
        if plan.optimizerState == .teleport { teleporter = VelocityTeleporter(teleporter) }
        // Where samples are spread over processes, a method that does not move on its part of them is given all, at each process.
        let ownSamples = teleporter.movesOnShards ? samples : samples.whole
        var drawn = plan.schedule.batches(of: ownSamples, shuffledBy: generator).makeIterator()
        let first = plan.looksAtOwnProgress ? (0..<OwnProgress.mostBatches).compactMap { _ in drawn.next() } : []
        let progress = first.isEmpty ? nil : OwnProgress(of: model, loss, before: optimizer, on: first)
        var reports: [TeleportReport]
        if let progress, progress.share > plan.largestOwnProgress {
            reports = [progress.report]
        } else {
            var looked = first[...]
            reports = teleport(
                by: teleporter, on: AnyIterator { looked.popFirst() ?? drawn.next() }, of: ownSamples)
        }
        if let progress, !reports.isEmpty {
            reports[0].gradientEvaluations += progress.gradientEvaluations
            reports[0].seconds += progress.seconds
        }
        return reports
    }

    /// Teleports on batches, and puts what moved on trial.
    private func teleport(
        by teleporter: any Teleporter, on batches: some Sequence<Batch>, of ownSamples: any SampleSource
    ) -> [TeleportReport] {
        let (model, loss, optimizer) = (trainingStep.model, trainingStep.loss, trainingStep.optimizer)
        let trial = plan.hasTrials ? TeleportTrial(of: model, optimizer) : nil
        // Cap and control samples are to see the steps that will follow.
        let memory =
            plan.optimizerState == .reset ? OptimizerSnapshot(of: optimizer, for: trainingStep.parameters) : nil
        if memory != nil { optimizer.reset(trainingStep.parameters) }
        var context = TeleportContext(
            before: optimizer, samples: ownSamples.batches(of: passSize), generator: generator,
            drawOthers: { [controlGenerator] in
                ownSamples.randomBatch(of: min($0, ownSamples.count), using: controlGenerator)
            })
        context.isInterrupted = isInterrupted
        let reports = teleporter.teleport(model, loss, on: batches, in: context)
        if isInterrupted() { isHalfTeleported = true }
        if reports.contains(where: \.hasMoved) { self.trial = trial } else { memory?.restore() }
        return reports
    }

    // MARK: Going on later

    /// All that a session remembers beside its plan: numbers, and tensors under names, for a file to hold.
    public struct State {
        /// Where the training is.
        public var position: TeleportSchedule.Position
        /// Whether the teleport that is due there is done.
        public var hasTeleported: Bool
        /// The trials clearly lost in a row.
        public var lostTrials: Int
        /// Where the generators are in their sequences, `uint8`.
        public var generators: [String: Tensor]

        /// A state of the given parts.
        public init(
            position: TeleportSchedule.Position, hasTeleported: Bool, lostTrials: Int, generators: [String: Tensor]
        ) {
            self.position = position
            self.hasTeleported = hasTeleported
            self.lostTrials = lostTrials
            self.generators = generators
        }
    }

    /// What the session remembers; nil while teleports are on trial, when a model is neither here nor there: `settle()` ends
    /// that. Nil also after teleports that were interrupted: a run that goes on makes them anew.
    public var state: State? {
        guard trial == nil, !isHalfTeleported else { return nil }
        return State(
            position: position, hasTeleported: hasTeleported, lostTrials: lostTrials,
            generators: ["teleports": generator.state, "control": controlGenerator.state])
    }

    /// Goes on from a state that a session of the same plan had; a trial that is open is forgotten.
    ///
    /// - Throws: `SessionStateError` where no session had the state; this one then stays as it is.
    public func restore(_ state: State) throws(SessionStateError) {
        guard let teleports = state.generators["teleports"], let control = state.generators["control"] else {
            throw SessionStateError(
                "the state of a session has the generators teleports and control, and this one has "
                    + "\(state.generators.keys.sorted()): take the state that a TeleportingSession gave")
        }
        let place = state.position
        guard min(place.epoch, place.stepOfEpoch, place.step, state.lostTrials) >= 0 else {
            throw SessionStateError(
                "the state of a session is at epoch \(place.epoch), step \(place.stepOfEpoch) of it and \(place.step) of the "
                    + "training, with \(state.lostTrials) trials lost, all counted from 0: take the state that a TeleportingSession gave"
            )
        }
        let before = generator.state
        do throws(TorchError) {
            try generator.restore(teleports)
            try controlGenerator.restore(control)
        } catch {
            generator.state = before
            throw SessionStateError("the state of a session has generators, teleports and control: \(error)")
        }
        position = place
        hasTeleported = state.hasTeleported
        lostTrials = state.lostTrials
        trial = nil
        trialPhase = .onTheWay
        isHalfTeleported = false
    }
}

/// A state that no session had.
public struct SessionStateError: Error, Hashable, CustomStringConvertible {
    /// A sentence for people.
    public let description: String

    init(_ description: String) { self.description = description }
}
