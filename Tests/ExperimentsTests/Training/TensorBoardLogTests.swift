import Foundation
import Reporting
import Teleportation
import TestSupport
import Testing

@testable import Experiments

/// The event files of a training.
@Suite struct TensorBoardLogTests {
    private func experiment(epochs: Int = 3) throws -> TrainExperiment {
        try interruptedExperiment(epochs: epochs, .init(checkpointEvery: 4, keptCheckpoints: 3, log: .tensorBoard))
    }

    private func files(_ folder: TrainingFolder) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder.tensorBoard, includingPropertiesForKeys: nil)
    }

    private func events(_ folder: TrainingFolder) throws -> [TensorBoardEvent] {
        let file = try #require(files(folder).first)
        return TensorBoardEvent.events(in: try Data(contentsOf: file))
    }

    /// The numbers by tag and step, without times, which differ from run to run; of two for one step the test fails.
    private func scalars(_ folder: TrainingFolder) throws -> [String: [Int: Float]] {
        var scalars: [String: [Int: Float]] = [:]
        for event in try events(folder) {
            for scalar in event.scalars where !scalar.tag.hasPrefix("time/") && scalar.tag != "teleport/seconds" {
                let former = scalars[scalar.tag, default: [:]].updateValue(scalar.value, forKey: event.step)
                #expect(former == nil, "\(scalar.tag) at step \(event.step)")
            }
        }
        return scalars
    }

    @Test("The numbers are those of the records, at the training steps where they were measured")
    func numbers() throws {
        try withTemporaryFolder { url in
            let folder = TrainingFolder(url)
            let run = try experiment().run(in: folder).run
            let scalars = try scalars(folder)
            let epochs: [(tag: String, value: (EpochRecord) -> Double)] = [
                ("loss/train", { $0.trainLoss }), ("loss/test", { $0.testLoss }),
                ("accuracy/test", { $0.testAccuracy ?? .nan }), ("learning-rate", { _ in 0.02 }),
                ("gradient-norm/train", { $0.gradientNormSquared.squareRoot() }),
            ]
            for (tag, value) in epochs {
                let expected = run.epochs.map { ($0.epoch * 10, Float(value($0))) }
                #expect(scalars[tag] == Dictionary(uniqueKeysWithValues: expected), "\(tag)")
            }
            let teleports = Dictionary(grouping: run.teleports, by: \.step)
            #expect(teleports.count > 2 && teleports.values.allSatisfy { $0.count > 1 }, "several batches each")
            for (tag, path) in [("before", \TeleportRecord.lossBefore), ("after", \TeleportRecord.lossAfter)] {
                let means = teleports.mapValues { Float($0.map { $0[keyPath: path] }.reduce(0, +) / Double($0.count)) }
                #expect(scalars["teleport/loss-\(tag)"] == means)
                #expect(scalars["teleport/objective-\(tag)"]?.keys == means.keys)
            }
            #expect(
                scalars["teleport/batches-moved"] == teleports.mapValues { Float($0.count(where: \.hasMoved)) })
            let steps = try events(folder).map(\.step)
            #expect(steps == steps.sorted(), "TensorBoard drops what goes back")
        }
    }

    @Test("A run that is stopped again and again has one number for each step and tag, those of one that was not")
    func resumes() throws {
        try withTemporaryFolder { url in
            let (whole, parts) = (
                TrainingFolder(url.appendingPathComponent("whole")), TrainingFolder(url.appendingPathComponent("parts"))
            )
            _ = try experiment().run(in: whole)
            var (checkpoint, stops, times) = (Checkpoint?.none, 0, [Double]())
            while true {
                // A run that is stopped within teleports makes them anew: it must get further than the one before.
                var budget = 7 + stops
                let part = try experiment().run(
                    in: parts, from: checkpoint,
                    isCancelled: {
                        budget -= 1
                        return budget < 0
                    })
                let events = try events(parts)
                // What was there keeps its time.
                #expect(events.map(\.wallTime).starts(with: times))
                times = events.map(\.wallTime)
                checkpoint = try parts.checkpoints(keeping: 3).newest { Issue.record("\($0)") }
                if part.ending == .complete { break }
                stops += 1
                // A process that is killed has told more than its last checkpoint has, and half of what came then.
                let later = TensorBoardEvent(wallTime: 1, step: 1000, scalars: [.init("loss/train", 9)]).record
                let handle = try FileHandle(forWritingTo: try #require(files(parts).first))
                try handle.seekToEnd()
                try handle.write(contentsOf: later + later.prefix(stops % later.count))
                try handle.close()
                #expect(stops < 100)
            }
            #expect(stops > 3)
            #expect(try scalars(parts) == scalars(whole) && files(parts).count == 1)
        }
    }

    @Test("Another run in the folder begins anew")
    func clears() throws {
        try withTemporaryFolder { url in
            let folder = TrainingFolder(url)
            _ = try experiment(epochs: 1).run(in: folder)
            #expect(try files(folder).count == 1)
            try Data("mine".utf8).write(to: folder.tensorBoard.appendingPathComponent("notes.txt"))
            folder.clear()
            #expect(try files(folder).map(\.lastPathComponent) == ["notes.txt"])
        }
    }

    @Test(
        "TensorBoard reads the same",
        .enabled(if: Python.withTensorBoard != nil, Comment(rawValue: Python.tensorBoardIsMissing)))
    func tensorBoard() throws {
        try withTemporaryFolder { url in
            let folder = TrainingFolder(url)
            _ = try experiment().run(in: folder)
            let python = try #require(Python.withTensorBoard)
            let output = try python.run(
                """
                import json, sys
                from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
                log = EventAccumulator(sys.argv[1])
                log.Reload()
                print(json.dumps({tag: [[s.step, s.value] for s in log.Scalars(tag)] for tag in log.Tags()["scalars"]}))
                """, folder.tensorBoard.path)
            let read = try JSONDecoder().decode([String: [[Double]]].self, from: Data(output.utf8))
            let own = try scalars(folder)
            #expect(Set(read.keys) == Set(own.keys).union(["time/training", "time/teleports", "teleport/seconds"]))
            for (tag, values) in own {
                let pairs = try #require(read[tag])
                #expect(pairs.count == values.count, "\(tag)")
                for pair in pairs { #expect(values[Int(pair[0])] == Float(pair[1]), "\(tag) at \(pair[0])") }
            }
        }
    }
}
