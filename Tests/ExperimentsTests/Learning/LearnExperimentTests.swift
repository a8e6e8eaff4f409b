import Foundation
import Reporting
import Teleportation
import TestSupport
import Testing
import TextForms
import Torch

@testable import Experiments

/// Learning in small: trained, kept, gone on with and tried.
@Suite struct LearnExperimentTests {
    private static func course(_ quantity: LearnedQuantity = .updateAndTeleport) -> LearningCourse {
        var course = LearningCourse()
        course.metaOptimizer = .init(sizes: [4, 4, 4], quantity, hidden: 6)
        course.training.unroll = 5
        course.samples = 4
        course.steps = 10
        return course
    }

    private static func bytes(_ run: LearningRun) -> [[Float]] {
        run.metaOptimizer.parameters.map { $0.value.elements() }
    }

    @Test("A training that stops goes on to the last bit", arguments: LearnedQuantity.allCases)
    func goesOn(_ quantity: LearnedQuantity) throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let file = folder.appendingPathComponent("learned.safetensors")
            var whole = try LearningRun(Self.course(quantity), trajectories: 4)
            while !whole.isDone { try whole.next() }
            var first = try LearningRun(Self.course(quantity), trajectories: 4, file: file)
            for _ in 0..<2 { try first.next() }
            try first.save()
            var second = try LearningRun(Self.course(quantity), trajectories: 4, file: file, resumes: true)
            #expect(second.progress.trajectories == 2)
            while !second.isDone { try second.next() }
            #expect(second.lastLoss == whole.lastLoss && second.progress.trajectories == 4)
            #expect(Self.bytes(second) == Self.bytes(whole))
            // Another course, or another element type, is no going on.
            var other = Self.course(quantity)
            other.training.unroll = 2
            let error = #expect(throws: LearnedFileError.self) {
                _ = try LearningRun(other, trajectories: 4, file: file, resumes: true)
            }
            #expect(error?.description.contains("was learned with unroll 5 and not 2") == true)
            #expect(throws: LearnedFileError.self) {
                _ = try LearningRun(Self.course(quantity), trajectories: 4, dtype: .float64, file: file, resumes: true)
            }
        }
    }

    @Test("Gradient descent takes the largest rate of one digit with which nothing diverges")
    func descent() throws {
        let problems = try LearningCourse().unseenProblems(0..<4)
        let descent = PlainDescent(on: problems, steps: 60)
        let rate = try #require(descent.largestStableRate())
        // The paper's is 3e-4.
        #expect((2e-4...6e-4).contains(rate))
        let losses = descent.losses(learningRate: rate)
        #expect(losses.count == 61 && losses[0].count == 4)
        #expect(zip(losses[0], losses[60]).allSatisfy { $1 < $0 })
        let next = descent.losses(learningRate: rate + 1e-4)
        #expect(!zip(next[0], next[60]).allSatisfy { $1 <= $0 })
        // One step by hand.
        let (_, gradients) = problems.differentiated(at: problems.initialWeights)
        let moved = zip(problems.initialWeights, gradients).map { $0 - $1 * rate }
        #expect(problems.losses(of: moved).doubles() == losses[1])
    }

    @Test("All arms are trained, kept, and tried on problems that they have not seen")
    func experiment() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var experiment = LearnExperiment(
                LearnedQuantity.allCases.map { .init(Self.course($0), trajectories: 3) }, unseenProblems: 3,
                unseenSteps: 40, saveEvery: 2, folder: folder)
            try experiment.check()
            #expect(experiment.job == ProgressLine.Job(runs: 1, epochs: 6, batches: 2))
            let result = try experiment.run()
            #expect(result.trials.map(\.key) == ["gradient-descent", "update", "rate+teleport", "update+teleport"])
            for trial in result.trials {
                #expect(trial.losses.count == 41 && trial.losses[0] == result.trials[0].losses[0])
                #expect(trial.secondsOfStep > 0)
            }
            #expect(result.table.rows.count == 4 && result.figure.panels.count == 3)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                    "lstm-rate-teleport.safetensors", "lstm-update-teleport.safetensors", "lstm-update.safetensors",
                ])
            // Nothing is left to train: the files alone are tried.
            experiment.resumes = true
            let again = try experiment.run()
            #expect(again.trials.map(\.losses) == result.trials.map(\.losses))
            let joined = result.joined(with: again)
            #expect(joined.trials[0].losses[0].count == 3 && joined.trials[1].losses[0].count == 6)
            let contents = try result.json(date: Date(), processorWait: nil).json()
            let json = try JSONDecoder().decode(JSONValue.self, from: contents)
            #expect(json != .null)
        }
    }

    @Test("Once cancelled, what was learned so far is kept")
    func cancelled() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let experiment = LearnExperiment(
                [.init(Self.course(), trajectories: 50)], unseenProblems: 1, unseenSteps: 2, saveEvery: 20,
                folder: folder)
            var asked = 0
            _ = try experiment.run {
                asked += 1
                return asked > 3
            }
            let kept = try MetaOptimizerCheckpoint(contentsOf: experiment.files[0])
            #expect(kept.progress.trajectories == 3)
        }
    }

    @Test("What cannot be learned is refused")
    func refusals() throws {
        var course = Self.course()
        course.samples = 5
        #expect(throws: LearningRefusal.tooManySamples(5, inputs: 4)) {
            try LearnExperiment([.init(course, trajectories: 1)]).check()
        }
        course = Self.course()
        course.steps = 4
        #expect(throws: LearningRefusal.tooFewSteps(4, unroll: 5)) {
            try LearnExperiment([.init(course, trajectories: 1)]).check()
        }
        // An update alone teleports nothing.
        course = Self.course(.update)
        course.samples = 5
        try LearnExperiment([.init(course, trajectories: 1)]).check()
        for refusal in [LearningRefusal.tooManySamples(5, inputs: 4), .seed(10_000), .tooFewSteps(4, unroll: 5)] {
            #expect(refusal.description.hasPrefix("--"))
        }
    }

    @Test("Settings come back from their texts", arguments: LearningCourse.settings.map(\.name))
    func settings(_ name: String) throws {
        let others = [
            "arm": "update", "sizes": "5,6,7,8", "samples": "3", "slope": "0.3", "hidden-size": "9",
            "group-element": "first-order", "element-norm": "0.2", "trajectory-steps": "40", "unroll": "4",
            "update-learning-rate": "0.25", "teleport-learning-rate": "0.125", "seed": "7",
        ]
        let setting = try #require(LearningCourse.settings.first { $0.name == name })
        var course = LearningCourse()
        try setting.set(&course, to: try #require(others[name]))
        #expect(setting.text(of: course) == others[name] && course != LearningCourse())
        #expect(throws: TextError.self) { try setting.set(&course, to: "x") }
        for other in LearningCourse.settings where other.name != name {
            #expect(other.text(of: course) == other.text(of: LearningCourse()))
        }
    }

    @Test func quantities() throws {
        #expect(try LearnedQuantities(text: "update,rate+teleport").values == [.update, .rateAndTeleport])
        #expect(LearnedQuantities(LearnedQuantity.allCases).text == "update,rate+teleport,update+teleport")
        for text in ["", "update,update", "teleport", "update;rate+teleport"] {
            #expect(throws: TextError.self) { _ = try LearnedQuantities(text: text) }
        }
    }
}
