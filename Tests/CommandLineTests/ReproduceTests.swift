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
        #expect(result.status == 0 && result.output.isEmpty)
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
}
