import Foundation
import Optimizers
import Reporting
import Teleportation
import TestSupport
import Testing
import Torch

@testable import Experiments

/// A training that is interrupted and gone on with.
@Suite struct TrainExperimentTests {
    private func experiment(
        epochs: Int = 3,
        _ course: TrainExperiment.Course = TrainExperiment.Course(checkpointEvery: 4, keptCheckpoints: 3),
        learningRate: Double = 0.02
    ) throws -> TrainExperiment {
        try interruptedExperiment(epochs: epochs, course, learningRate: learningRate)
    }

    private func lines(_ folder: TrainingFolder) throws -> [[String: JSONValue]] {
        try String(contentsOf: folder.records, encoding: .utf8).split(separator: "\n").map {
            var line = try JSONDecoder().decode([String: JSONValue].self, from: Data($0.utf8))
            line["seconds"] = nil
            line["teleportSeconds"] = nil
            return line
        }
    }

    @Test("A run that is stopped again and again leaves the records and the weights of one that was not")
    func resumes() throws {
        try withTemporaryFolder { url in
            let whole = TrainingFolder(url.appendingPathComponent("whole"))
            let summary = try experiment().run(in: whole)
            #expect(summary.ending == .complete && summary.run.epochs.count == 3)
            #expect(
                summary.run.teleports.contains(where: \.isRestored) || summary.run.teleports.contains(where: \.hasMoved)
            )

            let parts = TrainingFolder(url.appendingPathComponent("parts"))
            var (checkpoint, stops) = (Checkpoint?.none, 0)
            while true {
                // A run that is stopped within teleports makes them anew: it must get further than the one before.
                var budget = 7 + stops
                let part = try experiment().run(
                    in: parts, from: checkpoint,
                    isCancelled: {
                        budget -= 1
                        return budget < 0
                    })
                // Lines of a run that died after its last checkpoint are made anew.
                let handle = try FileHandle(forWritingTo: parts.records)
                try handle.seekToEnd()
                try handle.write(contentsOf: Data(#"{"kind": "tele"#.utf8))
                try handle.close()
                checkpoint = try parts.checkpoints(keeping: 3).newest { Issue.record("\($0)") }
                stops += 1
                if part.ending == .complete { break }
                #expect(part.ending == .interrupted && stops < 100)
            }
            #expect(stops > 3)
            _ = try experiment().run(in: parts, from: checkpoint)
            #expect(try lines(parts) == lines(whole))
            #expect(try Data(contentsOf: parts.model) == Data(contentsOf: whole.model))
            // An epoch's line says after which step it ended, and comes after the teleports before it.
            let steps = try lines(whole).map { line -> Int in
                if case .integer(let step)? = line["step"] { step } else { -1 }
            }
            #expect(steps == steps.sorted() && steps.contains(10) && steps.contains(30))
            #expect(Set(try lines(whole).map { $0["kind"] }) == ["epoch", "teleport"])
        }
    }

    @Test("The newest checkpoints stay, and the one of the lowest test loss")
    func keeps() throws {
        try withTemporaryFolder { url in
            let folder = TrainingFolder(url)
            let run = try experiment(epochs: 4, .init(keptCheckpoints: 2), learningRate: 0.3).run(in: folder).run
            let checkpoints = folder.checkpoints(keeping: 2)
            #expect(checkpoints.steps == [30, 40])
            let best = try Checkpoint(contentsOf: checkpoints.best).state.progress.record.epochs
            #expect(best.last?.testLoss == run.epochs.map(\.testLoss).min())
            #expect(best.count < 4, "a run whose last epoch is its best shows nothing")
        }
    }

    @Test("A damaged checkpoint costs itself: the one before it is taken, and told of")
    func damaged() throws {
        try withTemporaryFolder { url in
            let folder = TrainingFolder(url)
            _ = try experiment().run(in: folder)
            let checkpoints = folder.checkpoints(keeping: 3)
            let steps = checkpoints.steps
            func file(_ step: Int) -> URL {
                checkpoints.url.appendingPathComponent(String(format: "step-%012d.safetensors", step))
            }
            let contents = try Data(contentsOf: file(steps[2]))
            try contents.prefix(contents.count - 1).write(to: file(steps[2]))
            var warnings: [String] = []
            let newest = try checkpoints.newest { warnings.append($0) }
            #expect(newest?.state.progress.position.step == steps[1])
            #expect(warnings.count == 1 && warnings[0].contains("step-") && warnings[0].contains("step \(steps[1])"))
            for step in steps.dropLast() { try Data("nothing".utf8).write(to: file(step)) }
            #expect(throws: CheckpointError.self) { try checkpoints.newest { _ in } }
            // Weights are no checkpoint.
            try Data(contentsOf: folder.model).write(to: file(steps[2]))
            #expect(throws: CheckpointError.self) { try Checkpoint(contentsOf: file(steps[2])) }
            checkpoints.clear()
            #expect(
                try checkpoints.newest { _ in } == nil && !FileManager.default.fileExists(atPath: checkpoints.best.path)
            )
        }
    }

    @Test("What cannot be written costs that and not the run")
    func unwritable() throws {
        try withTemporaryFolder { url in
            let folder = TrainingFolder(url)
            var (warnings, isBroken) = ([String](), false)
            let course = TrainExperiment.Course(keptCheckpoints: 2)
            let summary = try experiment(epochs: 3, course).run(
                in: folder, warn: { warnings.append($0) },
                isCancelled: {
                    // After the first epoch the folder of checkpoints is gone, and its name taken.
                    let checkpoints = folder.checkpoints(keeping: 2)
                    if !isBroken, !checkpoints.steps.isEmpty {
                        isBroken = true
                        try? FileManager.default.removeItem(at: checkpoints.url)
                        try? Data().write(to: checkpoints.url)
                    }
                    return false
                })
            #expect(summary.ending == .complete && summary.run.epochs.count == 3)
            #expect(warnings.count == 3 && warnings.allSatisfy { $0.contains("step 10") }, "\(warnings)")
            #expect(try lines(folder).count { $0["kind"] == "epoch" } == 3)
        }
    }

    @Test("A run ends where it was told to, and goes on from there")
    func ends() throws {
        try withTemporaryFolder { url in
            let folder = TrainingFolder(url)
            var course = TrainExperiment.Course(until: .step(14))
            let stopped = try experiment(course).run(in: folder)
            #expect(stopped.ending == .stopped && stopped.run.epochs.count == 1)
            let checkpoint = try #require(try folder.checkpoints(keeping: 2).newest { _ in })
            #expect(checkpoint.state.progress.position.step >= 14)
            let losses = try experiment(TrainExperiment.Course()).run(in: folder, from: checkpoint).run.epochs
            course.until = .testLoss(losses[1].testLoss)
            #expect(try experiment(course).run(in: folder).run.epochs.count == 2)
            course = TrainExperiment.Course(earlyStopping: 1)
            let early = try experiment(epochs: 30, course, learningRate: 0.3).run(in: folder)
            let testLosses = early.run.epochs.map(\.testLoss)
            #expect(early.ending == .stopped && testLosses.count < 30)
            #expect(try #require(testLosses.last) > #require(testLosses.dropLast().min()))
        }
    }

    @Test("Stop conditions have a text form")
    func texts() throws {
        for text in ["train-loss:0.1", "test-loss:2.5", "step:1000"] {
            #expect(try StopCondition(text: text).text == text)
        }
        for text in ["loss:0.1", "step:1.5", "test-loss:0", "test-loss", "step:-3"] {
            #expect(throws: (any Error).self) { try StopCondition(text: text) }
        }
    }
}
