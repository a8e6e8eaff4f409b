import Datasets
import Foundation
import NeuralNetworks
import Teleportation
import Testing
import Torch

@testable import Experiments

@Suite struct TrainingTests {
    // MARK: Seeds

    @Test(arguments: OptimizerName.allCases) func repeatsASeedToTheLastBit(optimizer: OptimizerName) throws {
        let training = training(dtype: .float32) { $0.optimizer = OptimizerOption(optimizer) }
        let first = try training.run(seed: 5, plan: teleports()).withoutTimes
        #expect(try first == training.run(seed: 5, plan: teleports()).withoutTimes)
        #expect(first.epochs.count == 3 && first.teleports.count == 6)
    }

    @Test func otherSeedsGiveOtherRuns() throws {
        let first = try training().run(seed: 0, plan: teleports())
        let second = try training().run(seed: 1, plan: teleports())
        for (one, other) in zip(first.epochs, second.epochs) { #expect(one.trainLoss != other.trainLoss) }
        for (one, other) in zip(first.teleports, second.teleports) { #expect(one.lossBefore != other.lossBefore) }
    }

    @Test func withoutTeleportsInTheScheduleTheArmsAreTheSame() throws {
        let baseline = try training().run(seed: 2)
        let teleport = try training().run(seed: 2, plan: teleports([]))
        #expect(baseline.withoutTimes == teleport.withoutTimes)
        #expect(baseline.teleports.isEmpty)
    }

    /// Up to the first teleport both arms do the same; so they start from the same weights and see the same batches. And
    /// teleports draw their batches from a generator of their own: were the order of the training batches disturbed by
    /// them, a teleport that goes nowhere would change the losses.
    @Test func theArmsShareWeightsAndBatches() throws {
        let baseline = try training().run(seed: 2)
        let late = try training().run(seed: 2, plan: teleports([2]))
        #expect(late.withoutTimes.epochs.prefix(2) == baseline.withoutTimes.epochs.prefix(2))
        #expect(late.epochs[2].trainLoss != baseline.epochs[2].trainLoss)
        let still = try training().run(seed: 2, plan: teleports { $0.climb.cap = .fixed(1e-30) })
        #expect(still.teleports.count == 6 && still.teleports.allSatisfy { $0.steps == 0 })
        #expect(still.withoutTimes.epochs == baseline.withoutTimes.epochs)
    }

    // MARK: PyTorch

    /// What make-training.py writes.
    struct Fixture: Decodable {
        let seed: Int
        let batchSize: Int
        let imageShape: [Int]
        let hidden: [Int]
        let classCount: Int
        let learningRate: Double
        let images: [UInt8]
        let labels: [Int64]
        let losses: [Double]
    }

    /// From its seed, weights and order included, a training is the one that PyTorch runs.
    @Test func followsPyTorch() throws {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/training", withExtension: "json"))
        let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
        let images = ImageDataset(
            images: Tensor(fixture.images, shape: [fixture.labels.count] + fixture.imageShape),
            labels: Tensor(fixture.labels), classCount: fixture.classCount)
        let batches = images.batches(of: fixture.batchSize).batchCount
        let training = Training(
            TrainingConfiguration(
                architecture: .mlp(hidden: fixture.hidden, activation: .relu), learningRate: fixture.learningRate,
                batchSize: fixture.batchSize, epochs: fixture.losses.count / batches, dtype: .float64),
            on: Split(name: "fixture", train: images, test: images).erased)
        // The observer is told the mean of the epoch so far, which the batches share equally.
        var means: [Double] = []
        let run = try training.run(
            seed: fixture.seed,
            observe: { event, run in
                if case .step = event { means.append(run.meanLoss) }
            })
        let losses = means.enumerated().map { index, mean in
            let batch = index % batches
            return batch == 0 ? mean : mean * Double(batch + 1) - means[index - 1] * Double(batch)
        }
        #expect(losses.count == 20 && fixture.losses.count == 20)
        for (loss, expected) in zip(losses, fixture.losses) { #expect(abs(loss - expected) < 1e-13) }
        #expect(run.epochs.map(\.epoch) == [1, 2, 3, 4, 5])
        #expect(fixture.losses[16...].reduce(0, +) < fixture.losses[..<4].reduce(0, +), "it learns")
    }

    // MARK: Records

    @Test func recordsEachEpoch() throws {
        let run = try training(epochs: 4).run(seed: 0, plan: teleports([1, 3]))
        #expect(run.epochs.map(\.epoch) == [1, 2, 3, 4])
        #expect(run.epochs.last!.trainLoss < run.epochs[0].trainLoss)
        for (previous, next) in zip(run.epochs, run.epochs.dropFirst()) { #expect(previous.seconds < next.seconds) }
        for record in run.epochs {
            #expect(record.teleportSeconds <= record.seconds)
            #expect((0...1).contains(record.testAccuracy!))
            #expect(record.gradientNormSquared > 0)
        }
        let teleportSeconds = run.epochs.map(\.teleportSeconds)
        #expect(teleportSeconds[0] == 0 && teleportSeconds[1] > 0)
        #expect(teleportSeconds[2] == teleportSeconds[1] && teleportSeconds[3] > teleportSeconds[2])
        #expect(run.teleports.map(\.epoch) == [1, 1, 3, 3])
        #expect(run.teleports.map(\.batch) == [0, 1, 0, 1])
        #expect(run.teleports.reduce(0) { $0 + $1.seconds } <= teleportSeconds[3])
    }

    @Test func evaluatesOnAllSamples() throws {
        let model = Architecture.mlp(hidden: [8], activation: .tanh).makeModel(
            inputShape: [1, 28, 28], task: .classification(classes: 10), using: Generator(seed: 0))
        // More samples than are run at once, and not a multiple of it.
        let data = SyntheticDigits(trainCount: 2300, testCount: 1).split().train
        let evaluation = Evaluation(of: model, CrossEntropy(), on: data)
        let all = data.batch(.range(2300))
        let outputs = model(all.inputs)
        #expect(abs(evaluation.loss - CrossEntropy()(outputs, all.targets).item()) < 1e-6)
        let right = zip(outputs.argmax().elements(as: Int64.self), all.targets.elements()).count { $0 == $1 }
        #expect(evaluation.accuracy == Double(right) / 2300)
    }

    @Test func tellsTheObserverOfBatchesAndEpochs() throws {
        var batches: [[Int]] = []
        var epochs: [EpochRecord] = []
        let run = try training(epochs: 2) { $0.batchSize = 128 }.run(
            seed: 0,
            observe: { event, run in
                switch event {
                case .step: batches.append([run.currentEpoch, run.batchesDone])
                case .epoch(let record): epochs.append(record)
                default: break
                }
            })
        #expect(batches == [[1, 1], [1, 2], [1, 3], [2, 1], [2, 2], [2, 3]])
        #expect(epochs == run.epochs)
    }

    // MARK: Ends

    @Test func cancellationKeepsTheFinishedEpochs() throws {
        var asked = 0
        let training = training(epochs: 5)
        let run = try training.run(
            seed: 0,
            isCancelled: {
                asked += 1
                return asked > 25
            })
        #expect(asked == 26, "stopped at once")
        #expect(run.epochs.map(\.epoch) == [1, 2])
        #expect(run.withoutTimes.epochs == Array(try training.run(seed: 0).withoutTimes.epochs.prefix(2)))
        #expect(!run.hasDiverged)
        #expect(try training.run(seed: 0, isCancelled: { true }).epochs.isEmpty)
    }

    @Test(arguments: [false, true]) func divergenceEndsARun(teleporting: Bool) throws {
        let run = try training(epochs: 50, learningRate: 1e200).run(seed: 0, plan: teleporting ? teleports() : nil)
        #expect(run.epochs.count < 5)
        #expect(!run.epochs.last!.trainLoss.isFinite)
        #expect(run.hasDiverged)
    }

    @Test func aLastStepTooFarEndsARun() throws {
        // One batch an epoch: the training loss is that before the step.
        let run = try training(epochs: 5, learningRate: 1e200) { $0.batchSize = 300 }.run(seed: 0)
        #expect(run.epochs.count == 1)
        #expect(run.epochs[0].trainLoss.isFinite && !run.epochs[0].testLoss.isFinite)
    }
}
