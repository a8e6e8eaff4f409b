import Foundation
import Reporting
import TestSupport
import Testing

@testable import Experiments

@Suite struct SweepTests {
    @Test("Ranges go by equal ratios, and lists are as they are")
    func ranges() throws {
        #expect(
            try SweepRange(text: "learning-rate=1e-4..1:5").numbers == [1e-4, 1e-3, 1e-2, 0.1, 1])
        #expect(try SweepRange(text: "--learning-rate=1..0.01:3").values == ["1", "0.1", "0.01"])
        let list = try SweepRange(text: "optimizer=sgd,adam:beta1=0.95")
        #expect(list.option == "optimizer" && list.values == ["sgd", "adam:beta1=0.95"] && list.numbers == nil)
        #expect(try SweepRange(text: list.text) == list)
        for text in ["learning-rate", "=1,2", "a=1", "a=1,1", "a=1,,2", "a=0..1:3", "a=1..2:1", "a=1..1:3", "a=1..2:x"]
        {
            #expect(throws: (any Error).self, "\(text)") { try SweepRange(text: text) }
        }
    }

    /// A run with such losses, each epoch of which takes so many gradients and twice as many seconds.
    private func run(_ losses: [Double], work: Double) -> Run {
        Run(
            epochs: losses.enumerated().map { index, loss in
                EpochRecord(
                    epoch: index + 1, trainLoss: loss, testLoss: loss, gradientNormSquared: 1,
                    seconds: 2 * work * Double(index + 1), teleportSeconds: 0,
                    gradientEvaluations: work * Double(index + 1))
            })
    }

    private func cell(_ value: String, _ baseline: [[Double]], _ teleport: [[Double]]) -> SweepRecord.Cell {
        SweepRecord.Cell(
            value: value, epochs: 2,
            arms: Summary.Arms(
                baseline: ArmRecord(seeds: Array(baseline.indices), runs: baseline.map { run($0, work: 10) }),
                teleport: ArmRecord(seeds: Array(teleport.indices), runs: teleport.map { run($0, work: 16) })))
    }

    private func record(_ cells: [SweepRecord.Cell]) -> SweepRecord {
        SweepRecord(
            option: "learning-rate", configuration: [:],
            environment: Summary.Environment(
                version: "1", libtorchVersion: "2", threads: 1, device: "cpu", dtype: "float32"),
            values: cells)
    }

    @Test("The regret is a geometric mean over the values, at equal work between epochs")
    func regret() throws {
        let found = record([
            cell("0.1", [[3, 2], [3, 2]], [[2, 1], [2, 1]]), cell("1", [[2, 1], [2, 1]], [[1, 0.5], [1, 0.5]]),
            // One that diverged has learned as little as the one that learned the least.
            cell("10", [[.nan]], [[4, 4]]),
        ])
        #expect(abs(found.regret.baseline - pow(2 * 1 * 4, 1.0 / 3)) < 1e-12)
        #expect(abs(found.regret.teleport - pow(1 * 0.5 * 4, 1.0 / 3)) < 1e-12)
        // 20 gradients are a quarter of the second epoch of 16 each.
        #expect(abs(found.regretAtEqualWork.teleport - pow(1.75 * 0.875 * 4, 1.0 / 3)) < 1e-12)
        #expect(found.regretAtEqualTime == found.regretAtEqualWork)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let decoded = try decoder.decode(SweepRecord.self, from: found.json())
        #expect(decoded.regret == found.regret && decoded.values.count == 3)
    }

    @Test("The time to the baseline's final loss is read between epochs, and is none where it is never reached")
    func timeToBaseline() {
        let found = record([
            cell("1e-3", [[3, 2], [3, 2]], [[2, 1], [3, 1]]), cell("1e-2", [[3, 2]], [[4, 3]]),
            cell("0.1", [[.nan]], [[4, 3]]),
        ])
        let score = SweepScore(found.values)
        // 32 seconds, and half of the second 32 more, of the baseline's 40.
        #expect(score.timeToBaseline[0] == [0.8, 1.2])
        let never = score.timeToBaseline[1...].joined()
        #expect(never.count { $0.isNaN } == 2 && never.count == 2)
        let report = SweepReport(found)
        let rows = report.description.split(separator: "\n").filter { $0.hasPrefix("1e-") || $0.hasPrefix("0.1") }
        #expect(rows.map { $0.hasSuffix("100 %") } == [true, false, false], "\(report)")
        #expect(rows[1].hasSuffix("-") && rows[2].hasSuffix("-"), "\(report)")
        #expect(report.figures.map(\.name) == ["loss-over-values", "time-over-values"])
        #expect(SweepReport(record([cell("1", [[3, 2]], [[4, 3]])])).figures.map(\.name) == ["loss-over-values"])
    }

    @Test("Best against best is said with its interval, or that there is no difference")
    func sentences() throws {
        let lower = SweepReport(
            record([cell("1", [[2, 1], [2, 1.1], [2, 0.9]], [[0.5, 0.4], [0.5, 0.44], [0.5, 0.36]])])
        ).sentences
        #expect(lower[0].contains("the training loss is lower by"), "\(lower)")
        let none = SweepReport(
            record([cell("1", [[2, 1], [2, 1.1], [2, 0.9]], [[1.1, 0.9], [1.3, 1.2], [0.9, 0.6]])])
        ).sentences
        #expect(none[0].contains("no difference within"), "\(none)")
        let late = record([
            SweepRecord.Cell(
                value: "1", epochs: 1,
                arms: Summary.Arms(
                    baseline: ArmRecord(seeds: [0], runs: [run([1], work: 10)]),
                    teleport: ArmRecord(seeds: [0], runs: [run([0.5], work: 16)])))
        ])
        #expect(SweepReport(late).sentences[0].contains("give more epochs"))
        #expect(!"\(SweepReport(late))".contains("diverged"))
    }

    @Test("Runs that are kept are not run again, and those of another comparison are refused")
    func archive() throws {
        try withTemporaryFolder { folder in
            let options: [String: JSONValue] = ["learning-rate": 0.1, "threads": 2, "seeds": [0]]
            let archive = RunArchive(folder, options: options)
            #expect(try archive.run(of: "baseline", seed: 3) == nil)
            let whole = run([2, 1], work: 10)
            try archive.save(whole, of: "baseline", seed: 3)
            #expect(try archive.run(of: "baseline", seed: 3) == whole)
            let elsewhere = RunArchive(folder, options: options.merging(["threads": 1, "seeds": [0, 3]]) { $1 })
            #expect(try elsewhere.run(of: "baseline", seed: 3) == whole)
            try elsewhere.check()
            let other = RunArchive(folder, options: options.merging(["learning-rate": 0.2]) { $1 })
            for ask in [{ _ = try other.run(of: "baseline", seed: 3) }, other.check] {
                do {
                    try ask()
                    Issue.record("another comparison's run was taken")
                } catch {
                    #expect("\(error)".contains("--learning-rate is 0.2, and was 0.1"), "\(error)")
                }
            }
            try Data("{".utf8).write(to: folder.appendingPathComponent("baseline-3.json"))
            #expect(throws: CheckpointError.self) { try archive.run(of: "baseline", seed: 3) }
        }
    }
}
