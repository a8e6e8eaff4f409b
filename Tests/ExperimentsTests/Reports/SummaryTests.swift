import Foundation
import Reporting
import TestSupport
import Testing

@testable import Experiments

@Suite struct SummaryTests {
    let example = summary(
        arm(run([1, 0.5], accuracy: 0.9)),
        arm(run([0.9, 0.4], accuracy: 0.95, teleports: [teleport(lossAfter: 5, restored: true, reason: "drifted")])))

    private func object(_ summary: Summary) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: summary.json()) as? [String: Any])
    }

    @Test func roundTripsThroughAFile() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("new/summary.json")
            try example.write(to: file)
            #expect(try Summary(contentsOf: file) == example)
            // Nothing but the file: the temporary one is gone.
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: file.deletingLastPathComponent().path).count == 1)
        }
    }

    @Test func hasExactlyTheKeysOfTheContract() throws {
        let root = try object(example)
        #expect(Set(root.keys) == ["configuration", "data", "environment", "arms", "comparison"])
        let arms = try #require(root["arms"] as? [String: [String: Any]])
        #expect(Set(arms.keys) == ["baseline", "teleport"])
        let arm = try #require(arms["teleport"])
        #expect(Set(arm.keys) == ["seeds", "runs"])
        let run = try #require((arm["runs"] as? [[String: Any]])?.first)
        #expect(Set(run.keys) == ["epochs", "teleports"])
        let epoch = try #require((run["epochs"] as? [[String: Any]])?.first)
        #expect(
            Set(epoch.keys) == [
                "epoch", "trainLoss", "testLoss", "testAccuracy", "gradientNormSquared", "seconds", "teleportSeconds",
            ])
        let teleport = try #require((run["teleports"] as? [[String: Any]])?.first)
        #expect(
            Set(teleport.keys) == [
                "epoch", "trainingStep", "batch", "steps", "lossBefore", "lossAfter", "gradientNormSquaredBefore",
                "gradientNormSquaredAfter", "freeDimensions", "halvings", "halvingsForRange", "halvingsForControl",
                "restored", "reason", "gradientEvaluations", "seconds",
            ])
        #expect(teleport["freeDimensions"] as? [String: Int] == ["layers.1": 993])
        #expect(
            try #require(root["environment"] as? [String: Any])["date"] as? String == "2023-11-14T22:13:20Z")
    }

    @Test func aKeptTeleportHasNoReason() throws {
        let data = try JSONEncoder().encode(teleport())
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["reason"] == nil)
        #expect(object["restored"] as? Bool == false)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func nonFiniteNumbersAreNullAndDecodeAsNaN(value: Double) throws {
        let record = EpochRecord(
            epoch: 1, trainLoss: value, testLoss: 0.25, testAccuracy: nil, gradientNormSquared: value, seconds: 1,
            teleportSeconds: 0)
        let data = try JSONEncoder().encode(record)
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["trainLoss"] is NSNull)
        #expect(object["testAccuracy"] is NSNull)
        #expect(object["testLoss"] as? Double == 0.25)
        let decoded = try JSONDecoder().decode(EpochRecord.self, from: data)
        #expect(decoded.trainLoss.isNaN && decoded.gradientNormSquared.isNaN)
        #expect(decoded.testLoss == 0.25)
        #expect(decoded.testAccuracy == nil)
    }

    @Test func divergedArmsAreEncoded() throws {
        let text = String(decoding: try summary(arm(run([1, .nan])), arm(run([.infinity]))).json(), as: UTF8.self)
        #expect(text.contains("\"trainLoss\" : null"))
        #expect(!text.lowercased().contains("nan") && !text.contains("inf"))
    }

    @Test func jsonIsSortedIndentedAndEndsInANewline() throws {
        let text = String(decoding: try example.json(), as: UTF8.self)
        #expect(text.hasPrefix("{\n  \"arms\""))
        #expect(text.hasSuffix("}\n"))
        let keys = ["\"arms\"", "\"comparison\"", "\"configuration\"", "\"environment\""]
        let places = try keys.map { try #require(text.range(of: "\n  " + $0)).lowerBound }
        #expect(places == places.sorted())
    }

    @Test func speedUpsAreWrittenForReaders() throws {
        let comparison = try #require(try object(example)["comparison"] as? [String: Any])
        let reach = try #require(comparison["trainLoss"] as? [String: Any])
        // 0.5 lies four fifths of the way from 0.9 to 0.4.
        #expect(abs(try #require(reach["epochSpeedUp"] as? Double) - 2 / 1.8) < 1e-12)
        let never = try object(summary(arm(run([0.1])), arm(run([0.2]))))
        #expect((never["comparison"] as? [String: Any])?["trainLoss"] is NSNull)
    }

    @Test func aFileInPlaceOfTheFolderIsNamedInTheError() throws {
        try withTemporaryFolder { folder in
            try Data().write(to: folder)
            let file = folder.appendingPathComponent("summary.json")
            let error = #expect(throws: ReportError.self) { try example.write(to: file) }
            guard case .unwritable(let path, let reason) = error else {
                Issue.record("not the error of a folder that cannot be written: \(String(describing: error))")
                return
            }
            #expect(path == file.path)
            #expect(!reason.isEmpty && !reason.contains("\n"))
            #expect(error?.description.hasPrefix("cannot write \(file.path): ") == true)
        }
    }

    @Test func aFailedWriteLeavesTheOldFile() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("summary.json")
            try example.write(to: file)
            #expect(throws: ReportError.self) {
                try AtomicFile.write([
                    (file, Data("half".utf8)), (file.appendingPathComponent("below"), Data("the other".utf8)),
                ])
            }
            #expect(try Summary(contentsOf: file) == example)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["summary.json"])
        }
    }

    @Test func readingNamesWhatIsWrong() throws {
        try withTemporaryFolder { folder in
            let missing = folder.appendingPathComponent("summary.json")
            #expect(throws: ReportError.unreadable(path: missing.path, reason: "No such file or directory")) {
                try Summary(contentsOf: missing)
            }
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("{\"arms\": {\"baseline\": {}}}".utf8).write(to: missing)
            let error = #expect(throws: ReportError.self) { try Summary(contentsOf: missing) }
            #expect(error?.description.contains("is missing") == true)
        }
    }

    @Test func theProcessorIsReadOffCpuinfo() {
        #expect(
            Summary.Environment.processorName(in: "processor\t: 0\nmodel name\t: Fast: Model 3\nmodel name\t: Other")
                == "Fast: Model 3")
        #expect(Summary.Environment.processorName(in: "processor\t: 0\nBogoMIPS\t: 50") == nil)
        #expect(!Summary.Environment.hostProcessor().isEmpty)
    }
}
