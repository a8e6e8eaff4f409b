import Foundation
import Testing

/// What the tool does where its surroundings fail: streams, signals, gnuplot and disks.
@Suite struct SurroundingsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let quick =
        "compare --model mlp:8 --training-samples 200 --test-samples 50 --epochs 2 --seeds 1 --threads 1 --schedule none "
        + "--output out"

    /// A figure that takes no time and no data.
    private static let figure = "reproduce st22-figure-7 --output out"

    /// Runs the tool in a shell command, in which it is `$teleport`.
    private func shell(_ command: String, path: String? = nil) throws -> Tool.Result {
        let (process, output, errors) = try Tool.process([], in: folder.url, path: path)
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.environment?["teleport"] = try Tool.executable.path
        try process.run()
        process.waitUntilExit()
        return Tool.Result(
            status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }

    /// Puts a shell script in the place of gnuplot, and returns a search path that has it.
    private func fakeGnuplot(_ script: String) throws -> String {
        try folder.write("#!/bin/sh\n\(script)\n", to: "bin/gnuplot")
        let bin = folder.url.appendingPathComponent("bin")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: bin.appendingPathComponent("gnuplot").path)
        return "\(bin.path):/usr/bin:/bin"
    }

    @Test(
        "Nothing that cannot be shown ends a run",
        arguments: [
            quick + " 2>/dev/full", figure + " 2>/dev/full", figure + " 2>&-", figure + " >&- 2>&-",
            figure + " >/dev/full 2>/dev/full", figure + " <&- >&- 2>&-", figure + " 2>&1 | head -n 1 >/dev/null",
        ])
    func streams(command: String) throws {
        // Without gnuplot there is something to say at the end, too.
        let result = try shell("PATH=\"$HOME\"; \"$teleport\" \(command.replacing(" head", with: " /usr/bin/head"))")
        #expect(result.status == 0, "\(result.errors)")
        let isFigure = command.hasPrefix("reproduce")
        let record = folder.url.appendingPathComponent("out/\(isFigure ? "reproduction" : "summary").json")
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: record)) as? [String: Any]
        #expect(json?[isFigure ? "results" : "arms"] != nil)
    }

    @Test("What is nothing but printed fails where it cannot be printed")
    func benchmarks() throws {
        let result = try shell("\"$teleport\" bench symmetry --repetitions 1 --threads 1 --json >/dev/full")
        #expect(
            result.status == 2 && result.errors.contains("cannot write to standard output: No space left on device"))
    }

    @Test(
        "A terminal that goes away saves what there is; a quit does not",
        arguments: [(SIGHUP, 130), (SIGQUIT, -1)] as [(Int32, Int32)])
    func signals(signal: Int32, status: Int32) throws {
        let (process, _, errors) = try Tool.process(
            CompareTests.quick + ["--epochs", "1000", "--output", "out"], in: folder.url, path: "")
        try process.run()
        func text() throws -> String { try String(contentsOf: errors, encoding: .utf8) }
        let deadline = Date(timeIntervalSinceNow: 60)
        while try !text().contains("epoch 2/1000"), process.isRunning, Date() < deadline {
            Thread.sleep(forTimeInterval: 0.02)
        }
        kill(process.processIdentifier, signal)
        // A terminal that goes away tells so twice.
        if signal == SIGHUP { kill(process.processIdentifier, signal) }
        process.waitUntilExit()
        guard status >= 0 else {
            #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
            return
        }
        #expect(process.terminationReason == .exit && process.terminationStatus == status)
        #expect(try text().contains("stopping after the step under way"))
        #expect(folder.has("out/summary.json"))
    }

    @Test("Under nohup a terminal may go away")
    func withoutTerminal() throws {
        let command = """
            trap '' HUP; "$teleport" \(Self.quick.replacing("--epochs 2", with: "--epochs 40")) & child=$!
            while ! grep -q 'epoch 2/' "$HOME"/.errors-*; do sleep 0.05; done
            kill -HUP $child; wait $child
            """
        let result = try shell(command, path: "/usr/bin:/bin")
        #expect(result.status == 0 && !result.errors.contains("interrupted"))
    }

    @Test("The table is there before figures are drawn, and the numbers are kept whatever comes of these")
    func hangingGnuplot() throws {
        let path = try fakeGnuplot("sleep 1000")
        let (process, output, _) = try Tool.process(
            Self.figure.split(separator: " ").map(String.init), in: folder.url, path: path)
        try process.run()
        let deadline = Date(timeIntervalSinceNow: 60)
        func isShown() throws -> Bool { try String(contentsOf: output, encoding: .utf8).contains("\nHere: ") }
        while try !(isShown() && folder.has("out/reproduction.json")), Date() < deadline {
            Thread.sleep(forTimeInterval: 0.02)
        }
        #expect(try isShown() && folder.has("out/reproduction.json"))
        // A kill leaves nothing behind, and no figures of another run.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let names = try FileManager.default.contentsOfDirectory(
            atPath: folder.url.appendingPathComponent("out").path)
        #expect(names == ["reproduction.json"])
    }

    @Test("A new record is not beside figures of an earlier one")
    func oldFigures() throws {
        for name in [
            "reproduction.json", "report.html", "gradient-against-loss.svg", "gradient-against-loss.png", "notes.txt",
        ] {
            try folder.write("old", to: "out/\(name)")
        }
        let result = try shell("\"$teleport\" \(Self.figure) --overwrite", path: "")
        #expect(result.status == 0 && result.errors.contains("no figures: gnuplot is not on the search path"))
        let names = try FileManager.default.contentsOfDirectory(
            atPath: folder.url.appendingPathComponent("out").path)
        #expect(names.sorted() == ["notes.txt", "report.html", "reproduction.json"])
        #expect(try folder.report().texts("h1") == ["ST22 Figure 7"])
    }

    @Test(
        "A drawing that is no good costs no results",
        arguments: [
            ("printf '<svg><path'", "is not complete", "They are missing"),
            (
                "grep -q pngcairo && printf 'IEND\\256B\\140\\202' || printf 'no drawing </svg>\\n\\n'", nil,
                "This drawing is missing"
            ),
        ] as [(String, String?, String)])
    func brokenDrawing(script: String, warning: String?, notice: String) throws {
        let path = try fakeGnuplot(script)
        let result = try shell("\"$teleport\" \(Self.figure) --quiet", path: path)
        #expect(result.status == 0 && folder.has("out/reproduction.json"))
        #expect(warning.map { result.errors.contains($0) } ?? result.errors.isEmpty, "\(result.errors)")
        #expect(try folder.report().texts("p").contains { $0.contains(notice) })
    }

    @Test("A page that cannot be written costs a sentence")
    func lostPage() throws {
        // What takes the place of the page while figures are drawn.
        let path = try fakeGnuplot("mkdir -p out/report.html; exit 1")
        let result = try shell("\"$teleport\" \(Self.figure)", path: path)
        #expect(result.status == 0 && folder.has("out/reproduction.json"))
        #expect(result.errors.contains("teleport: no report: cannot write "), "\(result.errors)")
    }

    @Test("A record that cannot be written in the end is printed")
    func lostFolder() throws {
        let command = """
            "$teleport" \(Self.quick) --json --quiet --epochs 60 --training-samples 2000 & child=$!
            while [ ! -d out ]; do sleep 0.02; done
            sleep 0.3; rm -rf out; : > out; wait $child
            """
        let result = try shell(command, path: "/usr/bin:/bin")
        #expect(result.status == 2)
        #expect(
            result.errors.contains("summary.json: ") && result.errors.contains("the results are on standard output"))
        let json = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        #expect(json?["arms"] != nil, "one document, which is not printed a second time")
    }

    @Test("Numbers above what there is are said to be capped, once")
    func capped() throws {
        let options =
            " --training-samples 99999 --control-samples 50000 --teleport-batch-size 12001 --teleport-batches 3 --schedule 0 --epochs 1"
        let result = try shell("\"$teleport\" \(Self.quick)\(options)", path: "")
        #expect(result.status == 0)
        for text in [
            "--training-samples 99999: the data have no more than 12000, and that is what is taken",
            "--control-samples 50000: the data have no more than 12000",
            "--teleport-batch-size 12001: the data have no more than 12000",
            "--teleport-batches 3: the data have no more than 1,",
        ] {
            #expect(result.errorLines.count { $0.contains(text) } == 1, "\(result.errors)")
        }
        #expect(!result.errors.contains("--batch-size 32"))
    }

    @Test("Threads are those that the user set, and more than there are processors are said to be too many")
    func threads() throws {
        let set = try shell("OMP_NUM_THREADS=1 \"$teleport\" \(Self.figure)", path: "")
        #expect(set.status == 0 && !set.errors.contains("this process has"))
        let data = try Data(contentsOf: folder.url.appendingPathComponent("out/reproduction.json"))
        let root = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        #expect((root?["environment"] as? [String: Any])?["threads"] as? Int == 1)
        let many = try shell("\"$teleport\" \(Self.figure) --threads 1024 --overwrite", path: "")
        #expect(many.errors.contains("--threads 1024: this process has") && many.errors.contains("; give --threads "))
        let quiet = try shell("\"$teleport\" \(Self.figure) --threads 1024 --overwrite --quiet", path: "")
        #expect(quiet.errorLines.count == 1 && quiet.errors.contains("no figures"))
    }

    @Test("Memory that there is not is refused in a sentence")
    func memory() throws {
        let result = try shell("\"$teleport\" \(Self.quick) --model cnn:1000000")
        #expect(result.status == 2 && result.errorLines.count == 1)
        #expect(result.errors.contains("--model cnn:1000000") && result.errors.contains("give a smaller --model"))
        // What the estimate lets pass and the system does not.
        let limited = try shell("ulimit -v 3000000; \"$teleport\" \(Self.quick) --model mlp:1000000")
        #expect(limited.status == 2 && limited.errors.contains("not enough memory: "), "\(limited.errors)")
        #expect(limited.errors.contains("GB were asked for at once; give a smaller --model"))
    }

    @Test(
        "A series whose later values are out of all proportion is to blame, and not the learning rate",
        arguments: ["compare", "train"])
    func largeValues(command: String) throws {
        let rows = (0..<1500).map { row in
            (0..<8).map { "\(Double((row * 7 + $0 * 3) % 11) * (row > 1300 ? 1e30 : 1))" }.joined(separator: ",")
        }
        try folder.write(rows.joined(separator: "\n") + "\n", to: "data/exchange-rate/exchange_rate.txt")
        let result = try shell(
            "\"$teleport\" \(command) --model mlp:8 --training-samples 200 --test-samples 50 --threads 1 --schedule none "
                + "--output out --dataset exchange-rate --data data --epochs 1 "
                + (command == "compare" ? "--seeds 1" : ""), path: "")
        #expect(result.status == 3, "\(result.errors)")
        #expect(result.errors.contains("'exchange-rate': the loss of the untrained model is "))
        #expect(!result.errors.contains("learning-rate") && folder.has("out/summary.json"))
    }

    @Test("A loss far above that of the untrained model is one of a training that diverged")
    func finiteDivergence() throws {
        let result = try shell(
            "\"$teleport\" inspect --model mlp:8 --training-samples 200 --epochs 1 --learning-rate 1e8 --threads 1 --output out"
        )
        #expect(result.status == 4 && result.errors.contains("training diverged: a loss ended at"))
        #expect(result.errors.contains("lower --learning-rate, which was 100000000.0"))
    }
}
