import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// A training in a loop of a user's own.
@Suite struct TeleportingSessionTests {
    /// A model in training with dropout and batch normalization; all that are made are the same.
    private final class Learner {
        let model: Sequential
        let optimizer: Momentum
        let samples: Samples
        let step: TrainingStep

        init(drops: Bool = true, learningRate: Double = 0.02) {
            optimizer = Momentum(learningRate: learningRate)
            let generator = Generator(seed: 4)
            model = Sequential(
                Dense(6, 96, using: generator, dtype: .float64), BatchNormalization(96, dtype: .float64), ReLU(),
                Dropout(drops ? 0.3 : 0, using: Generator(seed: 5)), Dense(96, 3, using: generator, dtype: .float64))
            samples = Samples(
                inputs: .normal([60, 6], using: generator, dtype: .float64),
                targets: .integers([60], in: 0..<3, using: generator))
            let optimizer = optimizer
            let model = model
            // A schedule of the user's own, which the learning rate carries along.
            step = TrainingStep(model, CrossEntropy(), optimizer) { batch in
                let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
                let parameters = model.parameters.map(\.value)
                optimizer.update(parameters, with: loss.gradients(of: parameters))
                optimizer.learningRate *= 0.99
                return loss.value
            }
        }

        /// All numbers that training changes.
        var numbers: [[Double]] {
            (model.parameters + model.buffers).map { $0.value.doubles() } + [[optimizer.learningRate]]
                + optimizer.state(of: step.parameters).entries.flatMap { $0.tensors.map { $0.value.doubles() } }
                + model.generators.map { $0.state.elements(as: UInt8.self).map(Double.init) }
        }
    }

    /// The session of a training step that asks it where it is.
    private final class Way {
        var session: TeleportingSession?
        var steps = 0
    }

    private static func schedule(_ moments: TeleportSchedule.Moments) -> TeleportSchedule {
        TeleportSchedule(moments, batchCount: 2, batchSize: 8)
    }

    /// Teleports that no training gains by.
    private static func harmful(
        _ moments: TeleportSchedule.Moments, trialSteps: Int?, patience: Int = 0
    ) -> TeleportPlan {
        TeleportPlan(
            NullSpaceTeleporter(Climb(stepSize: .growth(10), cap: .none)), schedule: schedule(moments),
            controlSamples: 0, trialSteps: trialSteps, largestOwnProgress: 1, patience: patience)
    }

    /// Two epochs of six steps.
    @discardableResult
    private func train(_ learner: Learner, _ plan: TeleportPlan) throws -> [TeleportingSession.Outcome] {
        let session = try TeleportingSession(learner.step, plan, samples: learner.samples)
        let order = Generator(seed: 9)
        var outcomes: [TeleportingSession.Outcome] = []
        for epoch in 0..<2 {
            for batch in learner.samples.batches(of: 10, shuffledBy: order) {
                outcomes.append(session.step(on: batch, inEpoch: epoch))
            }
            session.settle()
        }
        return outcomes
    }

    @Test("Without teleports a session takes the steps and nothing else")
    func plain() throws {
        let (plain, watched) = (Learner(), Learner())
        let order = Generator(seed: 9)
        for _ in 0..<2 {
            for batch in plain.samples.batches(of: 10, shuffledBy: order) { plain.step(on: batch) }
        }
        let outcomes = try train(watched, TeleportPlan(schedule: Self.schedule(.steps([]))))
        #expect(outcomes.allSatisfy { $0.teleports.isEmpty && $0.verdict == nil })
        #expect(watched.numbers == plain.numbers)
    }

    @Test(
        "What training loses by leaves no trace, in weights, moments, learning rate and dropout",
        arguments: [2, 4, 100])
    func aLostTrial(steps: Int) throws {
        let (plain, tried) = (Learner(), Learner())
        try train(plain, TeleportPlan(schedule: Self.schedule(.steps([]))))
        let outcomes = try train(tried, Self.harmful(.epochs([0, 1]), trialSteps: steps))
        #expect(outcomes.map(\.teleports.count) == [2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0])
        #expect(outcomes.contains { $0.teleports.contains { $0.hasMoved } })
        let verdicts = outcomes.compactMap(\.verdict)
        // Trials that are cut short by the end of an epoch are settled there.
        #expect(verdicts.count == (steps == 100 ? 0 : 2) && verdicts.allSatisfy { !$0.keepsTeleports })
        if case .lostTrial(steps: let count, with: let with, without: let without) = verdicts.first?.objection {
            #expect(count == steps && !(with <= without))
        }
        #expect(tried.numbers == plain.numbers)
    }

    @Test("Where the optimizer gets on by itself no teleports are made, and what comes later is drawn as ever")
    func ownProgress() throws {
        func outcomes(_ largest: Double, trialSteps: Int = 3) throws -> (TeleportingSession, [TeleportReport]) {
            let learner = Learner(drops: false, learningRate: 0.3)
            var plan = Self.harmful(.steps([0]), trialSteps: trialSteps)
            plan.largestOwnProgress = largest
            let session = try TeleportingSession(learner.step, plan, samples: learner.samples)
            let outcome = session.step(on: learner.samples.batch(.range(10)), inEpoch: 0)
            return (session, outcome.teleports)
        }
        let (waiting, skipped) = try outcomes(0.2)
        let (trying, tried) = try outcomes(1)
        #expect(skipped.map(\.ending) == [.ownProgress] && !waiting.isOnTrial)
        #expect(skipped[0].steps == 0 && !skipped[0].hasMoved && skipped[0].lossBefore > 0)
        // Two batches, each run through the model there and back, and there once more after the steps.
        #expect(abs(skipped[0].gradientEvaluations - 2 * 4.0 / 3) < 1e-12)
        #expect(tried.count == 2 && tried.allSatisfy { $0.ending != .ownProgress } && trying.isOnTrial)
        #expect(waiting.state?.generators["teleports"]?.elements(as: UInt8.self) != nil)
        trying.settle()
        for name in ["teleports", "control"] {
            let states = [waiting, trying].map { $0.state?.generators[name]?.elements(as: UInt8.self) }
            #expect(states[0] != nil && states[0] == states[1])
        }
        #expect(try outcomes(0, trialSteps: 0).1.allSatisfy { $0.ending != .ownProgress }, "no trial, no forecast")
    }

    @Test("A look at the optimizer's progress leaves no trace in a training", arguments: [false, true])
    func ownProgressLeavesNoTrace(resets: Bool) throws {
        let (plain, looking) = (Learner(), Learner())
        try train(plain, TeleportPlan(schedule: Self.schedule(.steps([]))))
        var plan = Self.harmful(.every(3), trialSteps: 2)
        plan.largestOwnProgress = 0
        plan.optimizerState = resets ? .reset : .keep
        let outcomes = try train(looking, plan)
        #expect(outcomes.count { $0.teleports.map(\.ending) == [.ownProgress] } == 4)
        #expect(looking.numbers == plain.numbers)
    }

    @Test(
        "The optimizer's own progress is what three of its steps take of the loss", arguments: [0.01, 0.3, 40, 1e200])
    func ownProgressInNumbers(rate: Double) {
        let generator = Generator(seed: 1)
        let model = Sequential(
            Dense(5, 9, using: generator, dtype: .float64), Tanh(), Dense(9, 3, using: generator, dtype: .float64))
        let parameters = model.parameters.map(\.value)
        let batches = (0..<3).map { _ in
            Batch(
                inputs: .normal([8, 5], using: generator, dtype: .float64),
                targets: .integers([8], in: 0..<3, using: generator))
        }
        let start = parameters.map { $0.clone() }
        let progress = OwnProgress(of: model, CrossEntropy(), before: SGD(learningRate: rate), on: batches)
        #expect(zip(parameters, start).allSatisfy { $0.doubles() == $1.doubles() })
        var (taken, losses) = ([Double](), [Double]())
        for batch in batches {
            func loss() -> Tensor { CrossEntropy()(model(batch.inputs), batch.targets) }
            losses.append(loss().item())
            let slopes = withGradients(of: parameters) { gradient(of: loss(), with: parameters) }
            for (parameter, slope) in zip(parameters, slopes) { parameter.addInPlace(slope, scale: -3 * rate) }
            let ahead = loss().item()
            taken.append(ahead < losses.last! ? losses.last! - ahead : 0)
            for (parameter, value) in zip(parameters, start) { parameter.copy(from: value) }
        }
        #expect(abs(progress.share - taken.reduce(0, +) / losses.reduce(0, +)) < 1e-12)
        #expect(progress.gradientNormSquared > 0)
        #expect(rate > 1 ? taken.contains(0) : taken.allSatisfy { $0 > 0 }, "\(taken)")
        #expect(abs(progress.loss - losses.reduce(0, +) / 3) < 1e-12 && progress.gradientEvaluations == 4)
    }

    @Test("A learning rate that the loop sets around its steps goes on through a lost trial", arguments: [false, true])
    func ratesOfTheLoop(afterTheStep: Bool) throws {
        func numbers(_ plan: TeleportPlan) throws -> [[Double]] {
            let learner = Learner()
            let step = TrainingStep(learner.model, CrossEntropy(), learner.optimizer)
            let session = try TeleportingSession(step, plan, samples: learner.samples)
            for (index, batch) in learner.samples.batches(of: 10).enumerated() {
                if !afterTheStep { learner.optimizer.learningRate = 0.02 / Double(index + 1) }
                session.step(on: batch, inEpoch: 0)
                if afterTheStep { learner.optimizer.learningRate *= 0.5 }
            }
            session.settle()
            return learner.numbers
        }
        let plain = try numbers(TeleportPlan(schedule: Self.schedule(.steps([]))))
        #expect(try numbers(Self.harmful(.steps([1]), trialSteps: 3)) == plain)
    }

    @Test("Teleports that are interrupted end between two steps, and leave no state to go on from")
    func interruption() throws {
        let learner = Learner()
        let session = try TeleportingSession(
            learner.step, Self.harmful(.steps([0]), trialSteps: 3), samples: learner.samples)
        let before = session.state
        // Before the batch, and before each of two steps.
        var answers = [false, false, false]
        session.isInterrupted = { answers.popLast() ?? true }
        let outcome = session.step(on: learner.samples.batch(.range(5)), inEpoch: 0)
        #expect(outcome.teleports.count == 1)
        #expect(outcome.teleports.first?.steps == 2 && outcome.teleports.first?.ending == .interrupted)
        session.settle()
        #expect(session.state == nil)
        session.isInterrupted = { false }
        try session.restore(try #require(before))
        #expect(session.state != nil)
    }

    @Test("A remainder of the samples is no teleport batch")
    func remainders() throws {
        let learner = Learner()
        var plan = TeleportPlan(schedule: TeleportSchedule(.steps([0]), batchCount: 9, batchSize: 59), trialSteps: 0)
        for (size, count) in [(59, 1), (20, 3), (100, 1)] {
            plan.schedule.batchSize = size
            let session = try TeleportingSession(learner.step, plan, samples: learner.samples)
            #expect(session.step(on: learner.samples.all, inEpoch: 0).teleports.count == count)
        }
    }

    @Test("What training gains by stays as if there had been no trial")
    func aWonTrial() throws {
        func plan(_ trialSteps: Int) -> TeleportPlan {
            TeleportPlan(
                // All samples at once: nothing but the batches' statistics is another in training.
                NullSpaceTeleporter(Climb(cap: .relative(3))),
                schedule: TeleportSchedule(.steps([0]), batchCount: 1, batchSize: 60), controlSamples: 0,
                trialSteps: trialSteps)
        }
        let (without, tried) = (
            Learner(drops: false, learningRate: 1e-3), Learner(drops: false, learningRate: 1e-3)
        )
        try train(without, plan(0))
        let verdicts = try train(tried, plan(3)).compactMap(\.verdict)
        #expect(verdicts.map(\.keepsTeleports) == [true], "the instance gains")
        #expect(tried.numbers == without.numbers)
    }

    @Test("New teleports wait for the verdict on those before")
    func periods() throws {
        let learner = Learner()
        let outcomes = try train(learner, Self.harmful(.every(3), trialSteps: 5))
        #expect(outcomes.map(\.teleports.count) == [2, 0, 0, 2, 0, 0, 2, 0, 0, 2, 0, 0])
        // Of three steps each; the second and fourth are settled at the end of their epochs.
        #expect(outcomes.enumerated().filter { $1.verdict != nil }.map(\.offset) == [3, 9])
    }

    @Test("A teleport goes through a sixty-fourth of the samples, at most 12 batches, and never past the last full one")
    func batchCounts() {
        let counts = [(1, 1), (40, 1), (64 * 32, 1), (20_000, 9), (60_000, 12), (1_000_000, 12)]
        for (samples, count) in counts { #expect(TeleportSchedule().batchCount(of: samples) == count, "\(samples)") }
        #expect(TeleportSchedule(batchCount: 3).batchCount(of: 1_000) == 3)
        #expect(TeleportSchedule(batchCount: 3).batchCount(of: 80) == 2)
    }

    @Test(
        "A trial that the plan leaves open takes an eighth of the steps between teleports, 16 to 64",
        arguments: [
            (.epochs([0, 1, 4]), 1875, 64), (.epochs([0, 1, 4]), 200, 25), (.epochs([0, 2, 4]), 125, 31),
            (.epochs([2]), 125, 16), (.epochs([0, 1]), 20, 16), (.every(200), 1875, 25), (.every(10), 1875, 16),
            (.steps([7, 400, 200]), 1875, 24), (.steps([7]), 240, 30), (.epochs([]), 240, 30),
            (.epochs([0, Int.max]), 240, 64), (.auto, 1875, 64), (.auto, 128, 16), (.auto, 100, 25), (.auto, 20, 16),
            (.auto, .max, 64),
        ] as [(TeleportSchedule.Moments, Int, Int)])
    func openTrials(moments: TeleportSchedule.Moments, stepsPerEpoch: Int, count: Int) {
        var plan = TeleportPlan(schedule: TeleportSchedule(moments))
        #expect(plan.hasTrials && plan.trialStepCount(stepsPerEpoch: stepsPerEpoch) == count)
        plan.trialSteps = 3
        #expect(plan.hasTrials && plan.trialStepCount(stepsPerEpoch: stepsPerEpoch) == 3)
        plan.trialSteps = 0
        #expect(!plan.hasTrials && plan.trialStepCount(stepsPerEpoch: stepsPerEpoch) == 0)
    }

    @Test(
        "A session ends a trial that its plan leaves open by the steps of an epoch", arguments: [(nil, 16), (144, 18)])
    func lengthOfOpenTrials(stepsPerEpoch: Int?, count: Int) throws {
        let learner = Learner()
        // Both ways are equally good: no look is decided.
        let step = TrainingStep(learner.step.model, learner.step.loss, learner.step.optimizer) { _ in Tensor(1.0) }
        let session = try TeleportingSession(
            step, Self.harmful(.steps([0]), trialSteps: nil), samples: learner.samples,
            stepsPerEpoch: stepsPerEpoch)
        let batch = learner.samples.batch(.range(5))
        let outcomes = (0..<20).map { _ in session.step(on: batch, inEpoch: 0) }
        #expect(outcomes.firstIndex { $0.verdict != nil } == count - 1)
    }

    @Test(
        "After as many clearly lost trials as the plan has patience for there are no more teleports",
        arguments: [(1, true), (2, true), (1, false)])
    func patience(count: Int, isClear: Bool) throws {
        let (learner, way) = (Learner(), Way())
        let step = TrainingStep(learner.step.model, learner.step.loss, learner.step.optimizer) { _ in
            way.steps += 1
            // The way with the teleports is the worse one; where that is not clear, by one batch of many.
            let worse = isClear ? 2.0 : way.steps.isMultiple(of: 4) ? 9 : 1
            return Tensor(way.session?.needsRetracing == true ? 1.1 : worse)
        }
        let plan = Self.harmful(.every(6), trialSteps: 5, patience: count)
        var moments: [Int] = []
        way.session = try TeleportingSession(step, plan, samples: learner.samples)
        for (index, batch) in (Array(learner.samples.batches(of: 5)) + learner.samples.batches(of: 5)).enumerated() {
            let outcome = way.session?.step(on: batch, inEpoch: 0)
            if outcome?.teleports.isEmpty == false { moments.append(index) }
            if isClear, let verdict = outcome?.verdict { #expect(!verdict.keepsTeleports) }
            // What a session has lost goes along with its state.
            guard let state = way.session?.state else { continue }
            way.session = try TeleportingSession(step, plan, samples: learner.samples)
            try way.session?.restore(state)
        }
        #expect(moments == Array([0, 6, 12, 18].prefix(isClear ? count : 4)))
        #expect(way.session?.teleportsHaveEnded == isClear)
    }

    @Test("A trial that is clearly decided ends at the first look", arguments: [(1.0, 2.0), (2.0, 1.0), (1.5, 1.5)])
    func earlyVerdict(with: Double, without: Double) throws {
        let (learner, way) = (Learner(), Way())
        let step = TrainingStep(learner.step.model, learner.step.loss, learner.step.optimizer) { _ in
            way.steps += 1
            return Tensor((way.session?.needsRetracing == true ? without : with) + 0.01 * Double(way.steps % 3))
        }
        way.session = try TeleportingSession(
            step, Self.harmful(.steps([0]), trialSteps: 24), samples: learner.samples)
        let batch = learner.samples.batch(.range(5))
        let outcomes = (0..<30).compactMap { _ in way.session?.step(on: batch, inEpoch: 0) }
        let verdicts = outcomes.indices.filter { outcomes[$0].verdict != nil }
        let isClear = with != without
        #expect(verdicts == [isClear ? 15 : 23])
        #expect(outcomes[verdicts[0]].verdict?.keepsTeleports == (with < without || !isClear))
        // The steps of both ways.
        #expect(way.steps == 30 + (isClear ? 16 : 24))
    }

    @Test(
        "What goes without saying is before the first five epochs, at least 128 steps apart, and the session says which",
        arguments: [
            (1875, 0, [0, 1, 2, 3, 4], 0), (128, 0, [0, 1, 2, 3, 4], 0), (127, 0, [0, 2, 4], 2), (60, 0, [0, 3], 3),
            (20, 0, [0], 4), (.max, 0, [0, 1, 2, 3, 4], 0), (130, 20, [0, 2, 3, 4], 1), (100, 40, [0, 2, 4], 2),
            (100, 100, [1, 3], 2), (100, 130, [1, 3], 2), (100, 450, [4], 0), (20, 50, [2], 2), (20, 100, [], 0),
        ] as [(Int, Int, Set<Int>, Int)])
    func auto(stepsPerEpoch: Int, warmUp: Int, epochs: Set<Int>, passedOver: Int) throws {
        let schedule = TeleportSchedule(warmUpSteps: warmUp)
        #expect(schedule.moments == .auto)
        let learner = Learner()
        let session = try TeleportingSession(
            learner.step, TeleportPlan(schedule: schedule), samples: learner.samples, stepsPerEpoch: stepsPerEpoch)
        #expect(session.plan.schedule == TeleportSchedule(epochs: epochs, warmUpSteps: warmUp))
        #expect(schedule.passedOver(stepsPerEpoch: stepsPerEpoch, in: 5) == passedOver)
        #expect(schedule.passedOver(stepsPerEpoch: stepsPerEpoch, in: 1) == 0)
        // What is asked for is not passed over.
        let asked = TeleportSchedule(epochs: 0..<5, warmUpSteps: warmUp)
        #expect(asked.settled(stepsPerEpoch: stepsPerEpoch) == asked)
        #expect(asked.passedOver(stepsPerEpoch: stepsPerEpoch, in: 5) == 0)
    }

    @Test(
        "Moments are those that the schedule names",
        arguments: [
            (TeleportSchedule.Moments.epochs([0, 2]), 0, [0, 8]), (.epochs([0, 2]), 3, [3, 8]),
            (.epochs([1, 2]), 4, [4, 8]), (.epochs([0, 1]), 5, [5]), (.steps([1, 5]), 0, [1, 5]),
            (.steps([1, 5]), 3, [5]), (.every(5), 0, [0, 5, 10]), (.every(5), 1, [5, 10]), (.epochs([]), 0, []),
            (.auto, 0, [0, 4, 8]),
        ])
    func moments(moments: TeleportSchedule.Moments, warmUp: Int, expected: [Int]) {
        let schedule = TeleportSchedule(moments, warmUpSteps: warmUp)
        let positions = (0..<12).map { TeleportSchedule.Position(epoch: $0 / 4, stepOfEpoch: $0 % 4, step: $0) }
        #expect(positions.filter(schedule.isDue).map(\.step) == expected)
    }

    @Test("Runs with and without control samples see the same teleport batches")
    func controlSamplesAreDrawnApart() throws {
        func losses(_ controlSamples: Int) throws -> [Double] {
            let plan = TeleportPlan(
                NullSpaceTeleporter(Climb(cap: .fixed(1e-30))), schedule: Self.schedule(.every(4)),
                controlSamples: controlSamples, trialSteps: 0)
            return try train(Learner(), plan).flatMap { $0.teleports.map(\.lossBefore) }
        }
        let (with, without) = (try losses(20), try losses(0))
        #expect(with.count == 6 && with == without)
    }

    @Test("Where the optimizer starts anew, the cap looks through its new state")
    func reset() throws {
        func growth(_ policy: TeleportPlan.OptimizerStatePolicy) throws -> (growth: Double, numbers: [[Double]]) {
            let learner = Learner(drops: false)
            // Old velocities that promise much: the cap is reached at once.
            for _ in 0..<5 { learner.step(on: learner.samples.all) }
            let plan = TeleportPlan(
                NullSpaceTeleporter(Climb(cap: .predicted(0.1))),
                schedule: TeleportSchedule(.steps([0]), batchCount: 1, batchSize: 60), controlSamples: 0, trialSteps: 0,
                optimizerState: policy)
            let session = try TeleportingSession(learner.step, plan, samples: learner.samples)
            let reports = session.step(on: learner.samples.all, inEpoch: 0).teleports
            return (reports[0].gradientNormSquaredAfter / reports[0].gradientNormSquaredBefore, learner.numbers)
        }
        let (kept, reset) = (try growth(.keep), try growth(.reset))
        #expect(kept.growth < reset.growth, "\(kept.growth), \(reset.growth)")
        #expect(kept.numbers != reset.numbers)
    }

    @Test("A session goes on from its state as if it had never stopped")
    func state() throws {
        let plan = TeleportPlan(
            NullSpaceTeleporter(Climb(steps: 2, stepSize: .growth(0.1))), schedule: Self.schedule(.every(4)),
            controlSamples: 10, trialSteps: 0)
        let (whole, halves) = (Learner(), Learner())
        try train(whole, plan)
        let order = Generator(seed: 9)
        var session = try TeleportingSession(halves.step, plan, samples: halves.samples)
        for epoch in 0..<2 {
            for batch in halves.samples.batches(of: 10, shuffledBy: order) {
                session.step(on: batch, inEpoch: epoch)
                guard session.position.step == 5 else { continue }
                let state = try #require(session.state)
                session = try TeleportingSession(halves.step, plan, samples: halves.samples)
                try session.restore(state)
            }
        }
        #expect(session.position == TeleportSchedule.Position(epoch: 1, stepOfEpoch: 6, step: 12))
        #expect(halves.numbers == whole.numbers)
        let incomplete = TeleportingSession.State(
            position: TeleportSchedule.Position(), hasTeleported: false, lostTrials: 0,
            generators: ["teleports": Tensor([UInt8(0)])])
        #expect(throws: SessionStateError.self) { try session.restore(incomplete) }
    }

    @Test("There is no state while teleports are on trial")
    func stateOnTrial() throws {
        let learner = Learner()
        let session = try TeleportingSession(
            learner.step, Self.harmful(.steps([1]), trialSteps: 3), samples: learner.samples)
        var known: [Bool] = []
        for batch in learner.samples.batches(of: 10) {
            session.step(on: batch, inEpoch: 0)
            known.append(session.state != nil)
        }
        #expect(known == [true, false, false, true, true, true])
    }

    @Test("What does not go together is refused at the beginning")
    func refusals() {
        let learner = Learner()
        #expect(throws: SymmetryRefusal.self) {
            try TeleportingSession(learner.step, TeleportPlan(SymmetryTeleporter()), samples: learner.samples)
        }
        #expect(throws: ObjectiveRefusal.self) {
            let step = TrainingStep(learner.model, CrossEntropy(), RuleOptimizer(NoDiagonal(learningRate: 0.1)))
            let plan = TeleportPlan(NullSpaceTeleporter(Climb(objective: PreconditionedNorm())))
            return try TeleportingSession(step, plan, samples: learner.samples)
        }
        let wrong = Samples(inputs: learner.samples.all.inputs, targets: learner.samples.all.targets + 3)
        #expect(throws: LossError.self) { try TeleportingSession(learner.step, TeleportPlan(), samples: wrong) }
        // A label beyond those that a session runs the model for.
        let labels = learner.samples.all.targets.clone()
        labels.narrowed(0, to: 40..<41).fill(3)
        let late = Samples(inputs: learner.samples.all.inputs, targets: labels)
        let error = #expect(throws: LossError.self) {
            try TeleportingSession(learner.step, TeleportPlan(), samples: late)
        }
        #expect(error == .label(3, position: 40, classes: 3, ignored: -100))
    }

    @Test("A number that is none to go by is refused by its name")
    func senselessNumbers() throws {
        let learner = Learner()
        let plans = [
            ("trial-steps", TeleportPlan(trialSteps: -1)), ("control-samples", TeleportPlan(controlSamples: -2)),
            ("patience", TeleportPlan(patience: -1)), ("own-progress", TeleportPlan(largestOwnProgress: 1.5)),
            ("warm-up-steps", TeleportPlan(schedule: TeleportSchedule(warmUpSteps: -1))),
            ("teleport-batches", TeleportPlan(schedule: TeleportSchedule(batchCount: 0))),
            ("teleport-batch-size", TeleportPlan(schedule: TeleportSchedule(batchSize: 0))),
            ("schedule", TeleportPlan(schedule: TeleportSchedule(.every(0)))),
            ("schedule", TeleportPlan(schedule: TeleportSchedule(epochs: [-1]))),
        ]
        for (setting, plan) in plans {
            let refusal = #expect(throws: SettingRefusal.self, "\(setting)") {
                try TeleportingSession(learner.step, plan, samples: learner.samples)
            }
            #expect(refusal?.setting == setting)
        }
    }

    @Test("No sample stands alone where samples see each other")
    func loneSamples() throws {
        let learner = Learner()
        let plan = TeleportPlan(controlSamples: 1)
        let control = #expect(throws: TeleportPlanRefusal.self) {
            try TeleportingSession(learner.step, plan, samples: learner.samples)
        }
        #expect(control == .loneControlSample(model: "Sequential"))
        #expect(control?.description.contains("at least 2, or 0") == true)
        let batches = #expect(throws: TeleportPlanRefusal.self) {
            let plan = TeleportPlan(schedule: TeleportSchedule(batchSize: 1))
            return try TeleportingSession(learner.step, plan, samples: learner.samples)
        }
        #expect(batches == .loneTeleportSample(model: "Sequential"))
        // Elsewhere a sample may stand alone.
        let plain = TrainingStep(Dense(6, 3, using: Generator(seed: 0), dtype: .float64), CrossEntropy(), SGD())
        _ = try TeleportingSession(plain, plan, samples: learner.samples)
    }

    @Test("Where the optimizer starts anew, it does so for the model of the session alone")
    func resetOfOneModel() throws {
        let (learner, other) = (Learner(drops: false), Learner(drops: false))
        for _ in 0..<3 { learner.step(on: learner.samples.all) }
        let parameters = other.model.parameters.map(\.value)
        let gradients = LinearizedLoss(other.model, CrossEntropy(), on: other.samples.all).gradients(of: parameters)
        learner.optimizer.update(parameters, with: gradients)
        let before = learner.optimizer.state(of: parameters).entries
        let plan = TeleportPlan(
            NullSpaceTeleporter(), schedule: Self.schedule(.steps([0])), controlSamples: 0, trialSteps: 0,
            optimizerState: .reset)
        let session = try TeleportingSession(learner.step, plan, samples: learner.samples)
        #expect(session.step(on: learner.samples.all, inEpoch: 0).teleports.contains { $0.hasMoved })
        #expect(learner.optimizer.state(of: learner.step.parameters).entries.allSatisfy { $0.stepCount == 1 })
        for (entry, old) in zip(learner.optimizer.state(of: parameters).entries, before) {
            #expect(entry.stepCount == 1)
            #expect(entry.tensors.mapValues { $0.doubles() } == old.tensors.mapValues { $0.doubles() })
        }
    }

    @Test("Numbers that make no sense trap with a sentence", arguments: 0..<3)
    func senseless(index: Int) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [index] in
            let learner = Learner()
            if index == 0 { _ = learner.samples.batches(of: 0) }
            let session = try TeleportingSession(
                learner.step, TeleportPlan(schedule: TeleportSchedule(epochs: [])), samples: learner.samples)
            session.step(on: learner.samples.all, inEpoch: index == 1 ? -1 : 2)
            session.step(on: learner.samples.all, inEpoch: 1)
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        let expected = [
            "batches of 0 samples", "a step in epoch -1", "a step in epoch 1 after epoch 2",
        ]
        #expect(message.contains(expected[index]), "\(message)")
    }

    @Test("A damaged state is refused, and the session goes on as it was")
    func damagedStates() throws {
        let learner = Learner()
        let session = try TeleportingSession(learner.step, TeleportPlan(), samples: learner.samples)
        let state = try #require(session.state)
        for name in ["teleports", "control"] {
            var damaged = state
            damaged.generators["teleports"] = Generator(seed: 77).state
            damaged.generators[name] = Tensor([1, 2, 3] as [UInt8])
            damaged.position.step = 9
            let error = #expect(throws: SessionStateError.self) { try session.restore(damaged) }
            #expect(error?.description.contains("[3] of uint8") == true)
        }
        var damaged = state
        damaged.position.stepOfEpoch = -1
        #expect(throws: SessionStateError.self) { try session.restore(damaged) }
        let after = try #require(session.state)
        #expect(after.position == state.position)
        #expect(after.generators.mapValues { $0.doubles() } == state.generators.mapValues { $0.doubles() })
    }

    @Test("A snapshot leaves out what nothing changes")
    func constants() {
        let generator = Generator(seed: 6)
        let frozen = Sequential(Dense(3, 3, using: generator), BatchNormalization(3))
        let model = Sequential(Frozen(frozen), Dense(3, 2, using: generator))
        let snapshot = Snapshot(of: model, SGD())
        let tensors = model.parameters + model.buffers
        for tensor in tensors { tensor.value.fill(7) }
        snapshot.restore()
        let kept = tensors.filter { $0.value.doubles().contains(7) }.map(\.name)
        #expect(kept == ["0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias"])
    }
}

/// A rule that says nothing of a preconditioner.
private struct NoDiagonal: UpdateRule {
    var learningRate: Double

    func step(_ parameter: Tensor, gradient: Tensor, state: [String: Tensor], count: Int) {
        parameter.addInPlace(gradient, scale: -learningRate)
    }
}
