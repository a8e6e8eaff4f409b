import Foundation
import Testing

/// `teleport reproduce`.
@Suite struct ReproduceTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var hasGnuplot: Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
        }
    }

    @Test func listsTheFigures() throws {
        let result = try Tool.run(["reproduce"], in: folder.url)
        #expect(result.status == 0 && result.errors.isEmpty)
        let rows = result.output.split(separator: "\n").map { $0.split(separator: " ") }
        for figure in 2...5 {
            #expect(rows.contains { $0.starts(with: ["st22-figure-\(figure)", "ST22", "Figure", "\(figure)"]) })
        }
        for name in ["ns25-figure-4", "ns25-figure-5", "ns25-figure-7", "ns25-figure-10", "ns25-table-1"] {
            #expect(rows.contains { $0.first.map(String.init) == name })
        }
        #expect(!folder.has("results"))
        let help = try Tool.run(["reproduce", "--help"], in: folder.url)
        #expect(help.status == 0 && help.output.contains("Examples:\n  teleport reproduce"))
    }

    @Test func makesAFigure() throws {
        let result = try Tool.run(["reproduce", "st22-figure-2", "--seeds", "2", "--output", "out"], in: folder.url)
        #expect(result.status == 0)
        #expect(result.output.hasPrefix("ST22 Figure 2: ") && result.output.contains("\nThe paper: "))
        #expect(result.output.contains("Results are in out/"))
        let data = try Data(contentsOf: folder.url.appendingPathComponent("out/reproduction.json"))
        let root = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            Set(root.keys) == [
                "name", "paper", "title", "scale", "configuration", "environment", "claim", "findings", "results",
            ])
        #expect(root["name"] as? String == "st22-figure-2" && root["scale"] as? String == "quick")
        #expect((root["configuration"] as? [String: Any])?["seeds"] as? [Int] == [0, 1])
        for name in ["rosenbrock-paths", "rosenbrock-convergence", "booth-paths", "booth-convergence"] {
            for type in ["svg", "png"] { #expect(folder.has("out/\(name).\(type)") == hasGnuplot) }
        }
        let page = try folder.report()
        #expect(page.texts("h1") == ["ST22 Figure 2"] && page.all("figure").count == (hasGnuplot ? 4 : 0))
        #expect(page.texts("dt").prefix(2) == ["The paper", "Here"])
        #expect(page.texts("dd")[0] == root["claim"] as? String)
        #expect(page.texts("code") == ["teleport reproduce st22-figure-2 --seeds 2"])
    }

    @Test func takesOptionsFromAFileAndCanBeQuiet() throws {
        try folder.write("seeds: [7]\nquiet: true\noutput: out", to: "options.yaml")
        let result = try Tool.run(["reproduce", "st22-figure-7", "--config", "options.yaml"], in: folder.url, path: "")
        #expect(
            result.status == 0 && result.output.contains("The paper: ") && !result.output.contains("Results are in"))
        #expect(result.errorLines.count == 1 && result.errors.contains("install gnuplot"))
        let text = try String(contentsOf: folder.url.appendingPathComponent("out/reproduction.json"), encoding: .utf8)
        #expect(text.contains("\"scale\" : \"quick\""))
        #expect(!folder.has("out/gradient-against-loss.svg"))
        #expect(try folder.report().texts("code") == ["teleport reproduce --seeds=7, --quiet st22-figure-7"])
    }

    @Test func putsResultsIntoANewFolderByDefault() throws {
        #expect(try Tool.run(["reproduce", "st22-figure-7", "--quiet"], in: folder.url, path: "").status == 0)
        let names = try FileManager.default.contentsOfDirectory(
            atPath: folder.url.appendingPathComponent("results").path)
        #expect(names.count == 1 && names[0].hasPrefix("reproduce-st22-figure-7-"))
    }

    @Test(arguments: [
        (["st22-figure-99"], 2, ["'st22-figure-99'", "give st22-figure-2, "]),
        (["st22-figure-2", "--scale", "huge"], 2, ["--scale", "'huge'", "give quick or paper"]),
        (["st22-figure-2", "--seeds", "0"], 2, ["--seeds", "'0'", "give a count such as 3"]),
        (["st22-figure-4", "--dataset", "cifar"], 2, ["--dataset", "'cifar'", "give digits"]),
        (["st22-figure-2", "--dataset", "mnist"], 2, ["--dataset mnist", "st22-figure-2", "leave the option out"]),
        (["st22-figure-2", "--scale", "quick"], 2, ["--scale quick", "st22-figure-2", "leave the option out"]),
        (["st22-figure-3", "--scale", "paper"], 2, ["--scale paper", "st22-figure-3", "leave the option out"]),
        (["st22-figure-7", "--dtype", "float64"], 2, ["--dtype float64", "st22-figure-7", "leave the option out"]),
        (["st22-figure-7", "--device", "cpu"], 2, ["--device cpu", "st22-figure-7", "leave the option out"]),
        (["ns25-figure-3", "--data", "."], 2, ["--data .", "ns25-figure-3", "leave the option out"]),
        (
            ["st22-figure-4", "--dataset", "penn-treebank"], 2,
            ["--dataset penn-treebank", "images; give digits, mnist"]
        ),
        (["ns25-figure-2", "--dataset", "smnist"], 2, ["--dataset smnist", "images; give digits, mnist"]),
        (["all", "--dataset", "mnist"], 2, ["--dataset mnist", "leave the option out"]),
        (["--resume", "nowhere"], 2, ["--resume nowhere", "options.json", "name the folder"]),
        (["ns25-figure-9", "--dataset", "cifar-100"], 3, ["'cifar-100'", "train.bin", "--data"]),
        (["ns25-figure-9", "--dataset", "penn-treebank"], 3, ["'penn-treebank'", "--data"]),
        (["st22-figure-4", "--scale", "paper"], 3, ["'mnist'", "train-images-idx3-ubyte", "--data"]),
    ])
    func namesTheMistakeAndTheRemedy(arguments: [String], status: Int, texts: [String]) throws {
        let result = try Tool.run(["reproduce"] + arguments, in: folder.url)
        #expect(Int(result.status) == status && result.output.isEmpty && result.errorLines.count == 1)
        for text in texts { #expect(result.errors.contains(text), "\(result.errors)") }
    }

    @Test func interruptionKeepsWhatThereIs() throws {
        let (process, _, errors) = try Tool.process(
            ["reproduce", "st22-figure-4", "--output", "out"], in: folder.url, path: "")
        try process.run()
        func text() throws -> String { try String(contentsOf: errors, encoding: .utf8) }
        let deadline = Date(timeIntervalSinceNow: 120)
        while try !text().contains("epoch 1/"), process.isRunning, Date() < deadline {
            Thread.sleep(forTimeInterval: 0.02)
        }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        #expect(try text().contains("teleport: interrupted; the results hold what there was\n"))
        #expect(folder.has("out/reproduction.json"))
    }

    private func json(_ name: String) throws -> [String: Any] {
        let data = try Data(contentsOf: folder.url.appendingPathComponent(name))
        return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// Starts the tool, interrupts it once it has come somewhere, and waits for its end.
    ///
    /// - Returns: What it wrote to standard error.
    private func interrupt(_ arguments: [String], once isThere: (String) throws -> Bool) throws -> String {
        let (process, _, errors) = try Tool.process(arguments, in: folder.url, path: "")
        try process.run()
        func text() throws -> String { try String(contentsOf: errors, encoding: .utf8) }
        let deadline = Date(timeIntervalSinceNow: 120)
        while try !isThere(text()), process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.02) }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        return try text()
    }

    @Test("A figure without any data says so, and is no failure")
    func dataThatAreMissing() throws {
        let result = try Tool.run(["reproduce", "ns25-figure-9", "--output", "out"], in: folder.url, path: "")
        #expect(result.status == 0 && result.errors.contains("'cifar-100'"))
        #expect(result.output.contains("cifar-100-sgd") && result.output.contains("Here: cifar-100: no files."))
        let record = try json("out/reproduction.json")
        #expect((record["configuration"] as? [String: Any])?["missing"] as? [String] == ["cifar-100"])
    }

    @Test("A figure of recipes that is interrupted can be gone on with")
    func goesOn() throws {
        let begun = try interrupt(
            ["reproduce", "ns25-figure-8", "--dataset", "digits", "--seeds", "1", "--output", "out"]
        ) { $0.contains("epoch 1/") }
        #expect(begun.contains("teleport reproduce --resume out' goes on"))
        #expect(folder.has("out/options.json") && folder.has("out/reproduction.json"))
        let refused = try Tool.run(["reproduce", "ns25-figure-8", "--output", "out"], in: folder.url, path: "")
        #expect(refused.status == 2 && refused.errorLines.count == 1)
        let resumed = try interrupt(["reproduce", "--resume", "out"]) { $0.contains("epoch 1/") }
        #expect(resumed.contains("mnist-sgd-on-digits"), "the options are those of the run: \(resumed)")
        let both = try Tool.run(["reproduce", "--resume", "out", "--output", "out"], in: folder.url, path: "")
        #expect(both.status == 2 && both.errors.contains("--output"))
    }

    @Test("All figures: what is done is not made again")
    func allFigures() throws {
        func figures() throws -> [[String: Any]] {
            try json("out/claims.json")["entries"] as? [[String: Any]] ?? []
        }
        func isThere(_ name: String) throws -> Bool {
            guard folder.has("out/claims.json") else { return false }
            return try figures().contains { $0["name"] as? String == name }
        }
        let file = folder.url.appendingPathComponent("out/st22-figure-2/reproduction.json")
        _ = try interrupt(["reproduce", "all", "--output", "out"]) { _ in try isThere("st22-figure-2") }
        let first = try figures()
        #expect(first.first?["state"] as? String == "done" && (first.first?["outcome"] as? [String])?.count == 2)
        let made = try Data(contentsOf: file)
        let text = try String(contentsOf: folder.url.appendingPathComponent("out/claims.md"), encoding: .utf8)
        #expect(text.contains("| [st22-figure-2](st22-figure-2/): "))
        #expect(!folder.has("out/st22-figure-2/claims.json") && !folder.has("out/ns25-figure-8"))
        let errors = try interrupt(["reproduce", "--resume", "out"]) { _ in try isThere("st22-figure-3") }
        #expect(!errors.contains("st22-figure-2,"))
        #expect(try Data(contentsOf: file) == made && figures().count >= first.count)
        let options = folder.url.appendingPathComponent("out/options.json")
        let kept = try Data(contentsOf: options)
        for (other, sentence) in [
            ("--scale paper", "--scale is paper, and was quick"),
            ("--dtype float64", "--dtype is float64, and was float32"),
        ] {
            let result = try Tool.run(
                ["reproduce", "--resume", "out"] + other.split(separator: " ").map(String.init), in: folder.url,
                path: "")
            #expect(result.status != 0 && result.errors.contains(sentence), "\(other): \(result.errors)")
        }
        #expect(try Data(contentsOf: options) == kept)
    }
}
