import Datasets
import Foundation
import NeuralNetworks
import Optimizers
import Reporting
import Teleportation
import Torch

/// The training of a model, with or without teleports.
///
/// The weights, the order of the batches and the teleport batches come from generators of their own, so that runs of one
/// seed start from the same weights and see the same batches whether they teleport or not.
package struct Training {
    /// How the model is trained.
    package let configuration: TrainingConfiguration
    /// What the model learns from.
    let trainingSamples: any Dataset
    private let testSamples: any Dataset

    /// What a run tells while it goes on, and asks.
    package struct Observer {
        /// A batch is done: the epoch, from 1, the batches of it that are done, and the mean loss of the epoch so far.
        package var batchFinished: (_ epoch: Int, _ batch: Int, _ loss: () -> Double) -> Void
        /// An epoch is done.
        package var epochFinished: (EpochRecord) -> Void
        /// Whether to stop before the next batch.
        package var isCancelled: () -> Bool

        /// An observer; by default one that neither listens nor stops.
        package init(
            batchFinished: @escaping (_ epoch: Int, _ batch: Int, _ loss: () -> Double) -> Void = { _, _, _ in },
            epochFinished: @escaping (EpochRecord) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }
        ) {
            self.batchFinished = batchFinished
            self.epochFinished = epochFinished
            self.isCancelled = isCancelled
        }
    }

    /// The training of a model that goes with the data; see `Architecture.check(inputShape:task:)`.
    package init(_ configuration: TrainingConfiguration, on data: Split<any Dataset>) {
        self.configuration = configuration
        trainingSamples = data.train.to(dtype: configuration.dtype, device: configuration.device)
        testSamples = data.test.to(dtype: configuration.dtype, device: configuration.device)
    }

    /// The batches of an epoch.
    package var batchesPerEpoch: Int { trainingSamples.batches(of: configuration.batchSize).batchCount }

    /// Trains from random weights.
    ///
    /// - Parameters:
    ///   - seed: Decides weights, order and teleport batches.
    ///   - teleports: nil for training without.
    ///   - observer: Is told of batches and epochs.
    /// - Returns: The epochs that were finished, all of them unless the observer stopped the run or the loss stopped being
    ///   finite.
    package func run(seed: Int, teleports: TeleportConfiguration? = nil, observer: Observer = Observer()) -> Run {
        train(makeModel(seed: seed), seed: seed, teleports: teleports, observer: observer)
    }

    /// A model with the random weights of a seed.
    func makeModel(seed: Int) -> any Layer {
        configuration.architecture.makeModel(
            inputShape: trainingSamples.inputShape, task: trainingSamples.task, using: Self.generator(.weights, seed),
            dtype: configuration.dtype, device: configuration.device)
    }

    /// Trains a model; see `run(seed:teleports:observer:)`.
    func train(
        _ model: any Layer, seed: Int, teleports: TeleportConfiguration? = nil, observer: Observer = Observer()
    ) -> Run {
        let loss = trainingSamples.task.loss
        let optimizer = configuration.optimizer.make(learningRate: configuration.learningRate)
        let parameters = model.parameters.map(\.value)
        let order = Self.generator(.order, seed)
        var pending = teleports.map {
            ScheduledTeleports($0, train: trainingSamples, using: Self.generator(.teleports, seed))
        }
        var run = Run()
        var clock = Stopwatch()
        var teleportClock = Stopwatch()
        var steps = 0

        /// Takes a step on a batch and returns the loss before it, rank 0.
        func step(on batch: Batch) -> Tensor {
            let linearized = withMode(.training) { LinearizedLoss(model, loss, on: batch) }
            optimizer.update(parameters, with: linearized.gradients(of: parameters))
            return linearized.value
        }

        for epoch in 0..<configuration.epochs {
            let lossSum = Tensor(0, dtype: configuration.dtype, device: configuration.device)
            var samples = 0
            var batchesDone = 0
            /// Notes that a step on a batch is done.
            func note(_ loss: Tensor, of batch: Batch) {
                lossSum.addInPlace(loss, scale: Double(batch.count))
                samples += batch.count
                steps += 1
                batchesDone += 1
                observer.batchFinished(epoch + 1, batchesDone) { lossSum.item() / Double(samples) }
            }

            clock.start()
            var batches = trainingSamples.batches(of: configuration.batchSize, shuffledBy: order).makeIterator()
            while let batch = batches.next() {
                if observer.isCancelled() { return run }
                var trial: TeleportTrial?
                if pending?.areDue(epoch: epoch, batch: batchesDone, after: steps) == true {
                    teleportClock.start()
                    let records: [TeleportRecord]
                    (records, trial) = pending!.teleport(model, loss, before: optimizer, epoch: epoch)
                    run.teleports += records
                    teleportClock.stop()
                }
                guard let trial, let teleports else {
                    note(step(on: batch), of: batch)
                    continue
                }

                var upcoming = [batch]
                while upcoming.count < teleports.trialSteps, let next = batches.next() { upcoming.append(next) }
                var stepsOfTrial = 0
                guard
                    let verdict = try? trial.run(
                        on: upcoming,
                        step: { batch throws(CancellationError) in
                            if observer.isCancelled() { throw CancellationError() }
                            // The first way is training; the second is the price of the trial.
                            if stepsOfTrial == upcoming.count { teleportClock.start() }
                            stepsOfTrial += 1
                            return step(on: batch)
                        })
                else { return run }
                teleportClock.stop()
                for (batch, loss) in zip(upcoming, verdict.losses) { note(loss, of: batch) }
                if let reason = verdict.objection {
                    run.teleports = run.teleports.map {
                        $0.epoch == epoch && $0.hasMoved ? $0.restored(because: reason) : $0
                    }
                }
            }
            let trainLoss = lossSum.item() / Double(samples)
            // Looking at the model is no part of training it.
            clock.stop()
            let evaluation = Evaluation(of: model, loss, on: testSamples)
            let record = EpochRecord(
                epoch: epoch + 1, trainLoss: trainLoss, testLoss: evaluation.loss, testAccuracy: evaluation.accuracy,
                testPerplexity: isLanguageModel ? Foundation.exp(evaluation.loss) : nil,
                gradientNormSquared: Evaluation.gradientNormSquared(of: model, loss, on: trainingSamples),
                seconds: clock.seconds, teleportSeconds: teleportClock.seconds)
            run.epochs.append(record)
            observer.epochFinished(record)
            // The training loss is that before each step: of a last step too far, only the test loss tells.
            guard trainLoss.isFinite, evaluation.loss.isFinite else { break }
        }
        return run
    }

    /// Trains a model for a moment and throws it away: the first steps of a process pay for threads, memory and kernels that
    /// later ones find ready, and would be counted to whichever run comes first.
    package func warmUp() {
        let model = makeModel(seed: 0)
        let parameters = model.parameters.map(\.value)
        let loss = trainingSamples.task.loss
        let optimizer = configuration.optimizer.make(learningRate: configuration.learningRate)
        for batch in trainingSamples.batches(of: configuration.batchSize).prefix(30) {
            let linearized = LinearizedLoss(model, loss, on: batch)
            optimizer.update(parameters, with: linearized.gradients(of: parameters))
        }
    }

    private var isLanguageModel: Bool { if case .languageModelling = trainingSamples.task { true } else { false } }

    /// What random numbers are drawn for, and how far its seeds are from the user's. The distances keep the generators of
    /// one run apart within 32 bits, which are all that libtorch takes of a seed.
    enum Purpose: UInt64 {
        case weights = 0
        case order = 1_000_000_000
        case teleports = 2_000_000_000
    }

    static func generator(_ purpose: Purpose, _ seed: Int) -> Generator {
        Generator(seed: UInt64(seed) + purpose.rawValue)
    }
}

/// The teleports of one run.
private struct ScheduledTeleports {
    private let configuration: TeleportConfiguration
    private let train: any Dataset
    private let generator: Generator
    private var hasBegun = false

    init(_ configuration: TeleportConfiguration, train: any Dataset, using generator: Generator) {
        self.configuration = configuration
        self.train = train
        self.generator = generator
    }

    /// Whether to teleport before a batch of an epoch, which so many training steps of the run precede: the first time once
    /// the warm-up is over, afterwards at the beginning of an epoch.
    func areDue(epoch: Int, batch: Int, after steps: Int) -> Bool {
        configuration.schedule.epochs.contains(epoch)
            && (hasBegun ? batch == 0 : steps >= configuration.schedule.warmUpSteps)
    }

    /// Teleports a model.
    ///
    /// - Returns: What was done, and the trial that it is to stand if there is to be one and the model has moved.
    mutating func teleport(
        _ model: some Layer, _ loss: some Loss, before optimizer: any Optimizer, epoch: Int
    ) -> (records: [TeleportRecord], trial: TeleportTrial?) {
        hasBegun = true
        let count = min(configuration.controlSampleCount, train.count)
        let control = count > 0 ? train.randomBatch(of: count, using: generator) : nil
        let base = configuration.makeTeleporter(using: generator)
        let teleporter: any Teleporter = control.map { ControlledTeleporter(base, by: $0) } ?? base
        let batches = train.batches(of: configuration.schedule.batchSize, shuffledBy: generator)
            .prefix(configuration.schedule.batchCount)
        let trial = configuration.trialSteps > 0 ? TeleportTrial(of: model, optimizer) : nil
        let context = TeleportContext(
            before: optimizer, samples: train.batches(of: Evaluation.batchSize(for: train)))
        let records = teleporter.teleport(model, loss, on: batches, in: context)
            .enumerated().map { TeleportRecord($1, epoch: epoch, batch: $0) }
        guard records.contains(where: \.hasMoved) else { return (records, nil) }
        if configuration.optimizerState == .reset { optimizer.reset() }
        return (records, trial)
    }
}

extension TeleportRecord {
    /// The record of a teleport on one batch of those before an epoch.
    package init(_ report: TeleportReport, epoch: Int, batch: Int) {
        self.init(
            epoch: epoch, batch: batch, steps: report.steps, lossBefore: report.lossBefore,
            lossAfter: report.lossAfter, gradientNormSquaredBefore: report.gradientNormSquaredBefore,
            gradientNormSquaredAfter: report.gradientNormSquaredAfter, freeDimensions: report.freeDimensions,
            halvings: report.halvings.total, restored: report.restored != nil, reason: report.restored?.description,
            seconds: report.seconds)
    }
}

extension LearningTask {
    /// What training lowers.
    var loss: any Loss {
        switch self {
        case .classification, .languageModelling: CrossEntropy()
        case .regression: MeanSquaredError()
        }
    }

    /// The outputs of a model for each sample, or for each position of a text.
    var outputs: Int {
        switch self {
        case .classification(let count), .regression(let count), .languageModelling(let count): count
        }
    }
}

extension Training {
    /// A run that a progress line shows; nil if it was stopped before its first epoch ended, and there is nothing to report.
    ///
    /// - Parameters:
    ///   - seed: As for `run(seed:teleports:observer:)`.
    ///   - teleports: Likewise.
    ///   - arm: What the line calls the run.
    ///   - number: How many runs of the job came before.
    ///   - progress: The line; nil shows nothing.
    ///   - isCancelled: Asked again and again; once true, the run ends.
    package func run(
        seed: Int, teleports: TeleportConfiguration?, arm: String, number: Int, on progress: ProgressLine?,
        isCancelled: @escaping () -> Bool
    ) -> Run? {
        func position(_ epoch: Int, _ batch: Int) -> ProgressLine.Position {
            ProgressLine.Position(run: number, arm: arm, seed: seed, epoch: epoch, batch: batch)
        }
        let observer = Observer(
            batchFinished: { progress?.update(position($0, $1), loss: $2()) },
            epochFinished: { progress?.finishEpoch(position($0.epoch, batchesPerEpoch), record: $0) },
            isCancelled: isCancelled)
        let run = run(seed: seed, teleports: teleports, observer: observer)
        return run.epochs.isEmpty ? nil : run
    }
}
