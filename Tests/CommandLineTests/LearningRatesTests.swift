import Foundation
import Testing

/// `teleport lr-find` from beginning to end.
@Suite struct LearningRatesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ options: String, path: String? = nil) throws -> Tool.Result {
        try Tool.run(
            ["lr-find", "--model", "mlp:16,16", "--training-samples", "300", "--threads", "1"]
                + options.split(separator: " ").map(String.init), in: folder.url, path: path)
    }

    private func record(_ text: Data) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
    }

    @Test("Prints a table and writes both curves with their suggestions")
    func writesRecord() throws {
        let result = try run("--from 1e-3 --to 2 --steps 60 --smoothing 0.9 --seeds 2 --output out", path: "")
        #expect(result.status == 0, "\(result.errors)")
        for text in [
            "baseline", "teleports", "steepest descent", "minimum / 10", "valley", "times as many gradients", "out/",
        ] {
            #expect(result.output.contains(text), "\(result.output)")
        }
        #expect(
            result.errors.contains("baseline seed 0") && result.errors.contains("teleport seed 1"), "\(result.errors)")
        let root = try record(Data(contentsOf: folder.url.appending(path: "out/learning-rates.json")))
        #expect(Set(root.keys) == ["arms", "configuration", "data", "environment"])
        let arms = try #require(root["arms"] as? [String: [String: Any]])
        #expect(Set(arms.keys) == ["baseline", "teleport"])
        for (name, arm) in arms {
            #expect(arm["seeds"] as? [Int] == [0, 1])
            let runs = try #require(arm["runs"] as? [[String: Any]])
            for run in runs {
                let rates = try #require(run["learningRates"] as? [Double])
                #expect(rates.first == 1e-3 && rates.count <= 60 && rates == rates.sorted())
                #expect((run["losses"] as? [Double])?.count == rates.count)
                #expect((run["smoothedLosses"] as? [Double])?.count == rates.count)
                #expect(["complete", "risen", "not-finite"].contains(run["ending"] as? String))
                #expect(((run["teleports"] as? [Any])?.isEmpty == true) == (name == "baseline"))
            }
            let suggestions = try #require(arm["suggestions"] as? [String: [String: Double]])
            #expect(Set(suggestions.keys) == ["steepest", "minimum-tenth", "valley"], "\(name)")
        }
        let configuration = try #require(root["configuration"] as? [String: Any])
        #expect(configuration["steps"] as? Int == 60 && configuration["schedule"] as? String == "every:10")
        #expect(configuration["learning-rate"] == nil && configuration["epochs"] == nil)
    }

    @Test("Prints the same as JSON, and reads YAML")
    func printsJSON() throws {
        try folder.write("from: 1e-3\nto: 1\nsteps: 40\nschedule: none\njson: true\noutput: out\n", to: "options.yaml")
        let result = try run("--config options.yaml", path: "")
        #expect(result.status == 0, "\(result.errors)")
        let root = try record(Data(result.output.utf8))
        #expect((root["arms"] as? [String: Any])?.keys.sorted() == ["baseline"])
        #expect(
            try record(Data(contentsOf: folder.url.appending(path: "out/learning-rates.json"))) as NSDictionary == root
                as NSDictionary)
    }

    @Test("Draws the curves where there is gnuplot", .enabled(if: hasGnuplot))
    func drawsFigure() throws {
        #expect(try run("--from 1e-3 --to 10 --steps 40 --output out --quiet").status == 0)
        let figure = try String(
            contentsOf: folder.url.appending(path: "out/loss-over-learning-rates.svg"), encoding: .utf8)
        #expect(figure.contains("teleports: valley") && figure.contains("learning rate (logarithmic)"))
    }

    private static let hasGnuplot =
        ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":")
        .contains { FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot") } ?? false

    @Test("Help has examples and defaults")
    func help() throws {
        let help = try Tool.run(["lr-find", "--help"], in: folder.url)
        #expect(help.status == 0 && help.output.contains("Examples:\n  teleport lr-find"))
        let text = help.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for part in ["default: every:10", "default: 200", "default: 0.98", "default: 10)"] {
            #expect(text.contains(part), "\(part)")
        }
    }

    private static let refused: [(options: String, reason: String)] = [
        ("--from 0", "give a positive number"), ("--to -1", "give a positive number"),
        ("--from fast", "give a positive number"),
        ("--from 1 --to 1", "--to 1: the learning rate grows, and begins at --from 1"),
        ("--from 1 --to 0.1", "give a larger --to, or a smaller --from"), ("--steps 19", "from 20 to 100000"),
        ("--smoothing 1", "from 0 to below 1"),
        ("--learning-rate 0.1", "--learning-rate: a range test goes through all rates"),
        ("--epochs 3", "Unknown option '--epochs'"),
        ("--schedule steps:200", "no teleport takes place in the 200 steps"),
        ("--method symmetry", "relu is not bijective"),
    ]

    @Test(
        "Ranges and options that make no test are refused",
        arguments: refused)
    func refusals(options: String, reason: String) throws {
        let result = try run(options + " --output out")
        #expect(result.status == 2 && result.output.isEmpty && result.errorLines.count == 1, "\(result.errors)")
        #expect(result.errors.contains(reason), "\(result.errors)")
        #expect(!folder.has("out/learning-rates.json"))
    }

    @Test("Rates that all diverge end with the status of divergence, and a folder of another search is kept")
    func statuses() throws {
        let diverged = try run("--from 1e10 --to 1e12 --schedule none --output out --quiet")
        #expect(diverged.status == 4 && diverged.errorLines.count == 1, "\(diverged.errors)")
        #expect(diverged.errors.contains("lower --from, which was 10000000000"), "\(diverged.errors)")
        #expect(folder.has("out/learning-rates.json"))
        let again = try run("--output out --quiet")
        #expect(again.status == 2 && again.errors.contains("holds learning-rates.json of an earlier run"))
        let missing = try run("--dataset mnist --data . --output other --quiet")
        #expect(missing.status == 3 && missing.errorLines.count == 1)
    }
}
