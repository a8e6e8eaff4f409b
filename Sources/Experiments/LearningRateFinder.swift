import Datasets
import Foundation
import Reporting
import Teleportation
import Torch

/// A learning-rate range test (Smith, 2017) of the same training without and with teleports, over several seeds.
///
/// The rate grows from step to step, and the loss shows which rates train: see `LearningRateCurve` and `LearningRateRule`. Both arms
/// start from the same weights and see the same batches, and each run makes a model of its own: no model that anybody has is changed.
///
/// With teleports the plan's schedule counts the steps of the test. One teleport before the first step would say little: the method
/// that is the default looks ahead along the optimizer's step, and would look along one of a rate far too small. So teleports
/// should come again and again, each with the rate of its moment, as a training at that rate would have them. That costs what
/// teleports and their trials cost; the record counts it in gradients. A trial that is lost at one rate says nothing of the next, so
/// that the plan's patience and own progress are not heeded; the losses of a trial are those of the way on which the training goes on.
package struct LearningRateFinder {
    /// How the models are trained, with the lowest rate as the learning rate.
    package let training: TrainingConfiguration
    /// How the models of one arm are teleported; nil for one arm alone, without teleports.
    package let plan: TeleportPlan?
    /// The rates to try.
    package let range: LearningRateRange
    /// The share of its value that the smoothed loss keeps at each step.
    package let smoothing: Double
    /// One run of each arm for each of them.
    package let seeds: Seeds
    private let data: Split<any Dataset>
    private let prepared: Training

    /// A search on a data set.
    ///
    /// - Parameters:
    ///   - training: How the models are trained; learning rate and epochs are not heeded.
    ///   - plan: When and how they are teleported; nil, or no moments, for training without teleports alone.
    ///   - range: The rates to try.
    ///   - smoothing: The share of its value that the smoothed loss keeps at each step, at least 0 and below 1.
    ///   - seeds: One run of each arm for each of them.
    ///   - data: The samples, of which the training samples are heeded.
    package init(
        _ training: TrainingConfiguration, plan: TeleportPlan?, range: LearningRateRange,
        smoothing: Double = LearningRateCurve.standardSmoothing, seeds: Seeds, on data: Split<any Dataset>
    ) {
        let batches = data.train.batchCount(of: training.batchSize)
        var training = training
        training.learningRate = range.lowest
        training.epochs = (range.steps + batches - 1) / batches
        self.training = training
        var plan = plan
        plan?.patience = 0
        plan?.largestOwnProgress = 1
        self.plan = plan?.schedule.moments.text == TeleportSchedule.Moments.epochs([]).text ? nil : plan
        self.range = range
        self.smoothing = smoothing
        self.seeds = seeds
        self.data = data
        // Nobody asks for the loss of test samples.
        prepared = Training(
            training, on: data.replacing(train: data.train, test: data.test.thinned(to: 1)),
            learningRateGrowth: range.growth)
    }

    /// Checks that the teleports can move the model, and that all goes together.
    ///
    /// - Throws: `RangeTestError` if no teleport takes place, `MemoryError`, `StartingLossError`, and as `TrainingRun.init`.
    package func check() throws {
        if let plan {
            let batches = prepared.batchesPerEpoch
            let schedule = plan.schedule.settled(stepsPerEpoch: batches)
            let isDueOnce = (0..<range.steps).contains { step in
                schedule.isDue(at: .init(epoch: step / batches, stepOfEpoch: step % batches, step: step))
            }
            guard isDueOnce else { throw RangeTestError.neverDue(plan.schedule.moments, steps: range.steps) }
        }
        try prepared.checkStart(plan, seed: seeds.values[0], on: data.name)
    }

    /// Runs all range tests, seed by seed, without and with teleports; each arm goes first in turn.
    ///
    /// - Parameters:
    ///   - progress: Shows how far it is.
    ///   - watch: Watches how busy the machine is.
    ///   - isCancelled: Asked before each step; once true, the record holds what there is.
    /// - Throws: As `TrainingRun.init`.
    package func run(
        progress: ProgressLine? = nil, watch: ProcessorWatch = ProcessorWatch(), isCancelled: () -> Bool = { false }
    ) throws -> RangeTestRecord {
        let start = Date()
        prepared.warmUp()
        let results = try Study(arms, seeds: seeds.values, alternates: true).run(isCancelled: isCancelled) {
            arm, seed, number in
            try run(arm, seed: seed, number: number, progress, isCancelled)
        }.map { RangeTestRecord.Arm(seeds: $0.seeds, runs: $0.runs) }
        return RangeTestRecord(
            configuration: configuration, data: data.namedSizes,
            environment: Summary.Environment(of: training, watch: watch, date: start),
            arms: .init(baseline: results[0], teleport: results.count > 1 ? results[1] : nil))
    }

    private typealias Arm = (name: String, plan: TeleportPlan?)

    private var arms: [Arm] {
        var arms: [Arm] = [("baseline", nil)]
        if let plan { arms.append(("teleport", plan)) }
        return arms
    }

    /// One range test.
    private func run(
        _ arm: Arm, seed: Int, number: Int, _ progress: ProgressLine?, _ isCancelled: () -> Bool
    ) throws -> RangeTestRecord.Run? {
        let run = try TrainingRun(prepared, seed: seed, plan: arm.plan)
        var losses: [Double] = []
        var curve = LearningRateCurve([], over: range, smoothing: smoothing)
        func position() -> ProgressLine.Position {
            ProgressLine.Position(run: number, arm: arm.name, seed: seed, epoch: 1, batch: losses.count)
        }
        while !isCancelled(), let event = run.next() {
            switch event {
            case .step(let loss): losses.append(loss.item())
            case .verdict(let verdict):
                // Of steps that were taken twice the losses are those of the way that is gone on.
                losses.replaceSubrange((losses.count - verdict.losses.count)..., with: verdict.losses.map { $0.item() })
            case .teleports, .retraced, .epoch: continue
            }
            curve = LearningRateCurve(losses, over: range, smoothing: smoothing)
            progress?.update(position(), loss: curve.smoothedLosses.last ?? .nan)
            // What the teleports on trial have led to may yet be taken back.
            if curve.ending != .interrupted { run.closeTrial() }
            if curve.ending != .interrupted, !run.isOnTrial { break }
        }
        guard !losses.isEmpty else { return nil }
        // A run that ends by itself has left numbers in an evaluation between two steps.
        if curve.ending == .interrupted, !run.isOnTrial, !isCancelled() {
            curve = LearningRateCurve(losses + [.nan], over: range, smoothing: smoothing)
        }
        let found = RangeTestRecord.Run(curve, of: run)
        progress?.finishEpoch(
            position(), loss: found.smoothedLosses.last ?? .nan,
            text:
                "\(found.losses.count.counted("step")) up to a rate of \((found.learningRates.last ?? .nan).significant(3))"
        )
        return found
    }

    /// A job of the size of this search, for `ProgressLine`.
    package var job: ProgressLine.Job {
        ProgressLine.Job(runs: arms.count * seeds.values.count, epochs: 1, batches: range.steps)
    }

    /// All options that were heeded, by the names that they have on the command line.
    private var configuration: [String: JSONValue] {
        var options = training.options(plan ?? TeleportPlan(schedule: TeleportSchedule(epochs: [])), on: data)
        for name in ["learning-rate", "epochs", "test-samples", "own-progress", "patience", "warm-up-steps"] {
            options[name] = nil
        }
        let own: [String: JSONValue] = [
            "from": .number(range.lowest), "to": .number(range.highest), "steps": .integer(range.steps),
            "smoothing": .number(smoothing), "seeds": .array(seeds.values.map { .integer($0) }),
        ]
        return options.merging(own) { $1 }
    }
}

/// A range test that cannot be made as asked for.
package enum RangeTestError: Error, Equatable, CustomStringConvertible {
    /// It is over before the first teleport.
    case neverDue(TeleportSchedule.Moments, steps: Int)

    /// What does not go together, and what to do.
    package var description: String {
        switch self {
        case .neverDue(let moments, let steps):
            "schedule \(moments): no teleport takes place in the \(steps.counted("step")) of the test, which are counted from 0; "
                + "give earlier moments as every:10, more --steps, or schedule none"
        }
    }
}
