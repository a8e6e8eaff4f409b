import Datasets
import Foundation
import NeuralNetworks
import Optimizers
import Teleportation
import Testing
import Torch

@testable import Experiments

/// Teleports in the course of a training.
@Suite struct TeleportingTests {
    /// Checks what every teleport promises.
    private func expectTeleports(
        _ run: Run, count: Int, driftBelow bound: Double, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(run.teleports.count == count, sourceLocation: sourceLocation)
        for record in run.teleports {
            #expect(!record.isRestored, sourceLocation: sourceLocation)
            #expect(record.steps > 0, sourceLocation: sourceLocation)
            #expect(record.relativeDrift < bound, sourceLocation: sourceLocation)
            #expect(
                record.gradientNormSquaredAfter > 1.1 * record.gradientNormSquaredBefore,
                sourceLocation: sourceLocation)
            #expect(record.seconds > 0, sourceLocation: sourceLocation)
        }
    }

    @Test(
        arguments: [(DType.float64, 1e-12), (.float32, 1e-5)],
        [NullSpaceTeleporter.Derivative.closedForm, .doubleBackward])
    func theLossStaysAndTheGradientGrows(
        precision: (dtype: DType, drift: Double), method: NullSpaceTeleporter.Derivative
    ) throws {
        let run = try training(dtype: precision.dtype).run(
            seed: 1,
            // Control samples would undo what is far beyond what a step of the optimizer can make good for them.
            plan: teleports {
                $0.derivative = method
                $0.climb.cap = .relative(100)
            } plan: {
                $0.controlSamples = 0
            })
        expectTeleports(run, count: 6, driftBelow: precision.drift)
        // Of 64 + 1 inputs, the bias being one, 20 samples leave 45 free. The layer that reads the data never moves.
        #expect(run.teleports[0].freeDimensions.count == 2)
        #expect(run.teleports.allSatisfy { $0.freeDimensions.values.allSatisfy { $0 >= 45 } })
    }

    @Test(arguments: [NullSpaceTeleporter.Derivative.closedForm, .doubleBackward])
    func convolutionalNetworksKeepTheirLoss(method: NullSpaceTeleporter.Derivative) throws {
        let run = try training(epochs: 1) { $0.architecture = .cnn(channels: [4, 6], activation: .relu) }
            .run(
                seed: 1,
                plan: teleports {
                    $0.derivative = method
                    $0.climb.cap = .relative(100)
                } plan: {
                    $0.controlSamples = 0
                })
        expectTeleports(run, count: 2, driftBelow: 1e-12)
        // The head has 6 x 7 x 7 + 1 inputs, the bias being one.
        #expect(run.teleports.allSatisfy { ($0.freeDimensions["7"] ?? 0) >= 275 })
    }

    @Test func theWholeTrainingSetKeepsItsLoss() throws {
        // Fewer samples than units, so that these have a null space.
        let data = digits.map { $0.prefix(100) }
        let configuration = TrainingConfiguration(
            architecture: .mlp(hidden: [256, 256], activation: .relu), learningRate: 1e-12, batchSize: 50, epochs: 1,
            dtype: .float64)
        let training = Training(configuration, on: data)
        let whole = try training.run(
            seed: 0,
            plan: teleports {
                $0.scope = .dataset
                $0.climb.cap = .relative(1000)
            })
        expectTeleports(whole, count: 2, driftBelow: 1e-11)
        // 256 + 1 inputs minus 100 samples, of which rounding in the covariance takes a few.
        #expect(whole.teleports.allSatisfy { $0.freeDimensions.values.allSatisfy { (140...157).contains($0) } })
        // The learning rate moves nothing: what changes the loss of the epoch is the teleport alone.
        let baseline = try training.run(seed: 0)
        #expect(abs(whole.epochs[0].trainLoss - baseline.epochs[0].trainLoss) < 1e-9)
        let batch = try training.run(seed: 0, plan: teleports { $0.climb.cap = .relative(1000) })
        #expect(abs(batch.epochs[0].trainLoss - baseline.epochs[0].trainLoss) > 1e-6)
    }

    @Test func aDriftBeyondTheToleranceIsUndone() throws {
        let baseline = try training().run(seed: 0)
        let run = try training().run(
            seed: 0,
            plan: teleports {
                // With a tenth of the energy held, the loss cannot stay what it is.
                $0.tau = 0.1
                $0.climb.stepSize = .growth(5)
                $0.climb.tolerance = 1e-12
                $0.climb.cap = .none
            })
        #expect(run.teleports.count == 6 && run.teleports.allSatisfy(\.isRestored))
        #expect(run.teleports.allSatisfy { $0.restored?.description.contains("drifted") == true })
        #expect(run.withoutTimes.epochs == baseline.withoutTimes.epochs)
    }

    // MARK: Schedule

    /// The training steps before each teleport; ten steps are an epoch.
    private func stepsBeforeTeleports(_ plan: TeleportPlan, epochs: Int = 3) throws -> [Int] {
        // The optimizer's next step is what a teleport asks for: the loss tells where the arms part.
        func losses(_ plan: TeleportPlan?) throws -> (means: [Double], run: Run) {
            var means: [Double] = []
            let run = try training(epochs: epochs).run(
                seed: 0, plan: plan,
                observe: { event, run in
                    if case .step = event { means.append(run.meanLoss) }
                })
            return (means, run)
        }
        let (baseline, teleport) = (try losses(nil).means, try losses(plan))
        guard let first = zip(baseline, teleport.means).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
            return []
        }
        return [first] + teleport.run.teleports.filter { $0.batch == 0 }.dropFirst().map { 10 * $0.epoch }
    }

    @Test func waitsForTheWarmUp() throws {
        #expect(try stepsBeforeTeleports(teleports()) == [0, 10, 20])
        #expect(try stepsBeforeTeleports(teleports(warmUpSteps: 4)) == [4, 10, 20])
        #expect(try stepsBeforeTeleports(teleports(warmUpSteps: 10)) == [10, 20])
        #expect(try stepsBeforeTeleports(teleports(warmUpSteps: 14)) == [14, 20], "longer than an epoch")
        #expect(try stepsBeforeTeleports(teleports(warmUpSteps: 30)) == [], "longer than the run")
        #expect(
            try stepsBeforeTeleports(teleports([2], warmUpSteps: 4)) == [20], "over before the first epoch scheduled")
        #expect(try stepsBeforeTeleports(teleports([0, 2], warmUpSteps: 14)) == [20])
    }

    @Test func ignoresEpochsThatAreNotReached() throws {
        #expect(try training(epochs: 1).run(seed: 0, plan: teleports(0..<5)).teleports.count == 2)
    }

    // MARK: Optimizer

    @Test func resetsTheOptimizersStateWhereAsked() throws {
        func run(_ policy: TeleportPlan.OptimizerStatePolicy, _ optimizer: OptimizerOption) throws -> Run {
            let training = training(learningRate: 1e-3) { $0.optimizer = optimizer }
            return try training.run(seed: 0, plan: teleports([1], plan: { $0.optimizerState = policy })).withoutTimes
        }
        let (kept, reset) = (try run(.keep, .adam), try run(.reset, .adam))
        #expect(kept.epochs[0] == reset.epochs[0])
        #expect(kept.teleports == reset.teleports)
        #expect(kept.epochs[1].trainLoss != reset.epochs[1].trainLoss)
        #expect(try run(.keep, .sgd) == run(.reset, .sgd), "there is no state to forget")
    }

    @Test func aTeleportThatIsUndoneLeavesTheOptimizersState() throws {
        func run(_ policy: TeleportPlan.OptimizerStatePolicy) throws -> Run {
            let training = training(learningRate: 1e-3) { $0.optimizer = .adam }
            return try training.run(
                seed: 0,
                plan: teleports([1]) {
                    $0.tau = 0.1
                    $0.climb.stepSize = .growth(5)
                    $0.climb.tolerance = 1e-12
                    $0.climb.cap = .none
                } plan: {
                    $0.optimizerState = policy
                }
            ).withoutTimes
        }
        let reset = try run(.reset)
        #expect(reset.teleports.count == 2 && reset.teleports.allSatisfy(\.isRestored))
        #expect(try reset == run(.keep))
    }

    // MARK: Trial

    @Test(arguments: [OptimizerOption.sgd, .momentum, .adam])
    func whatTrainingLosesByIsUndone(optimizer: OptimizerOption) throws {
        let training = training(learningRate: 0.01) { $0.optimizer = optimizer }
        let baseline = try training.run(seed: 0).withoutTimes
        func run(trialSteps: Int) throws -> Run {
            try training.run(
                seed: 0,
                plan: teleports {
                    // A gradient a million times as large is no good to anybody.
                    $0.climb.stepSize = .growth(10)
                    $0.climb.cap = .none
                    $0.climb.steps = 8
                } plan: {
                    $0.controlSamples = 0
                    $0.trialSteps = trialSteps
                    $0.largestOwnProgress = 1
                }
            ).withoutTimes
        }
        let without = try run(trialSteps: 0)
        #expect(without.teleports.contains { $0.hasMoved })
        #expect(without.epochs != baseline.epochs)
        // One step, some, all ten of the epoch, and more than there are.
        for steps in [2, 5, 10, 1000] {
            let tried = try run(trialSteps: steps)
            #expect(tried.epochs == baseline.epochs, "\(steps) steps")
            #expect(tried.teleports.count == 6 && tried.teleports.allSatisfy(\.isRestored))
            #expect(tried.teleports[0].restored?.description.contains("\(min(steps, 10)) steps") == true)
        }
    }

    @Test func whatTrainingGainsByStays() throws {
        func run(trialSteps: Int) throws -> Run {
            try training(epochs: 2, learningRate: 0.02).run(
                seed: 0,
                plan: teleports([1]) {
                    $0.climb.cap = .relative(3)
                } plan: {
                    $0.trialSteps = trialSteps
                    $0.largestOwnProgress = 1
                }
            ).withoutTimes
        }
        let tried = try run(trialSteps: 10)
        #expect(try tried == run(trialSteps: 0), "the trial leaves no trace")
        #expect(tried.teleports.allSatisfy { $0.hasMoved })
    }

    // MARK: Real data

    /// The recipe of NS25 in small. `TELEPORT_DATA` names a folder that holds `mnist/`.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["TELEPORT_DATA"] != nil, "TELEPORT_DATA is not set"))
    func mnistTrainsFasterWithTeleports() throws {
        let data = try Catalog().dataset(.mnist).map { $0.prefix(2000) }
        let training = Training(
            TrainingConfiguration(
                architecture: .mlp(hidden: [256, 256], activation: .relu), learningRate: 2e-4, epochs: 2), on: data)
        let baseline = try training.run(seed: 0)
        let teleport = try training.run(
            seed: 0,
            plan: TeleportPlan(
                NullSpaceTeleporter(Climb(stepSize: .fixed(0.2), cap: .fixed(5))),
                schedule: TeleportSchedule(epochs: 0..<2, batchCount: 32), controlSamples: 0, trialSteps: 0))
        #expect(teleport.teleports.count == 64)
        #expect(teleport.teleports.allSatisfy { !$0.isRestored && $0.relativeDrift < 1e-5 })
        let start = teleport.teleports[0]
        #expect(start.gradientNormSquaredBefore < 1 && start.steps == 8)
        // Once the gradient has reached the cap, batches leave it at that.
        #expect(teleport.teleports.contains { $0.gradientNormSquaredAfter >= 5 && $0.steps == 0 })
        #expect(teleport.epochs[1].trainLoss < baseline.epochs[1].trainLoss - 0.05)
    }
}
