import Foundation
import Testing

/// `teleport train` as a user runs it.
@Suite struct TrainTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let options =
        "train --model mlp:24 --training-samples 3000 --test-samples 50 --learning-rate 0.05 --schedule every:9 --trial-steps 3 "
        + "--patience 0 --own-progress 1 --checkpoint-every 5 --threads 1"

    private func run(_ arguments: String) throws -> Tool.Result {
        try Tool.run(arguments.split(separator: " ").map(String.init), in: folder.url)
    }

    private func records(_ name: String) throws -> [NSDictionary] {
        try String(contentsOf: folder.url.appendingPathComponent("\(name)/records.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { line in
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                return object.filter { !$0.key.lowercased().hasSuffix("seconds") } as NSDictionary
            }
    }

    @Test(
        "Epochs that are too short for a teleport each are said to be passed over, and so is the schedule of a run that goes on"
    )
    func shortEpochs() throws {
        let options = "train --model mlp:24 --training-samples 640 --test-samples 50 --threads 1 "
        let run = try run(options + "--epochs 3 --output short")
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            run.errors.contains("--schedule auto passes over 2 epochs, and is 0: an epoch has 20 steps"),
            "\(run.errors)")
        let data = try Data(contentsOf: folder.url.appendingPathComponent("short/summary.json"))
        let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect((root["configuration"] as? [String: Any])?["schedule"] as? String == "0")
        let resumed = try self.run("train --resume short --epochs 8")
        #expect(resumed.status == 0, "\(resumed.errors)")
        let teleports = try records("short").compactMap {
            $0["kind"] as? String == "teleport" ? $0["epoch"] as? Int : nil
        }
        #expect(Set(teleports) == [0])
        // What is asked for is done.
        let asked = try self.run(options + "--epochs 3 --schedule 0-2 --output asked")
        #expect(asked.status == 0 && !asked.errors.contains("passes over"))
        let all = try records("asked").compactMap { $0["kind"] as? String == "teleport" ? $0["epoch"] as? Int : nil }
        #expect(Set(all) == [0, 1, 2])
    }

    @Test("A run that is killed goes on with no option but its folder, to the same weights")
    func killed() throws {
        #expect(try run(Self.options + " --epochs 4 --output whole").status == 0)
        // Long enough that it is killed before its end.
        let (process, _, _) = try Tool.process(
            (Self.options + " --epochs 4000 --output killed").split(separator: " ").map(String.init), in: folder.url)
        try process.run()
        let checkpoints = folder.url.appendingPathComponent("killed/checkpoints").path
        while ((try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []).isEmpty { usleep(2000) }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let resumed = try run("train --resume killed --epochs 4")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.errors.contains("--epochs is 4, and was 4000"))
        for file in ["model.safetensors"] {
            let contents = try ["whole", "killed"].map {
                try Data(contentsOf: folder.url.appendingPathComponent("\($0)/\(file)"))
            }
            #expect(contents[0] == contents[1])
        }
        #expect(try records("killed") == records("whole"))
        #expect(try records("whole").count { $0["kind"] as? String == "epoch" } == 4)
        #expect(folder.has("whole/summary.json") && folder.has("killed/summary.json"))
        #expect(try folder.report(in: "whole").texts("code") == ["teleport \(Self.options) --epochs 4"])
        // What repeats a run that was gone on with needs no folder, and has each option once.
        let command = try #require(try folder.report(in: "killed").texts("code").first)
        #expect(command.hasPrefix("teleport train ") && command.contains(" --learning-rate=0.05 "), "\(command)")
        #expect(!command.contains("4000") && !command.contains("killed") && command.hasSuffix(" --epochs 4"))
    }

    @Test("Another run under the same name is refused, and so is a folder without one")
    func refusals() throws {
        #expect(try run(Self.options + " --epochs 1 --output out --quiet").status == 0)
        let other = try run("train --resume out --learning-rate 0.1 --quiet")
        #expect(other.status == 2)
        #expect(other.errors.contains("--learning-rate is 0.1, and was 0.05") && other.errorLines.count == 1)
        let again = try run(Self.options + " --output out")
        #expect(again.status == 2 && again.errors.contains("holds") && again.errorLines.count == 1)
        let none = try run("train --resume nowhere")
        #expect(none.status == 2 && none.errors.contains("nowhere") && none.errorLines.count == 1)
        let both = try run("train --resume out --output other")
        #expect(both.status == 2 && both.errors.contains("leave --output out"))
        // A checkpoint that is none.
        for file in try FileManager.default.contentsOfDirectory(
            atPath: folder.url.appendingPathComponent("out/checkpoints").path)
        { try folder.write("nothing", to: "out/checkpoints/\(file)") }
        let damaged = try run("train --resume out --quiet")
        #expect(damaged.status == 3 && damaged.errorLines.count == 1, "\(damaged.errors)")
        #expect(try run(Self.options + " --epochs 1 --output out --overwrite --quiet").status == 0)
        #expect(try run("train --resume out --quiet").status == 0, "a run that is over is over")
    }
}
