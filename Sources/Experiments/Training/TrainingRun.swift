import Datasets
import Foundation
import NeuralNetworks
import Optimizers
import Teleportation
import Torch

/// A training under way, which goes on one step at a time.
///
/// The weights, the order of the batches, the teleport batches and the control samples come from generators of their own, so
/// that runs of one seed start from the same weights and see the same batches whether they teleport or not.
///
/// ```swift
/// let run = try TrainingRun(training, seed: 0, plan: TeleportPlan())
/// while let event = run.next() {
///     if case .epoch(let record) = event { print(record) }
/// }
/// ```
package final class TrainingRun {
    /// What is trained, on what.
    package let training: Training
    /// What weights, order and teleport batches follow from.
    package let seed: Int
    /// The model as it is now.
    package let model: any Layer
    /// What trains it, with its state.
    var optimizer: any Optimizer { session.trainingStep.optimizer }
    /// The epochs and teleports so far.
    package private(set) var record = Run()
    /// The batches of this epoch that are done.
    package private(set) var batchesDone = 0

    private let session: TeleportingSession
    private let order: Generator
    /// Where the order's generator was when the epoch began.
    private var orderState: Tensor
    /// The epoch in progress, from 0.
    private var epoch = 0
    private var batches: BatchSequence.Iterator?
    /// The batch that is next, where it waits for a teleport.
    private var upcoming: Batch?
    /// The loss of the epoch so far, as it is on the way that training is on.
    private var loss: MeanLoss
    /// The batches since the teleports that are on trial, and the loss before them.
    private var onTrial: (start: MeanLoss, counts: [Int])?
    /// What has been computed so far, in gradients of a training batch.
    package private(set) var gradientEvaluations = 0.0
    private var clock = Stopwatch()
    private var teleportClock = Stopwatch()
    private var hasEnded = false

    /// What a step of a run did.
    package enum Event {
        /// The training step on a batch, whose loss before the step is given, rank 0.
        case step(loss: Tensor)
        /// Teleports, one record for each batch.
        case teleports([TeleportRecord])
        /// So many of the steps that teleports are on trial for are done without them, too.
        case retraced(Int, of: Int)
        /// A trial is over.
        case verdict(TeleportTrial.Verdict)
        /// An epoch is over, and the model has been looked at.
        case epoch(EpochRecord)
    }

    /// A run at its beginning.
    ///
    /// - Parameters:
    ///   - training: What is trained, on what.
    ///   - seed: Decides weights, order and teleport batches.
    ///   - plan: How the training is interrupted by teleports; nil for training without.
    /// - Throws: As `TeleportingSession.init`: a method that cannot move the model, an objective that does not go with the
    ///   optimizer, targets that do not go with the loss.
    package init(_ training: Training, seed: Int, plan: TeleportPlan? = nil) throws {
        self.training = training
        self.seed = seed
        model = training.makeModel(seed: seed)
        session = try TeleportingSession(
            training.makeStep(for: model), plan ?? TeleportPlan(schedule: TeleportSchedule(epochs: [])),
            samples: training.trainingSamples, passSize: Evaluation.batchSize(for: training.trainingSamples),
            stepsPerEpoch: training.batchesPerEpoch, seed: Training.seed(.teleports, seed))
        order = Training.generator(.order, seed)
        orderState = order.state
        loss = MeanLoss(device: training.configuration.device)
        share(model.parameters + model.buffers)
    }

    /// Gives all processes the parameters or buffers of rank 0.
    private func share(_ parameters: [Parameter]) {
        guard let group = training.group else { return }
        for parameter in parameters { group.broadcast(parameter.value) }
    }

    /// The epoch in progress, from 1.
    package var currentEpoch: Int { epoch + 1 }

    /// The training steps that are done.
    package var step: Int { session.position.step }

    /// Whether teleports are on trial or were interrupted, so that neither the model nor the records are what they stay.
    package var isOnTrial: Bool { session.isOnTrial || session.isHalfTeleported }

    /// Asked between the steps of teleports, too, which may take long; once true, they end, and the run has no state to go on from.
    package var isInterrupted: () -> Bool {
        get { session.isInterrupted }
        set { session.isInterrupted = newValue }
    }

    /// The time that training has taken so far, teleports included, in seconds.
    package var seconds: Double { clock.seconds }

    /// The mean loss of the epoch so far. Waits for the device.
    package var meanLoss: Double { loss.value }

    /// Ends the way with the teleports that are on trial, if any are: the next steps are those of the way without them.
    package func closeTrial() { session.closeTrial() }

    /// Takes the next step.
    ///
    /// - Returns: What it did; nil at the end of the training, which is also there where a loss stopped being finite.
    package func next() -> Event? { training.withStatistics(takeStep) }

    private func takeStep() -> Event? {
        guard !hasEnded, epoch < training.configuration.epochs else { return nil }
        clock.start()
        defer { clock.stop() }
        if session.needsRetracing { return retrace() }
        if batches == nil { beginEpoch() }
        upcoming = upcoming ?? batches?.next()
        if let batch = upcoming {
            if session.teleportsAreDue {
                session.closeTrial()
                return session.needsRetracing ? retrace() : teleport()
            }
            upcoming = nil
            return step(on: batch)
        }
        session.closeTrial()
        return session.needsRetracing ? retrace() : finishEpoch()
    }

    private func beginEpoch() {
        orderState = order.state
        batches =
            training.trainingSamples.batches(of: training.configuration.batchSize, shuffledBy: order).makeIterator()
        loss = MeanLoss(device: training.configuration.device)
        session.enter(epoch: epoch)
    }

    private func teleport() -> Event {
        teleportClock.start()
        defer { teleportClock.stop() }
        let step = session.position.step
        let records = (session.teleportIfDue() ?? []).enumerated().map {
            TeleportRecord($1, epoch: epoch, step: step, batch: $0)
        }
        record.teleports += records
        // A teleport counts in gradients of its own batches.
        let share =
            Double(min(session.plan.schedule.batchSize, training.trainingSamples.count))
            / Double(training.configuration.batchSize)
        gradientEvaluations += share * records.map(\.gradientEvaluations).reduce(0, +)
        onTrial = session.isOnTrial ? (loss, []) : nil
        return .teleports(records)
    }

    private func step(on batch: Batch) -> Event {
        let batchLoss = session.takeStep(on: batch)
        loss.add(batchLoss, of: batch.count)
        onTrial?.counts.append(batch.count)
        batchesDone += 1
        gradientEvaluations += 1
        return .step(loss: batchLoss)
    }

    /// Takes a step of the way without the teleports: the price of the trial.
    private func retrace() -> Event {
        teleportClock.start()
        defer { teleportClock.stop() }
        let before = session.retraced
        // At the end of a trial that was looked at just before, there is no step left to take.
        if before.done < before.count { gradientEvaluations += 1 }
        guard let verdict = session.retrace() else {
            let (done, count) = session.retraced
            return .retraced(done, of: count)
        }
        if let objection = verdict.objection, let (start, counts) = onTrial {
            loss = start
            for (value, count) in zip(verdict.losses, counts) { loss.add(value, of: count) }
            let step = record.teleports.last?.step
            for index in record.teleports.indices
            where record.teleports[index].step == step && record.teleports[index].hasMoved {
                record.teleports[index].report.restored = objection
            }
        }
        onTrial = nil
        if session.teleportsHaveEnded { record.teleportsEndedAtStep = session.position.step }
        return .verdict(verdict)
    }

    private func finishEpoch() -> Event {
        let trainLoss = meanLoss
        // Looking at the model is no part of training it.
        clock.stop()
        let loss = session.trainingStep.loss
        // Each process has the statistics of its own samples; the model that is looked at and saved has those of rank 0.
        share(model.buffers)
        let evaluation = Evaluation(of: model, loss, on: training.testSamples)
        let result = EpochRecord(
            epoch: epoch + 1, trainLoss: trainLoss, testLoss: evaluation.loss, testAccuracy: evaluation.accuracy,
            testPerplexity: training.isLanguageModel ? Foundation.exp(evaluation.loss) : nil,
            gradientNormSquared: Evaluation.gradientNormSquared(of: model, loss, on: training.trainingSamples),
            seconds: clock.seconds, teleportSeconds: teleportClock.seconds,
            gradientEvaluations: gradientEvaluations)
        record.epochs.append(result)
        orderState = order.state
        batchesDone = 0
        // The training loss is that before each step: of a last step too far, only the test loss tells.
        hasEnded = !(trainLoss.isFinite && evaluation.loss.isFinite)
        epoch += 1
        batches = nil
        return .epoch(result)
    }
}

extension Training {
    /// Trains from random weights.
    ///
    /// - Parameters:
    ///   - seed: Decides weights, order and teleport batches.
    ///   - plan: How the training is interrupted by teleports; nil for training without.
    ///   - isCancelled: Asked before each step; once true, the run ends.
    ///   - observe: Is told what each step did.
    /// - Returns: The epochs that were finished, all of them unless the run was cancelled or the loss stopped being finite.
    /// - Throws: As `TrainingRun.init`.
    package func run(
        seed: Int, plan: TeleportPlan? = nil, isCancelled: () -> Bool = { false },
        observe: (TrainingRun.Event, TrainingRun) -> Void = { _, _ in }
    ) throws -> Run {
        try withoutActuallyEscaping(isCancelled) { isCancelled in
            let run = try TrainingRun(self, seed: seed, plan: plan)
            run.isInterrupted = isCancelled
            defer { run.isInterrupted = { false } }
            while !isCancelled(), let event = run.next() { observe(event, run) }
            return run.record
        }
    }
}

// MARK: Going on later

extension TrainingRun {
    /// All that the run is at this moment; nil while teleports are on trial, when a model is neither here nor there. A run
    /// that goes on from it is the same to the last bit.
    package var state: TrainingState? {
        guard let sessionState = session.state else { return nil }
        let optimizer = session.trainingStep.optimizer
        let entries = optimizer.state(of: session.trainingStep.parameters).entries
        var tensors: [String: Tensor] = [
            "order": orderState, "loss": loss.sum.clone(),
        ]
        for parameter in model.parameters + model.buffers {
            tensors["model.\(parameter.name)"] = parameter.value.clone()
        }
        for (parameter, entry) in zip(model.parameters, entries) {
            for (name, tensor) in entry.tensors { tensors["optimizer.\(parameter.name).\(name)"] = tensor }
        }
        for (index, generator) in model.generators.enumerated() { tensors["generators.\(index)"] = generator.state }
        for (name, generator) in sessionState.generators { tensors["session.\(name)"] = generator }
        return TrainingState(
            progress: TrainingState.Progress(
                seed: seed, epoch: epoch, batchesDone: batchesDone, isWithinEpoch: batches != nil,
                samplesDone: loss.count, optimizer: training.configuration.optimizer.name.rawValue,
                learningRate: optimizer.learningRate, optimizerSteps: entries.map(\.stepCount),
                position: sessionState.position, hasTeleported: sessionState.hasTeleported,
                lostTrials: sessionState.lostTrials, record: record,
                seconds: clock.seconds, teleportSeconds: teleportClock.seconds,
                gradientEvaluations: gradientEvaluations),
            tensors: tensors)
    }

    /// A run that goes on from where another one of the same training and plan was.
    ///
    /// - Throws: `TrainingStateError`, `OptimizerStateError` or `SessionStateError` where the state is not that of such a run,
    ///   and as `init(_:seed:plan:)`.
    package convenience init(_ training: Training, from state: TrainingState, plan: TeleportPlan? = nil) throws {
        let progress = state.progress
        try progress.check(training)
        try self.init(training, seed: progress.seed, plan: plan)
        for parameter in model.parameters + model.buffers {
            parameter.value.copy(from: try state.tensor("model.\(parameter.name)", like: parameter.value))
        }
        for (index, generator) in model.generators.enumerated() {
            try state.restore(generator, from: "generators.\(index)")
        }
        let optimizer = session.trainingStep.optimizer
        optimizer.learningRate = progress.learningRate
        try optimizer.restore(
            try state.optimizerState(of: model.parameters), for: session.trainingStep.parameters)
        try session.restore(
            TeleportingSession.State(
                position: progress.position, hasTeleported: progress.hasTeleported, lostTrials: progress.lostTrials,
                generators: state.tensors(under: "session.")))
        record = progress.record
        epoch = progress.epoch
        hasEnded = record.epochs.last.map { !($0.trainLoss.isFinite && $0.testLoss.isFinite) } ?? false
        try state.restore(order, from: "order")
        orderState = order.state
        if progress.isWithinEpoch {
            beginEpoch()
            batches?.skip(progress.batchesDone)
            batchesDone = progress.batchesDone
            loss = MeanLoss(sum: try state.tensor("loss", like: loss.sum).clone(), count: progress.samplesDone)
        }
        gradientEvaluations = progress.gradientEvaluations
        clock = Stopwatch(seconds: progress.seconds)
        teleportClock = Stopwatch(seconds: progress.teleportSeconds)
    }
}
