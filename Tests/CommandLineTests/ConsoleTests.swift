import Foundation
import Testing

/// What is printed where: results, JSON, progress, notices and colours.
@Suite struct ConsoleTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let data = "--model mlp:8 --training-samples 99999 --test-samples 50 --threads 1"

    /// Commands of moments, each with a member of what it finds.
    private static let commands = [
        ("compare \(data) --batch-size 3000 --epochs 2 --seeds 1 --schedule 0", "arms"),
        ("compare \(data) --batch-size 3000 --epochs 1 --seeds 1 --schedule 0 --sweep optimizer=sgd,adam", "values"),
        ("train \(data) --batch-size 3000 --epochs 2 --schedule 0", "run"),
        ("inspect \(data) --samples 16 --steps 1", "layers"), ("reproduce st22-figure-7", "findings"),
        (
            "learn --sizes 6,5,4 --samples 6 --arms rate+teleport --trajectories 1 --trajectory-steps 10 --test-problems 1 "
                + "--test-steps 2 --threads 1", "results"
        ),
    ]

    private func run(_ command: String) throws -> Tool.Result {
        try Tool.run(command.split(separator: " ").map(String.init), in: folder.url, path: "")
    }

    @Test("With --json standard output has one document, that of the file, and nothing else", arguments: commands)
    func json(command: String, member: String) throws {
        let result = try run(command + " --output out --json")
        #expect(result.status == 0, "\(result.errors)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.url.appendingPathComponent("out").path)
        let record = try #require(files.first { $0.hasSuffix(".json") && $0 != "options.json" })
        let file = try String(contentsOf: folder.url.appendingPathComponent("out/\(record)"), encoding: .utf8)
        // The share of the time that is waited goes on until a record is written.
        func document(_ text: String) throws -> NSDictionary {
            var root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            root["environment"] = nil
            return root as NSDictionary
        }
        #expect(try document(result.output) == document(file))
        #expect(try document(result.output)[member] != nil)
        #expect(result.errors.contains("teleport: Results are in out/"))
        let quiet = try run(command + " --output quiet --json --quiet")
        #expect(quiet.status == 0)
        #expect(try document(quiet.output)[member] != nil)
        #expect(quiet.errorLines.allSatisfy { $0.contains("no figures") }, "\(quiet.errors)")
    }

    @Test("With --quiet there are results, and neither progress nor notices", arguments: commands)
    func quiet(command: String, member: String) throws {
        let loud = try run(command + " --output loud")
        let quiet = try run(command + " --output quiet --quiet")
        #expect(loud.status == 0 && quiet.status == 0)
        #expect(!quiet.output.isEmpty && !quiet.output.contains("Results are in"))
        #expect(loud.output.contains("Results are in loud/"))
        #expect(quiet.errorLines.allSatisfy { $0.contains("no figures") }, "\(quiet.errors)")
        // A sweep says once what is so at all of its values.
        let notices = loud.errorLines.count { $0.contains("--training-samples 99999: the data have no more than") }
        #expect(notices == (command.contains("99999") ? 1 : 0), "\(loud.errors)")
    }

    @Test("The list of figures is JSON, too")
    func list() throws {
        let result = try run("reproduce --json")
        let list = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
        #expect(list.count > 10 && list.allSatisfy { Set($0.keys) == ["name", "paper", "title", "quickSeconds"] })
    }

    @Test("What asks for JSON fails where it cannot be printed, and keeps the file")
    func unwritable() throws {
        let (process, _, errors) = try Tool.process(
            ["reproduce", "st22-figure-7", "--json", "--output", "out"], in: folder.url, path: "")
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 2)
        #expect(try String(contentsOf: errors, encoding: .utf8).contains("cannot write to standard output"))
        #expect(folder.has("out/reproduction.json"))
    }

    /// What the tool writes to a terminal, which `script` of util-linux is.
    private func onTerminal(_ command: String, _ variables: [String: String]) throws -> String {
        let (process, output, _) = try Tool.process([], in: folder.url)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
        process.arguments = ["-qec", "'\(try Tool.executable.path)' \(command)", "/dev/null"]
        process.environment?["NO_COLOR"] = nil
        process.environment?["TERM"] = "xterm"
        for (variable, value) in variables { process.environment?[variable] = value }
        try process.run()
        process.waitUntilExit()
        return try String(contentsOf: output, encoding: .utf8)
    }

    @Test(
        "Errors have a colour on a terminal, unless NO_COLOR is set",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "needs script of util-linux"))
    func colors() throws {
        let wrong = "compare --epochs 0"
        #expect(try onTerminal(wrong, [:]).contains("\u{1B}[31mteleport:\u{1B}[0m The value '0' is invalid"))
        for variables in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
            #expect(try onTerminal(wrong, variables).contains("teleport: The value '0' is invalid"))
        }
        #expect(try !run(wrong).errors.contains("\u{1B}"))
    }
}
