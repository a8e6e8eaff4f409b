import Foundation
import Testing

/// Completions of the command line in a shell.
@Suite struct CompletionTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func script(_ shell: String) throws -> String {
        let result = try Tool.run(["--generate-completion-script", shell], in: folder.url)
        #expect(result.status == 0 && result.errors.isEmpty)
        return result.output
    }

    /// Runs a script of bash.
    private func bash(_ script: String) throws -> Tool.Result {
        let (process, output, errors) = try Tool.process([], in: folder.url)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["bash", "-c", script]
        try process.run()
        process.waitUntilExit()
        return Tool.Result(
            status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }

    /// What bash offers for the last word of a command, as it asks the function that the script registers.
    private func completions(of words: [String]) throws -> [String] {
        try folder.write(try script("bash"), to: "teleport.bash")
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        let line = words.joined(separator: " ")
        let result = try bash(
            """
            source ./teleport.bash
            COMP_WORDS=(\(quoted)) COMP_CWORD=\(words.count - 1) COMP_LINE='\(line)' COMP_POINT=\(line.count)
            COMP_TYPE=9 COMP_KEY=9
            words=$(complete -p teleport) && name=${words##*-F } && name=${name%% *}
            "$name" teleport '\(words.last ?? "")' '\(words.dropLast().last ?? "")'
            printf '%s\\n' "${COMPREPLY[@]}"
            """)
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n").map(String.init)
    }

    @Test("The scripts are there for all shells, and bash takes its own")
    func scripts() throws {
        for shell in ["bash", "zsh", "fish"] { #expect(try script(shell).contains("teleport")) }
        try folder.write(try script("bash"), to: "teleport.bash")
        let result = try bash("bash -n teleport.bash")
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    }

    @Test(
        "Names are offered where a name is asked for",
        arguments: [
            ("compare --dataset mn", ["mnist"]), ("train --optimizer ada", ["adagrad", "adam", "adamw"]),
            ("compare --method ga", ["gauge"]), ("inspect --model tr", ["transformer"]),
            ("compare --objective look", ["lookahead", "lookahead-others"]), ("train --log t", ["tensorboard"]),
            ("compare --objec", ["--objective"]), ("learn --arms r", ["rate+teleport"]), ("comp", ["compare"]),
            ("reproduce st22-figure-7", ["st22-figure-7"]), ("bench tr", ["train"]),
            ("compare --dtype ", ["float32", "float64"]),
        ])
    func names(command: String, expected: [String]) throws {
        let words = "teleport \(command)".split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        #expect(try completions(of: words).sorted() == expected)
    }

    @Test("Files are offered by their kind, and folders where a folder is asked for")
    func files() throws {
        for name in ["run.yaml", "run.txt", "weights.safetensors"] { try folder.write("", to: name) }
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("runs"), withIntermediateDirectories: true)
        #expect(try completions(of: ["teleport", "train", "--resume", "ru"]) == ["runs"])
        #expect(try Set(completions(of: ["teleport", "compare", "--config", "ru"])) == ["run.yaml", "runs"])
        #expect(try completions(of: ["teleport", "apply", "--weights", "w"]) == ["weights.safetensors"])
    }

    @Test("Every option says what completes it, but for those that take numbers of any size")
    func kinds() throws {
        struct Dump: Decodable {
            struct Command: Decodable {
                let commandName: String
                let subcommands: [Command]?
                let arguments: [Argument]?
            }
            struct Argument: Decodable {
                struct Name: Decodable { let name: String }
                let kind: String
                let names: [Name]?
                let completionKind: [String: Kind]?
            }
            /// What a kind holds does not matter here.
            struct Kind: Decodable { init(from decoder: any Decoder) throws {} }
            let command: Command
        }
        let numbers: Set<String> = [
            "training-samples", "test-samples", "learning-rate", "batch-size", "teleport-batches",
            "teleport-batch-size",
            "control-samples", "teleport-steps", "tau", "cycles", "tolerance", "displacements", "random-directions",
            "curves",
            "warm-up-steps", "trial-steps", "own-progress", "patience", "threads", "process-timeout", "epochs", "seed",
            "seeds",
            "checkpoint-every",
            "keep",
            "early-stopping", "samples", "steps", "repetitions", "trajectories", "sizes", "slope", "hidden-size",
            "element-norm", "trajectory-steps", "unroll", "update-learning-rate", "teleport-learning-rate",
            "save-every",
            "test-problems", "test-steps", "scales", "from", "to", "smoothing",
        ]
        let text = try Tool.run(["--experimental-dump-help"], in: folder.url).output
        let dump = try JSONDecoder().decode(Dump.self, from: Data(text.utf8))
        let commands = (dump.command.subcommands ?? []).filter { $0.commandName != "help" }
        #expect(commands.count >= 7)
        for command in commands {
            for argument in command.arguments ?? [] where argument.kind != "flag" {
                let name = argument.names?.first?.name ?? "the argument"
                #expect(
                    (argument.completionKind != nil) != numbers.contains(name), "\(command.commandName): \(name)")
            }
        }
    }
}
