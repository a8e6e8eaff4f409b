import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// Steps with and without teleports, and the better of the two ways.
@Suite struct TeleportTrialTests {
    /// A model in training; all that are made are the same.
    private final class Learner {
        // Batch normalization has buffers, which training changes along with the parameters.
        let model: Sequential
        let optimizer = Adam(learningRate: 0.01)

        init() {
            let generator = Generator(seed: 4)
            model = Sequential(
                Dense(5, 8, using: generator, dtype: .float64), BatchNormalization(8, dtype: .float64), ReLU(),
                Dense(8, 2, using: generator, dtype: .float64))
            for batch in TeleportTrialTests.batches(seed: 1) { step(on: batch) }
        }

        @discardableResult
        func step(on batch: Batch) -> Tensor {
            let loss = LinearizedLoss(model, MeanSquaredError(), on: batch)
            optimizer.update(model.parameters.map(\.value), with: loss.gradients(of: model.parameters.map(\.value)))
            return loss.value
        }

        /// A stand-in for teleports: all parameters become so many times what they are.
        func stretch(by factor: Double) {
            for parameter in model.parameters { parameter.value.multiplyInPlace(by: factor) }
        }

        /// All numbers that training changes.
        var numbers: [[Double]] {
            (model.parameters + model.buffers).map { $0.value.doubles() }
                + optimizer.state(of: model.parameters.map(\.value)).entries.flatMap { entry in
                    entry.tensors.sorted { $0.key < $1.key }.map { $0.value.doubles() }
                }
        }
    }

    private static func batches(seed: UInt64) -> [Batch] {
        let generator = Generator(seed: seed)
        return (0..<6).map { _ in
            Batch(
                inputs: .normal([10, 5], using: generator, dtype: .float64),
                targets: .normal([10, 2], using: generator, dtype: .float64))
        }
    }
    private let batches = Self.batches(seed: 2)

    @Test(arguments: [3, Double.nan])
    func aMoveThatTrainingLosesByIsUndone(factor: Double) {
        let (plain, tried) = (Learner(), Learner())
        let losses = batches.map { plain.step(on: $0).item() }
        var trial = TeleportTrial(of: tried.model, tried.optimizer)
        tried.stretch(by: factor)
        let verdict = trial.run(on: batches) { tried.step(on: $0) }
        #expect(!verdict.keepsTeleports && !(verdict.lossWithTeleports <= verdict.lossWithout))
        #expect(verdict.losses.map { $0.item() } == losses)
        #expect(abs(verdict.lossWithout - losses[3...].reduce(0, +) / 3) < 1e-12, "the second half counts")
        #expect(verdict.objection?.description.contains("6 steps") == true)
        #expect(tried.numbers == plain.numbers, "parameters, buffers and moments are those of plain training")
    }

    @Test(
        "A trial of one step sees the loss that the teleports kept; rounding is no objection",
        arguments: [DType.float32, .float64])
    func roundingIsNoObjection(dtype: DType) {
        let tried = Learner()
        for (excess, isKept) in [(2, true), (100, false)] {
            var trial = TeleportTrial(of: tried.model, tried.optimizer)
            // With the teleports first, then without.
            var losses = [3 * (1 + Double(excess) * dtype.epsilon), 3].map { Tensor($0, dtype: dtype) }
            let verdict = trial.run(on: [batches[0]]) { _ in losses.removeFirst() }
            #expect(verdict.lossWithTeleports > verdict.lossWithout && verdict.keepsTeleports == isKept)
        }
    }

    @Test(arguments: [3, Double.nan])
    func aMoveThatTrainingGainsByStays(factor: Double) {
        // Stretched, the parameters are far off; the move brings them back near.
        let (plain, tried) = (Learner(), Learner())
        for learner in [plain, tried] { learner.stretch(by: factor.isNaN ? 1 : factor) }
        var trial: TeleportTrial
        if factor.isNaN {
            // What is not finite is worse than anything.
            tried.stretch(by: .nan)
            trial = TeleportTrial(of: tried.model, tried.optimizer)
            for (a, b) in zip(tried.model.parameters, plain.model.parameters) { a.value.copy(from: b.value) }
        } else {
            trial = TeleportTrial(of: tried.model, tried.optimizer)
            for learner in [plain, tried] { learner.stretch(by: 1 / factor) }
        }
        let losses = batches.map { plain.step(on: $0).item() }
        let verdict = trial.run(on: batches) { tried.step(on: $0) }
        #expect(verdict.keepsTeleports && verdict.objection == nil)
        #expect(verdict.losses.map { $0.item() } == losses)
        #expect(abs(verdict.lossWithTeleports - losses[3...].reduce(0, +) / 3) < 1e-12)
        #expect(tried.numbers == plain.numbers)
    }

    @Test func aStepThatThrowsEndsTheTrial() {
        struct Stop: Error {}
        let learner = Learner()
        var trial = TeleportTrial(of: learner.model, learner.optimizer)
        var steps = 0
        #expect(throws: Stop.self) {
            try trial.run(on: batches) { batch in
                steps += 1
                guard steps < 4 else { throw Stop() }
                return learner.step(on: batch)
            }
        }
        let plain = Learner()
        for batch in batches[..<3] { plain.step(on: batch) }
        #expect(learner.numbers == plain.numbers)
    }

    @Test("One step is told of as one")
    func singular() {
        let reasons = [1, 2].map { TeleportReport.Restoration.lostTrial(steps: $0, with: 2, without: 1).description }
        #expect(reasons[0].contains(", 1 step long,") && reasons[1].contains(", 2 steps long,"))
    }

    @Test("Both ways are looked at after 16 steps, 32, 64 and so on")
    func looks() {
        #expect((0...130).filter(TeleportTrial.isLook(after:)) == [16, 32, 64, 128])
    }

    @Test("A trial that looks do not decide ends as one without looks, to the last bit", arguments: [0.01, -0.01])
    func looksLeaveNothingBehind(lead: Double) {
        let batches = (0..<4).flatMap { Self.batches(seed: $0) }
        let learners = [Learner(), Learner()]
        let verdicts = learners.enumerated().map { place, learner in
            var trial = TeleportTrial(of: learner.model, learner.optimizer)
            learner.stretch(by: 1.01)
            for (index, batch) in batches.enumerated() {
                // Losses that go up and down, with one way a little ahead in the end.
                trial.advance(on: batch) {
                    _ = learner.step(on: $0); return Tensor(Double(index % 2) - lead)
                }
                // One look on the way, and one right before the end, after which there is no step left to take.
                guard place == 1, [10, batches.count - 1].contains(index) else { continue }
                repeat {
                    let step = trial.retracedCount
                    let early = trial.retrace(isLast: false) {
                        _ = learner.step(on: $0); return Tensor(Double((step + 1) % 2))
                    }
                    #expect(early == nil)
                } while trial.retracedCount < trial.stepCount
            }
            while true {
                let step = trial.retracedCount
                let verdict = trial.retrace {
                    _ = learner.step(on: $0); return Tensor(Double((step + 1) % 2))
                }
                if let verdict { return verdict.keepsTeleports }
            }
        }
        #expect(verdicts == [lead > 0, lead > 0])
        #expect(learners[0].numbers == learners[1].numbers)
    }

    @Test("Differences that are chance alone seldom pass for a lead", arguments: [(8, 0.0052), (16, 0.00116)])
    func chance(count: Int, expected: Double) {
        let trials = 40_000
        let numbers = Tensor.normal([trials * count], using: Generator(seed: 1), dtype: .float64).doubles()
        let leads = (0..<trials).map { TeleportTrial.Verdict.lead(of: Array(numbers[$0 * count..<($0 + 1) * count])) }
        let found = Double(leads.count { $0.magnitude > 4 })
        // Student's distribution with count - 1 degrees of freedom; three standard deviations of the count.
        let mean = expected * Double(trials)
        #expect(abs(found - mean) < 3 * mean.squareRoot(), "\(found) of \(trials), where \(mean) are expected")
        #expect(TeleportTrial.Verdict.lead(of: [1, 1, 1]) == .infinity)
        #expect(TeleportTrial.Verdict.lead(of: [0, 0, 0]) == 0)
    }
}
