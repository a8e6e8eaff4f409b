import Foundation
import TestSupport
import Testing
import Torch

/// `teleport train` and `teleport compare` in several processes.
@Suite struct DistributedTests {
    let folder: TemporaryFolder

    /// Few images and a short text: digits would take longer to generate than all else does.
    init() throws {
        folder = try TemporaryFolder()
        let generator = Generator(seed: 1)
        for (name, count) in [("train", 120), ("t10k", 40)] {
            func bytes(_ number: Int) -> [UInt8] {
                [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
            }
            func draw(_ count: Int, below bound: Int) -> [UInt8] {
                Tensor.integers([count], in: 0..<bound, using: generator).elements(as: Int64.self).map(UInt8.init)
            }
            let labels = bytes(0x801) + bytes(count) + draw(count, below: 10)
            let images = [0x803, count, 28, 28].flatMap(bytes) + draw(count * 784, below: 256)
            try folder.write(labels, to: "data/mnist/\(name)-labels-idx1-ubyte")
            try folder.write(images, to: "data/mnist/\(name)-images-idx3-ubyte")
        }
        for (name, count) in [("train", 400), ("test", 60)] {
            let words = Tensor.integers([count * 6], in: 0..<8, using: generator).elements(as: Int64.self)
            let lines = stride(from: 0, to: words.count, by: 6).map { start in
                words[start..<start + 6].map { "\($0)" }.joined(separator: " ")
            }
            try folder.write(lines.joined(separator: "\n") + "\n", to: "data/ptb/ptb.\(name).txt")
        }
    }

    private var path: String { folder.url.path }

    /// Training with teleports that move and that are undone, in batches that do not divide evenly.
    private func training(_ command: String = "train", model: String = "mlp:24,20", epochs: Int = 2) -> [String] {
        let dataset = model.hasPrefix("transformer") ? "penn-treebank" : "mnist"
        return [
            command, "--dataset", dataset, "--data", "\(path)/data", "--model", model, "--epochs", "\(epochs)",
            "--learning-rate", "0.05", "--schedule", "every:4", "--trial-steps", "2", "--patience", "0", "--dtype",
            "float64", "--threads", "1", "--batch-size", "21", "--teleport-batch-size", "9", "--control-samples", "17",
        ]
    }

    // MARK: Processes

    /// A process that has been started.
    private struct Started {
        let process: Process
        let output: URL
        let errors: URL

        /// What it left behind, at the latest after a while.
        func result() throws -> Tool.Result {
            let end = Date() + 60
            while process.isRunning, Date() < end { usleep(5000) }
            if process.isRunning {
                kill(process.processIdentifier, SIGKILL)
                Issue.record("a process did not come to its end")
            }
            process.waitUntilExit()
            return Tool.Result(
                status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
                errors: try String(contentsOf: errors, encoding: .utf8))
        }
    }

    private func start(
        _ arguments: [String], _ variables: [String: String], in directory: URL? = nil, executable: String? = nil
    ) throws -> Started {
        let (process, output, errors) = try Tool.process(arguments, in: directory ?? folder.url)
        if let executable { process.executableURL = URL(fileURLWithPath: executable) }
        process.environment?.merge(variables) { $1 }
        try process.run()
        return Started(process: process, output: output, errors: errors)
    }

    /// Starts a process for each list of arguments, as a launcher does.
    ///
    /// - Parameter separately: Whether each but the first has a folder of its own to work in.
    private func start(_ ranks: [[String]], separately: Bool = false) throws -> [Started] {
        let port = freePort()
        return try ranks.enumerated().map { rank, arguments in
            let own = folder.url.appendingPathComponent("rank\(rank)")
            if separately, rank > 0 {
                try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            }
            return try start(
                arguments,
                [
                    "RANK": "\(rank)", "WORLD_SIZE": "\(ranks.count)", "LOCAL_RANK": "\(rank)",
                    "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)",
                ], in: separately && rank > 0 ? own : nil)
        }
    }

    /// Runs processes to their ends.
    private func run(_ arguments: [String], times count: Int = 2) throws -> [Tool.Result] {
        try start(Array(repeating: arguments, count: count)).map { try $0.result() }
    }

    /// What the tool itself says on standard error.
    private func sentences(_ result: Tool.Result) -> [Substring] {
        result.errorLines.filter { $0.hasPrefix("teleport: ") && !$0.hasPrefix("teleport: the machine is busy: ") }
    }

    // MARK: Numbers

    /// The lines of `records.jsonl`, without times.
    private func records(_ name: String) throws -> [[String: Any]] {
        try String(contentsOf: folder.url.appendingPathComponent("\(name)/records.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { line in
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                return object.filter { !$0.key.lowercased().hasSuffix("seconds") }
            }
    }

    /// Checks that two records say the same: decisions to the word, numbers to rounding.
    private func expect(
        _ records: [[String: Any]], are expected: [[String: Any]], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(records.count == expected.count, sourceLocation: sourceLocation)
        for (record, expected) in zip(records, expected) {
            #expect(Set(record.keys) == Set(expected.keys), sourceLocation: sourceLocation)
            for (key, value) in expected {
                // A reason has numbers in its words.
                guard let other = record[key], key != "reason" else { continue }
                if let number = value as? Double, let other = other as? Double {
                    #expect(
                        abs(number - other) <= 1e-12 * abs(number), "\(key): \(other) instead of \(number)",
                        sourceLocation: sourceLocation)
                } else {
                    #expect((value as? NSObject) == (other as? NSObject), "\(key)", sourceLocation: sourceLocation)
                }
            }
        }
    }

    /// The training losses of all runs of a sweep.
    private func sweptLosses(_ name: String) throws -> [Double] {
        let data = try Data(contentsOf: folder.url.appendingPathComponent("\(name)/sweep.json"))
        let record = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let values = try #require(record["values"] as? [[String: Any]])
        let arms = values.compactMap { $0["arms"] as? [String: [String: Any]] }.flatMap {
            [$0["baseline"], $0["teleport"]].compactMap(\.self)
        }
        let runs = arms.flatMap { $0["runs"] as? [[String: Any]] ?? [] }
        return runs.flatMap { $0["epochs"] as? [[String: Any]] ?? [] }.compactMap { $0["trainLoss"] as? Double }
    }

    private func weights(_ name: String) throws -> [String: [Double]] {
        try Safetensors(contentsOf: folder.url.appendingPathComponent("\(name)/model.safetensors")).tensors.mapValues {
            $0.doubles()
        }
    }

    private func modelBytes(_ name: String) throws -> Data {
        try Data(contentsOf: folder.url.appendingPathComponent("\(name)/model.safetensors"))
    }

    private func checkpoints(_ name: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(name)/checkpoints"))?
            .filter { !$0.hasPrefix(".") } ?? []
    }

    private func waitForCheckpoint(of name: String) {
        let end = Date() + 60
        while checkpoints(name).isEmpty, Date() < end { usleep(5000) }
    }

    // MARK: As one

    @Test(
        "Two processes train to the numbers of one, and the second says and writes nothing",
        arguments: ["mlp:24,20", "cnn:4,6", "resnet:4,4", "transformer:heads=2,head-size=4,layers=1"])
    func twoAsOne(model: String) throws {
        // Of images the control samples, or a trial, would undo all moves.
        let isOfImages = !model.hasPrefix("mlp") && !model.hasPrefix("transformer")
        let common = training(model: model) + (isOfImages ? ["--control-samples", "0", "--trial-steps", "0"] : [])
        let alone = try Tool.run(common + ["--output", "one"], in: folder.url)
        #expect(alone.status == 0, "\(alone.errors)")
        let options =
            common + ["--output", "two"]
            + (model.hasPrefix("resnet") ? ["--batch-statistics", "synchronized"] : [])
        let results = try start([options, options], separately: true).map { try $0.result() }
        #expect(results.map(\.status) == [0, 0], "\(results.map(\.errors))")
        #expect(results[1].output.isEmpty && results[1].errors.isEmpty)
        #expect(!results[0].output.isEmpty && results[0].errors.contains("epoch 2/2"))
        let written = try FileManager.default.contentsOfDirectory(atPath: "\(path)/rank1")
        #expect(written.allSatisfy { $0.hasPrefix(".output-") || $0.hasPrefix(".errors-") }, "\(written)")

        let expected = try records("one")
        expect(try records("two"), are: expected)
        #expect(
            expected.contains {
                $0["kind"] as? String == "teleport" && $0["restored"] as? Bool == false && $0["steps"] as? Int ?? 0 > 0
            })
        let (one, two) = (try weights("one"), try weights("two"))
        #expect(Set(one.keys) == Set(two.keys))
        for (name, numbers) in one {
            let scale = numbers.map(\.magnitude).max() ?? 0
            // Before a normalization a bias has no gradient but rounding.
            #expect(
                zip(numbers, two[name] ?? []).allSatisfy { abs($0 - $1) <= max(1e-11 * scale, 1e-14) }, "\(name)")
        }
    }

    @Test("A comparison of two processes has the losses of one")
    func comparison() throws {
        let options = training("compare") + ["--seeds", "2"]
        let alone = try Tool.run(options + ["--output", "one"], in: folder.url)
        #expect(alone.status == 0, "\(alone.errors)")
        let both = options + ["--output", "two"]
        let results = try start([both, both], separately: true).map { try $0.result() }
        #expect(results.map(\.status) == [0, 0], "\(results.map(\.errors))")
        #expect(results[1].output.isEmpty && results[1].errors.isEmpty)
        #expect(results[0].output.contains("baseline"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/rank1").allSatisfy { $0.hasPrefix(".") })
        let summaries = try ["one", "two"].map { try SummaryFile(in: folder.url.appendingPathComponent($0)) }
        #expect(summaries[0].losses.count == 16)
        #expect(zip(summaries[1].losses, summaries[0].losses).allSatisfy { abs($0 - $1) <= 1e-12 * $1 })
        for arm in ["baseline", "teleport"] {
            func decisions(_ summary: SummaryFile) -> [NSDictionary] {
                summary.records("teleports", of: arm).map { record in
                    record.filter { ["steps", "ending", "restored", "halvings", "freeDimensions"].contains($0.key) }
                        as NSDictionary
                }
            }
            #expect(decisions(summaries[0]) == decisions(summaries[1]))
        }
        #expect(!summaries[1].records("teleports", of: "teleport").isEmpty)
    }

    @Test("Three processes, more than there are samples in the last batch, train to the numbers of one")
    func threeAsOne() throws {
        // 120 samples in batches of 17: the last has one.
        let options = training() + ["--batch-size", "17"]
        #expect(try Tool.run(options + ["--output", "one"], in: folder.url).status == 0)
        let results = try run(options + ["--output", "three"], times: 3)
        #expect(results.map(\.status) == [0, 0, 0], "\(results.map(\.errors))")
        expect(try records("three"), are: try records("one"))
    }

    @Test("A process of a world of one is alone")
    func worldOfOne() throws {
        let alone = try Tool.run(training(epochs: 1) + ["--output", "alone", "--quiet"], in: folder.url)
        // Nobody listens there, and nobody is asked.
        let one = try start(
            training(epochs: 1) + ["--output", "one", "--quiet"],
            ["WORLD_SIZE": "1", "RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"]
        ).result()
        #expect(alone.status == 0 && one.status == 0, "\(one.errors)")
        #expect(sentences(one).allSatisfy { !$0.contains("rank") })
        #expect(try modelBytes("one") == modelBytes("alone"))
        #expect(try records("one") as [NSDictionary] == records("alone") as [NSDictionary])
    }

    // MARK: Refusals

    @Test("Options that differ are refused with the rank, the option and both values, and other data are")
    func disagreement() throws {
        let output = ["--output", "out", "--quiet"]
        let results = try start([training(epochs: 2) + output, training(epochs: 3) + output]).map { try $0.result() }
        #expect(results.map(\.status) == [5, 5])
        #expect(
            sentences(results[1]) == [
                "teleport: rank 1: --epochs is 3 at rank 1, and 2 at rank 0; start all ranks alike"
            ], "\(results[1].errors)")
        #expect(results[0].output.isEmpty && results[1].output.isEmpty)
        #expect(sentences(results[0]).count == 1 && results[0].errors.contains("rank 1"), "\(results[0].errors)")
        #expect(!folder.has("out"), "nothing was begun")

        try FileManager.default.copyItem(atPath: "\(path)/data", toPath: "\(path)/other")
        let labels = folder.url.appendingPathComponent("other/mnist/train-labels-idx1-ubyte")
        var changed = try Data(contentsOf: labels)
        changed[8] = (changed[8] + 1) % 10
        try changed.write(to: labels)
        let apart = try start([training() + output, training() + output + ["--data", "other"]]).map { try $0.result() }
        #expect(apart.map(\.status) == [5, 5])
        #expect(sentences(apart[1]).count == 1 && apart[1].errors.contains("the data set is "), "\(apart[1].errors)")
    }

    @Test("A process that waits for the others in vain says for which, and where they would meet")
    func alone() throws {
        let variables = ["RANK": "0", "WORLD_SIZE": "3", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(freePort())"]
        let result = try start(training() + ["--output", "out", "--process-timeout", "1"], variables).result()
        #expect(result.status == 5 && result.errorLines.count == 1, "\(result.errors)")
        #expect(result.errors.contains("ranks 1 and 2") && result.errors.contains("127.0.0.1:"), "\(result.errors)")
        #expect(!folder.has("out"))
    }

    @Test("Variables that cannot be are refused, each by its name and value")
    func variables() throws {
        let complete = ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"]
        for (name, value, part) in [("RANK", "5", "RANK is '5'"), ("MASTER_PORT", "", "MASTER_PORT is not")] {
            let result = try start(training() + ["--output", "out"], complete.merging([name: value]) { $1 }).result()
            #expect(result.status == 5 && result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.contains(part), "\(result.errors)")
        }
    }

    @Test(
        "A command that several processes cannot run together is refused by its name",
        arguments: ["inspect --dataset mnist --data data", "data list", "reproduce lookahead"])
    func otherCommands(command: String) throws {
        let arguments = command.split(separator: " ").map(String.init)
        let result = try start(
            arguments, ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"]
        ).result()
        #expect(result.status == 2 && result.output.isEmpty, "\(result.output)")
        let name = arguments[0] == "data" ? "list" : arguments[0]
        #expect(result.errorLines.count == 1)
        #expect(
            result.errors.hasPrefix("teleport: \(name): runs in one process, and WORLD_SIZE says"), "\(result.errors)")
    }

    @Test("A model with dropout, and batches too small for batch normalization, are refused")
    func models() throws {
        try folder.write(
            """
            - flatten
            - linear: {in: 784, out: 12}
            - dropout: {rate: 0.5}
            - linear: {in: 12, out: 10}
            """, to: "stack.yaml")
        for (options, part) in [
            (["--model", "stack.yaml"], "a model with dropout"),
            (["--model", "resnet:4,4", "--batch-size", "3"], "--batch-size 3: with batch normalization"),
        ] {
            let results = try run(training() + options + ["--output", "out", "--quiet"])
            #expect(results.map(\.status) == [2, 2])
            for result in results {
                #expect(sentences(result).count == 1 && result.errors.contains(part), "\(result.errors)")
            }
            #expect(!folder.has("out"))
        }
    }

    // MARK: Losses

    /// Endless training, with checkpoints often.
    private func endless(_ output: String) -> [String] {
        training(epochs: 100_000) + ["--checkpoint-every", "5", "--output", output, "--quiet"]
    }

    @Test(
        "A process that is killed ends the other within seconds, which names it; its checkpoints can be gone on from",
        arguments: [0, 1])
    func killed(rank: Int) throws {
        let ranks = try start(Array(repeating: endless("out"), count: 2))
        waitForCheckpoint(of: "out")
        kill(ranks[rank].process.processIdentifier, SIGKILL)
        let start = Date()
        let other = try ranks[1 - rank].result()
        #expect(Date().timeIntervalSince(start) < 20)
        _ = try ranks[rank].result()
        #expect(other.status == 5 && other.output.isEmpty)
        #expect(sentences(other).count == 1, "\(other.errors)")
        let sentence = try #require(sentences(other).first)
        #expect(sentence.hasPrefix("teleport: rank \(1 - rank): rank \(rank) of 2 is lost"), "\(sentence)")
        #expect(sentence.contains("--resume"))
        // One process alone can read them.
        let resumed = try Tool.run(["train", "--resume", "out", "--until", "step:1", "--quiet"], in: folder.url)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(folder.has("out/model.safetensors"))
    }

    @Test("Ctrl-C at both ends both, and the run goes on to the same numbers as if nothing had happened")
    func interrupted() throws {
        let ranks = try start(Array(repeating: endless("cut"), count: 2))
        waitForCheckpoint(of: "cut")
        for rank in ranks { kill(rank.process.processIdentifier, SIGINT) }
        let results = try ranks.map { try $0.result() }
        #expect(results.map(\.status) == [130, 130], "\(results.map(\.errors))")
        #expect(results[1].output.isEmpty && results[1].errors.isEmpty, "\(results[1].errors)")
        #expect(results[0].errors.contains("go on with 'teleport train --resume cut'"))
        let done = try records("cut").count { $0["kind"] as? String == "epoch" }
        let epochs = ["--epochs", "\(done + 2)"]
        let resumed = try run(["train", "--resume", "cut", "--quiet"] + epochs)
        #expect(resumed.map(\.status) == [0, 0], "\(resumed.map(\.errors))")
        let whole = try run(endless("whole") + epochs)
        #expect(whole.map(\.status) == [0, 0], "\(whole.map(\.errors))")
        #expect(try modelBytes("cut") == modelBytes("whole"))
        #expect(try records("cut") as [NSDictionary] == records("whole") as [NSDictionary])
    }

    @Test("Ctrl-C at one process stops both at the same step")
    func interruptedAtOne() throws {
        let ranks = try start(Array(repeating: endless("cut"), count: 2))
        waitForCheckpoint(of: "cut")
        kill(ranks[1].process.processIdentifier, SIGINT)
        #expect(try ranks.map { try $0.result().status } == [130, 130])
    }

    @Test("A sweep of two processes goes on where Ctrl-C ended it, to the numbers of one process")
    func sweep() throws {
        let options = training("compare", epochs: 10) + ["--sweep", "teleport-steps=1,2", "--seeds", "2", "--quiet"]
        let ranks = try start(Array(repeating: options + ["--output", "two"], count: 2))
        let end = Date() + 60
        func runs() -> [String] {
            (FileManager.default.enumerator(atPath: "\(path)/two/cells")?.compactMap { $0 as? String } ?? [])
                .filter { $0.hasSuffix(".json") }
        }
        while runs().isEmpty, Date() < end { usleep(5000) }
        for rank in ranks { kill(rank.process.processIdentifier, SIGINT) }
        let results = try ranks.map { try $0.result() }
        #expect(results.map(\.status) == [130, 130], "\(results.map(\.errors))")
        #expect(!runs().isEmpty && runs().count < 8, "\(runs())")
        let resumed = try run(["compare", "--resume", "two", "--quiet"])
        #expect(resumed.map(\.status) == [0, 0], "\(resumed.map(\.errors))")
        #expect(resumed[1].output.isEmpty && resumed[1].errors.isEmpty, "\(resumed[1].errors)")
        let alone = try Tool.run(options + ["--output", "one"], in: folder.url)
        #expect(alone.status == 0, "\(alone.errors)")
        let losses = try ["one", "two"].map(sweptLosses)
        // Of both values, arms and seeds, after each epoch.
        #expect(losses.map(\.count) == [2 * 2 * 2 * 10, 2 * 2 * 2 * 10])
        #expect(zip(losses[1], losses[0]).allSatisfy { abs($0 - $1) <= 1e-12 * $1 })
    }

    // MARK: torchrun

    private func torchrun(_ options: [String], _ command: [String]) throws -> Tool.Result {
        try start(
            ["--no-python", "--nproc-per-node", "2", "--master-port", "\(freePort())"] + options + command, [:],
            executable: try #require(Torchrun.executable)
        ).result()
    }

    @Test(
        "torchrun starts the processes anew, which go on from the newest checkpoint to the same numbers",
        .enabled(if: Torchrun.executable != nil, "needs the torchrun that make setup installs"))
    func restarted() throws {
        let tool = try Tool.executable.path
        let options = training(epochs: 40) + ["--checkpoint-every", "5", "--keep", "100", "--quiet"]
        let whole = try run(options + ["--output", "whole"])
        #expect(whole.map(\.status) == [0, 0], "\(whole.map(\.errors))")
        // The second process is killed, as if from outside, once there is a checkpoint.
        let script = """
            if [ $RANK = 1 ] && [ $TORCHELASTIC_RESTART_COUNT = 0 ]; then
                "$@" & until ls out/checkpoints/* > seen 2> /dev/null; do sleep 0.02; done
                kill -9 $! && touch killed; wait $!
            else
                if [ $TORCHELASTIC_RESTART_COUNT = 1 ]; then ls out/checkpoints/* > found.$RANK; fi
                exec "$@"
            fi
            """
        let result = try torchrun(
            ["--max-restarts", "1"],
            ["/bin/sh", "-c", script, "sh", tool] + options + ["--output", "out"])
        // Whether the first process gets to say who is lost is not this test's: torchrun asks it to end as soon as it sees the loss,
        // and kills it where that takes half a minute, as on a machine whose disk is busy with other tests' files.
        #expect(result.status == 0, "\(result.errors)")
        #expect(folder.has("killed"))
        for list in ["seen", "found.0", "found.1"] {
            #expect(
                try !String(contentsOf: folder.url.appendingPathComponent(list), encoding: .utf8).isEmpty, "\(list)")
        }
        #expect(try modelBytes("out") == modelBytes("whole"))
        #expect(try records("out") as [NSDictionary] == records("whole") as [NSDictionary])
    }
}

/// PyTorch's launcher.
private enum Torchrun {
    /// The one beside the libtorch of these tests; nil where there is none, as with a libtorch of one's own.
    static let executable: String? = {
        let package = URL(fileURLWithPath: #filePath).appending(path: "../../../.libtorch/torch").standardized.path
        return [ProcessInfo.processInfo.environment["LIBTORCH"], package].compactMap { $0 }.map {
            URL(fileURLWithPath: $0).deletingLastPathComponent().appending(path: "bin/torchrun").path
        }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()
}

extension TemporaryFolder {
    /// Writes a file of bytes, making the folders on the way to it.
    fileprivate func write(_ bytes: [UInt8], to name: String) throws {
        let file = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }
}
