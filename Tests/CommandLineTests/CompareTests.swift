import Foundation
import Testing

/// `teleport compare` from beginning to end.
@Suite struct CompareTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A comparison of seconds; later options win.
    static let quick = [
        "compare", "--model", "mlp:32,16", "--epochs", "2", "--batch-size", "200", "--learning-rate", "0.1", "--seeds",
        "4,7", "--schedule", "0", "--teleport-batches", "3", "--threads", "1",
    ]

    private func run(_ options: String..., path: String? = nil) throws -> Tool.Result {
        try Tool.run(Self.quick + options, in: folder.url, path: path)
    }

    private var hasGnuplot: Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
        }
    }

    @Test func writesTheSummaryAndTheFigures() throws {
        let result = try run("--output", "out/here")
        #expect(result.status == 0)
        #expect(result.output.contains("baseline") && result.output.contains("teleport"))
        #expect(result.output.contains("Results are in out/here/"))
        #expect(result.errorLines.count == 8 + (hasGnuplot ? 0 : 1), "a line for each epoch of each run")

        let summary = try SummaryFile(in: folder.url.appendingPathComponent("out/here"))
        #expect(Set(summary.root.keys) == ["configuration", "data", "environment", "arms", "comparison"])
        #expect(summary.configuration["model"] as? String == "mlp:32,16")
        #expect(summary.configuration["learning-rate"] as? Double == 0.1)
        #expect(summary.configuration["seeds"] as? [Int] == [4, 7])
        for arm in ["baseline", "teleport"] {
            #expect(Set(summary.arm(arm).keys) == ["seeds", "runs"])
            #expect(summary.arm(arm)["seeds"] as? [Int] == [4, 7])
            #expect(summary.runs(arm).count == 2)
            #expect(summary.runs(arm).allSatisfy { Set($0.keys) == ["epochs", "teleports"] })
            let epochs = summary.records("epochs", of: arm)
            #expect(epochs.compactMap { $0["epoch"] as? Int } == [1, 2, 1, 2])
            for epoch in epochs {
                #expect(
                    Set(epoch.keys) == [
                        "epoch", "trainLoss", "testLoss", "testAccuracy", "gradientNormSquared", "seconds",
                        "teleportSeconds", "gradientEvaluations",
                    ])
                #expect(epoch.values.allSatisfy { $0 is NSNumber })
            }
        }
        #expect(summary.records("teleports", of: "baseline").isEmpty)
        let teleports = summary.records("teleports", of: "teleport")
        #expect(teleports.compactMap { $0["batch"] as? Int } == [0, 1, 2, 0, 1, 2])
        for teleport in teleports {
            #expect(
                Set(teleport.keys) == [
                    "epoch", "trainingStep", "batch", "steps", "lossBefore", "lossAfter", "gradientNormSquaredBefore",
                    "gradientNormSquaredAfter", "freeDimensions", "objective", "objectiveBefore", "objectiveAfter",
                    "halvings",
                    "halvingsForRange", "halvingsForControl", "restored", "ending", "gradientEvaluations", "seconds",
                ])
            #expect(teleport["restored"] as? Bool == false)
        }
        for figure in ["loss-over-epochs", "loss-over-seconds"] {
            for type in ["svg", "png"] { #expect(folder.has("out/here/\(figure).\(type)") == hasGnuplot) }
        }
        let page = try folder.report(in: "out/here")
        #expect(page.texts("p").contains("mlp:32,16 on digits") && page.texts("th").contains("baseline"))
        #expect(page.all("svg").count == (hasGnuplot ? 4 : 0))
        for name in ["learning-rate", "training images", "libtorch version", "processor", "threads"] {
            #expect(page.texts("dt").contains(name))
        }
        #expect(page.texts("code") == ["teleport \(Self.quick.joined(separator: " "))"])
    }

    @Test func succeedsWithoutGnuplotAndSaysSo() throws {
        let result = try run("--quiet", "--output", "out", path: "")
        #expect(result.status == 0)
        #expect(result.errorLines.count == 1)
        #expect(result.errors.contains("no figures") && result.errors.contains("install gnuplot"))
        #expect(folder.has("out/summary.json") && !folder.has("out/loss-over-epochs.svg"))
        #expect(try folder.report().texts("p").contains { $0.contains("install gnuplot") })
    }

    @Test func trainsWithAnOptimizerByItsText() throws {
        try folder.write("optimizer: muon:weight-decay=0.2,momentum=0.95", to: "options.yaml")
        let result = try run(
            "--config", "options.yaml", "--seeds", "4,", "--learning-rate", "0.01", "--output", "configured")
        #expect(result.status == 0)
        let configured = try SummaryFile(in: folder.url.appendingPathComponent("configured"))
        #expect(configured.configuration["optimizer"] as? String == "muon:weight-decay=0.2")

        let given = try run(
            "--optimizer", "muon:weight-decay=0.2", "--seeds", "4,", "--learning-rate", "0.01", "--output", "given")
        #expect(given.status == 0)
        #expect(configured.losses == (try SummaryFile(in: folder.url.appendingPathComponent("given"))).losses)
    }

    @Test(arguments: [["--method", "null-space:tau=0.5"], ["--method=null-space:cap=none,tau=0.5"]])
    func settingsBehindAMethodWinOverAFile(arguments: [String]) throws {
        try folder.write("tau: 0.9\nteleport-steps: 3\nseeds: [4]\nschedule: none\nepochs: 1", to: "tau.yaml")
        let result = try Tool.run(
            [
                "compare", "--config", "tau.yaml", "--model", "mlp:8", "--training-samples", "200", "--quiet",
                "--output", "t",
            ]
                + arguments, in: folder.url)
        #expect(result.status == 0)
        let configuration = try SummaryFile(in: folder.url.appendingPathComponent("t")).configuration
        #expect(configuration["tau"] as? Double == 0.5 && configuration["teleport-steps"] as? Int == 3)
    }

    /// A recipe's settings go with its method and its objective: another one brings its own.
    @Test(arguments: [
        (["--objective", "lookahead"], "step-size, cap go", ["step-size": "share:0.05", "cap": "none"]),
        (["--method=null-space:objective=lookahead,cap=relative:2"], "step-size goes", ["cap": "relative:2"]),
        (["--method", "gauge"], "tau goes", ["step-size": "growth:0.3", "cap": "predicted:0.2"]),
        (["--objective", "gradient-norm"], nil, ["step-size": "growth:0.3", "cap": "predicted:0.2"]),
    ])
    func anotherObjectiveBringsItsOwnSettings(
        arguments: [String], notice: String?, expected: [String: String]
    ) throws {
        try folder.write(
            "method: null-space\nobjective: gradient-norm\nstep-size: growth:0.3\ncap: predicted:0.2\ntau: 0.9\nseeds: [4]\nschedule: none\nepochs: 1",
            to: "recipe.yaml")
        let result = try Tool.run(
            [
                "compare", "--config", "recipe.yaml", "--model", "mlp:8", "--training-samples", "200", "--quiet",
                "--output", "t",
            ]
                + arguments, in: folder.url)
        #expect(result.status == 0)
        #expect(
            notice.map { result.errors.contains("recipe.yaml: \($0) with the file's") } ?? !result.errors.contains(
                "with the file's"))
        let configuration = try SummaryFile(in: folder.url.appendingPathComponent("t")).configuration
        for (name, text) in expected { #expect(configuration[name] as? String == text, "\(name)") }
    }

    /// Each option of the file counts, lists, numbers and booleans included, and what the command line says wins. The
    /// same options give the same losses, to the last digit, wherever they stand.
    @Test func takesOptionsFromAFile() throws {
        try folder.write(
            """
            # A comment.
            model: mlp:32,16
            epochs: 9
            batch-size: 200
            learning-rate: 2e-4
            seeds: [4]
            schedule: [0]
            teleport-batches: 3
            cap: none
            threads: 1
            quiet: true
            """, to: "options.yaml")
        let configured = try Tool.run(
            ["compare", "--config", "options.yaml", "--epochs=2", "--output", "configured"], in: folder.url)
        #expect(configured.status == 0)
        #expect(
            configured.output.contains("baseline") && !configured.output.contains("Results are in")
                && (configured.errors.isEmpty || !hasGnuplot), "results alone")
        let result = try run(
            "--learning-rate", "2e-4", "--seeds", "4,", "--cap", "none", "--output", "written")
        #expect(result.status == 0 && !result.output.isEmpty)

        let summary = try SummaryFile(in: folder.url.appendingPathComponent("configured"))
        #expect(summary.configuration["learning-rate"] as? Double == 0.0002)
        #expect(summary.configuration["epochs"] as? Int == 2)
        #expect(summary.configuration["seeds"] as? [Int] == [4])
        #expect(summary.configuration["schedule"] as? String == "0")
        #expect(summary.losses.count == 8)
        #expect(summary.losses == (try SummaryFile(in: folder.url.appendingPathComponent("written"))).losses)
    }

    @Test func putsResultsIntoNewFoldersByDefault() throws {
        let options = ["--epochs", "1", "--seeds", "1", "--schedule", "none", "--quiet"]
        for _ in 0..<2 { #expect(try Tool.run(Self.quick + options, in: folder.url, path: "").status == 0) }
        let results = folder.url.appendingPathComponent("results")
        let names = try FileManager.default.contentsOfDirectory(atPath: results.path)
        #expect(names.count == 2 && names.allSatisfy { $0.hasPrefix("digits-") })
        for name in names { #expect(folder.has("results/\(name)/summary.json")) }
    }

    @Test func divergenceHasAStatusOfItsOwn() throws {
        let result = try run("--learning-rate", "1e30", "--output", "out", "--quiet")
        #expect(result.status == 4)
        let message = try #require(result.errorLines.last)
        #expect(message.contains("diverged") && message.contains("--learning-rate") && message.contains("1e+30"))
        let summary = try SummaryFile(in: folder.url.appendingPathComponent("out"))
        #expect(summary.records("epochs", of: "baseline").last?["trainLoss"] is NSNull)
    }

    @Test func readsFilesOfTheUser() throws {
        // Two classes that one pixel tells apart.
        func write(_ count: Int, _ name: String) throws {
            let labels = (0..<count).map { UInt8($0 % 2) }
            let images = labels.flatMap { [$0 * 255, 255, 0, 9] as [UInt8] }
            func header(_ shape: Int...) -> [UInt8] {
                [0, 0, 8, UInt8(shape.count)] + shape.flatMap { [0, 0, 0, UInt8($0)] as [UInt8] }
            }
            let data = folder.url.appendingPathComponent("data/mnist")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            try Data(header(count, 2, 2) + images).write(to: data.appendingPathComponent("\(name)-images-idx3-ubyte"))
            try Data(header(count) + labels).write(to: data.appendingPathComponent("\(name)-labels-idx1-ubyte"))
        }
        try write(200, "train")
        try write(50, "t10k")
        let result = try run(
            "--dataset", "mnist", "--data", "data", "--learning-rate", "1", "--batch-size", "10", "--output", "out",
            "--quiet")
        #expect(result.status == 0)
        let epochs = try SummaryFile(in: folder.url.appendingPathComponent("out")).records("epochs", of: "baseline")
        #expect(epochs.last?["testAccuracy"] as? Double == 1)
        // What is doubtful is said, and does not end the run.
        #expect(result.errors.contains("the labels are of 2 of 10 classes only"), "\(result.errors)")
        let sizes = ["trainingImages": 200, "testImages": 50, "classes": 10, "height": 2, "width": 2]
        let summary = try SummaryFile(in: folder.url.appendingPathComponent("out"))
        #expect(summary.root["data"] as? [String: Int] == sizes)
    }

    @Test func trainsAConvolutionalNetworkOnCIFAR() throws {
        // Two classes: images that are dark above and those that are dark below.
        let halves = [0, 200].map { [UInt8](repeating: $0, count: 512) }
        let planes = [halves[0] + halves[1], halves[1] + halves[0]]
        func records(_ count: Int) -> Data {
            Data((0..<count).flatMap { index in [UInt8(index % 2)] + (0..<3).flatMap { _ in planes[index % 2] } })
        }
        let data = folder.url.appendingPathComponent("data/cifar-10-batches-bin")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        for index in 1...5 { try records(40).write(to: data.appendingPathComponent("data_batch_\(index).bin")) }
        try records(20).write(to: data.appendingPathComponent("test_batch.bin"))
        let result = try run(
            "--dataset", "cifar-10", "--data", "data", "--model", "cnn:4,4", "--learning-rate", "0.5", "--batch-size",
            "10", "--output", "out", "--control-samples", "0", "--trial-steps", "0", "--quiet")
        #expect(result.status == 0, "\(result.errors)")
        let summary = try SummaryFile(in: folder.url.appendingPathComponent("out"))
        #expect(summary.configuration["model"] as? String == "cnn:4,4")
        #expect(summary.configuration["dataset"] as? String == "cifar-10")
        #expect(summary.records("epochs", of: "baseline").last?["testAccuracy"] as? Double == 1)
        let teleports = summary.records("teleports", of: "teleport")
        #expect(teleports.count == 6 && teleports.allSatisfy { $0["restored"] as? Bool == false })
    }

    @Test func interruptionKeepsTheFinishedEpochs() throws {
        let (process, _, errors) = try Tool.process(
            Self.quick + ["--epochs", "1000", "--output", "out"], in: folder.url)
        try process.run()
        func text() throws -> String { try String(contentsOf: errors, encoding: .utf8) }
        let deadline = Date(timeIntervalSinceNow: 60)
        while try !text().contains("epoch 3/1000"), process.isRunning, Date() < deadline {
            Thread.sleep(forTimeInterval: 0.02)
        }
        let interrupted = Date()
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        #expect(-interrupted.timeIntervalSinceNow < 10)
        #expect(try text().contains("teleport: interrupted; the results hold the epochs that were finished, and"))
        let summary = try SummaryFile(in: folder.url.appendingPathComponent("out"))
        let epochs = summary.records("epochs", of: "baseline").compactMap { $0["epoch"] as? Int }
        #expect((3..<1000).contains(epochs.count) && epochs == Array(1...epochs.count))
        #expect(summary.runs("teleport").isEmpty)
    }
}

@Suite struct CompareSweepTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let small =
        "--model mlp:8 --training-samples 200 --test-samples 50 --epochs 2 --seeds 2 --threads 1 --quiet"

    private func run(_ arguments: String) throws -> Tool.Result {
        try Tool.run(arguments.split(separator: " ").map(String.init), in: folder.url)
    }

    private func json(_ name: String) throws -> NSDictionary {
        let contents = try Data(contentsOf: folder.url.appendingPathComponent(name))
        return try #require(try JSONSerialization.jsonObject(with: contents) as? NSDictionary)
    }

    /// The runs of an arm.
    private func runs(_ object: NSDictionary, _ arm: String) throws -> [NSDictionary] {
        let arms = try #require(object["arms"] as? NSDictionary)
        return try #require((arms[arm] as? NSDictionary)?["runs"] as? [NSDictionary])
    }

    @Test("A comparison that goes on runs what is missing, and nothing again")
    func resumes() throws {
        #expect(try run("compare \(Self.small) --output out").status == 0)
        let whole = try json("out/summary.json")
        // As of a process that was killed in its last run: times are what tells a run from its repetition.
        for name in ["out/summary.json", "out/runs/teleport-1.json"] {
            try FileManager.default.removeItem(at: folder.url.appendingPathComponent(name))
        }
        let resumed = try run("compare --resume out")
        #expect(resumed.status == 0, "\(resumed.errors)")
        let again = try json("out/summary.json")
        #expect(try runs(again, "baseline") == runs(whole, "baseline"))
        #expect(try runs(again, "teleport")[0] == runs(whole, "teleport")[0])
        #expect(try runs(again, "teleport")[1] != runs(whole, "teleport")[1])
        let other = try run("compare --resume out --learning-rate 0.3")
        #expect(
            other.status == 3 && other.errors.contains("--learning-rate is 0.3, and was 0.01;"), "\(other.errors)")
        // What was refused has left no trace.
        #expect(try run("compare --resume out").status == 0)
    }

    @Test("A sweep compares at each value, and tells the regret")
    func sweeps() throws {
        let result = try run("compare \(Self.small) --sweep learning-rate=0.01,0.1 --output out")
        #expect(result.status == 0, "\(result.errors)")
        let record = try json("out/sweep.json")
        let values = try #require(record["values"] as? [NSDictionary])
        #expect(values.map { $0["value"] as? String } == ["0.01", "0.1"])
        for cell in values {
            for arm in ["baseline", "teleport"] {
                #expect(try runs(cell, arm).count == 2)
            }
        }
        let regret = try #require(record["regret"] as? [String: Double])
        #expect(Set(regret.keys) == ["baseline", "teleport"])
        let page = try folder.report()
        #expect(page.texts("p").contains("mlp:8, 2 of 2 values") && page.texts("th").contains("0.01"))
        #expect(page.texts("code") == ["teleport compare \(Self.small) --sweep learning-rate=0.01,0.1"])
        // The cells are comparisons of their own options.
        try FileManager.default.removeItem(
            at: folder.url.appendingPathComponent("out/cells/learning-rate=0.1/runs/baseline-0.json"))
        #expect(try run("compare --resume out").status == 0)
        #expect(try json("out/sweep.json")["values"] as? [NSDictionary] != values)
        #expect(try folder.report().texts("code") == page.texts("code"))
        let other = try run("compare --resume out --batch-size 7")
        #expect(other.status == 3 && other.errors.contains("--batch-size is 7, and was"), "\(other.errors)")
        #expect(try run("compare --resume out").status == 0)
        for refused in [
            "--sweep rate=1,2", "--sweep learning-rate=1,x", "--sweep output=a,b", "--sweep learning-rate=1",
        ] {
            let result = try run("compare \(refused)")
            #expect(result.status == 2 && result.errorLines.count == 1, "\(refused): \(result.errors)")
        }
    }
}
