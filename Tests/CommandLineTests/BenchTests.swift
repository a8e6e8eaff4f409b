import Foundation
import Testing

/// `teleport bench`.
@Suite struct BenchTests {
    @Test func printsAnArrayOfTimings() throws {
        let folder = try TemporaryFolder()
        let result = try Tool.run(
            ["bench", "train", "--json", "--repetitions", "1", "--threads", "1"], in: folder.url)
        #expect(result.status == 0 && result.errors.isEmpty)
        let timings = try #require(
            JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
        let names = timings.compactMap { $0["name"] as? String }
        #expect(
            Set(names).isSuperset(of: ["train/mlp-small", "train/mlp-1024-sgd", "train/mlp-1024-adam", "train/cnn"]))
        for timing in timings {
            #expect(Set(timing.keys) == ["name", "median", "minimum", "maximum", "repetitions", "unit"])
            #expect(timing["unit"] as? String == "s" && timing["repetitions"] as? Int == 1)
            let times = ["minimum", "median", "maximum"].compactMap { timing[$0] as? Double }
            #expect(times.count == 3 && times == times.sorted() && times[0] > 0 && times[2] < 10)
        }
    }

    @Test func printsATable() throws {
        let folder = try TemporaryFolder()
        let result = try Tool.run(["bench", "train", "--repetitions", "1", "--threads", "1"], in: folder.url)
        #expect(result.status == 0)
        let lines = result.output.split(separator: "\n")
        #expect(lines.count >= 3 && lines.allSatisfy { $0.hasPrefix("train/") && $0.contains(" ms ") })
    }

    @Test func printsRatesOfReadingData() throws {
        let folder = try TemporaryFolder()
        let result = try Tool.run(["bench", "data", "--repetitions", "1", "--threads", "1"], in: folder.url)
        #expect(result.status == 0)
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 5 && lines.allSatisfy { $0.hasPrefix("data/") && $0.hasSuffix(" MB/s") })
    }
}
