import Foundation
import Testing

/// `teleport learn`, and `--method learned:FILE` with what it wrote.
@Suite struct LearnTests {
    let folder: TemporaryFolder
    private static let small = [
        "learn", "--sizes", "4,4,4", "--samples", "4", "--hidden-size", "6", "--trajectory-steps", "10", "--unroll",
        "5",
        "--test-problems", "3", "--test-steps", "20", "--quiet",
    ]
    private static let file = "out/lstm-update-teleport.safetensors"

    init() throws { folder = try TemporaryFolder() }

    @Test func learnsAndGoesOn() throws {
        let (arguments, again) = (
            Self.small + ["--output", "out", "--arms", "update+teleport"],
            Self.small + ["--resume", "out", "--arms", "update+teleport"]
        )
        let first = try Tool.run(arguments + ["--trajectories", "3"], in: folder.url, path: "")
        #expect(first.status == 0 && folder.has(Self.file) && folder.has("out/learning.json"))
        // What is there is not lost by accident.
        let second = try Tool.run(arguments + ["--trajectories", "3"], in: folder.url, path: "")
        #expect(second.status == 2 && second.errorLines.count == 1 && second.errors.contains("--resume"))
        #expect(try folder.report().texts("h1") == ["Learning to teleport"])
        let more = try Tool.run(again + ["--trajectories", "5"], in: folder.url, path: "")
        #expect(more.status == 0)
        let text = try String(contentsOf: folder.url.appendingPathComponent("out/learning.json"), encoding: .utf8)
        #expect(text.contains("\"trajectories\" : 5") && text.contains("\"gradient-descent\""))
        let other = try Tool.run(again + ["--seed", "1"], in: folder.url, path: "")
        #expect(other.status == 3 && other.errorLines.count == 1 && other.errors.contains("was learned with seed 0"))
        try Data("damaged".utf8).write(to: folder.url.appendingPathComponent(Self.file))
        let damaged = try Tool.run(again, in: folder.url, path: "")
        #expect(damaged.status == 3 && damaged.errorLines.count == 1 && damaged.errors.contains(Self.file))
    }

    @Test func whatWasLearnedTeleports() throws {
        let sizes = [
            "--sizes", "784,8,10", "--samples", "4", "--hidden-size", "4", "--trajectory-steps", "5", "--unroll", "5",
        ]
        let learned = try Tool.run(
            ["learn", "--arms", "update+teleport", "--trajectories", "1", "--test-problems", "1", "--test-steps", "2"]
                + sizes
                + ["--quiet", "--output", "out"], in: folder.url, path: "")
        #expect(learned.status == 0)
        func compare(_ model: String, _ method: String) throws -> Tool.Result {
            try Tool.run(
                [
                    "compare", "--model", model, "--method", method, "--training-samples", "128", "--test-samples",
                    "32",
                    "--epochs", "1", "--seeds", "1", "--schedule", "0", "--teleport-batches", "2",
                    "--teleport-batch-size", "16",
                    "--trial-steps", "0", "--quiet", "--output", "compared", "--overwrite",
                ], in: folder.url, path: "")
        }
        #expect(try compare("mlp:8:leaky-relu(0.1)", "learned:\(Self.file),teleport-steps=2").status == 0)
        let data = try Data(contentsOf: folder.url.appendingPathComponent("compared/summary.json"))
        let root = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let configuration = try #require(root["configuration"] as? [String: Any])
        #expect(configuration["method"] as? String == "learned:\(Self.file)")
        #expect(configuration["teleport-steps"] as? Int == 2)
        let arms = try #require((root["arms"] as? [String: Any])?["teleport"] as? [String: Any])
        let teleports = try #require((arms["runs"] as? [[String: Any]])?[0]["teleports"] as? [[String: Any]])
        #expect(teleports.count == 2)
        for teleport in teleports {
            #expect(teleport["restored"] as? Bool == false && teleport["steps"] as? Int == 2)
            let before = try #require(teleport["lossBefore"] as? Double)
            let after = try #require(teleport["lossAfter"] as? Double)
            #expect(abs(after - before) < 1e-4 * before)
        }
        // What else is refused, the tests of the teleporter say.
        for (model, method) in [
            ("mlp:9:leaky-relu(0.1)", "learned:\(Self.file)"),
            ("mlp:8:leaky-relu(0.1)", "learned:compared/summary.json"),
        ] {
            let refused = try compare(model, method)
            #expect(refused.status == 3 && refused.errorLines.count == 1, "\(refused.errors)")
            #expect(refused.errors.hasPrefix("teleport: \(method.dropFirst("learned:".count)): "), "\(refused.errors)")
        }
        let unheeded = try Tool.run(["compare", "--method", "learned:\(Self.file)", "--tau", "0.9"], in: folder.url)
        #expect(unheeded.status == 2 && unheeded.errors.contains("--tau"))
        #expect(try Tool.run(["compare", "--method", "learned"], in: folder.url).status == 2)
    }

    @Test func aKilledTrainingLeavesAWholeFile() throws {
        let arguments =
            Self.small + [
                "--arms", "update+teleport", "--trajectories", "100000", "--save-every", "1",
            ]
        for number in 0..<6 {
            let (process, _, errors) = try Tool.process(
                arguments + [folder.has(Self.file) ? "--resume" : "--output", "out"], in: folder.url, path: "")
            try process.run()
            // From before the first file is there to the middle of one of many.
            let limit = ContinuousClock.now + .seconds(20)
            while number > 0, !folder.has(Self.file), ContinuousClock.now < limit { usleep(2000) }
            usleep(UInt32(number) * 37_000 + 5000)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let said = try String(contentsOf: errors, encoding: .utf8)
            #expect(process.terminationReason == .uncaughtSignal, "\(said)")
        }
        let rest = try Tool.run(
            Self.small + ["--resume", "out", "--arms", "update+teleport", "--trajectories", "1"],
            in: folder.url, path: "")
        #expect(rest.status == 0, "\(rest.errors)")
    }

    @Test(arguments: [
        (["--sizes", "4,4"], "--sizes"), (["--samples", "5", "--sizes", "4,4,4"], "--samples"),
        (["--arms", "teleport"], "--arms"), (["--trajectory-steps", "5"], "--trajectory-steps"),
        (["--resume"], "--resume"), (["--resume", "out", "--output", "out"], "--resume"),
        (["--seed", "10000"], "--seed"), (["--element-norm", "2"], "--element-norm"),
        (["--device", "cpu", "--trajectories", "0"], "--trajectories"),
    ])
    func refusesWithOneLine(arguments: [String], option: String) throws {
        let result = try Tool.run(["learn"] + arguments, in: folder.url)
        #expect(result.status == 2 && result.errorLines.count == 1, "\(result.errors)")
        #expect(result.errors.contains(option), "\(result.errors)")
        #expect(!folder.has("results") && !folder.has("out"))
    }
}
