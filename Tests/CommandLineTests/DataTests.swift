import Foundation
import TestSupport
import Testing

/// `teleport data`.
@Suite struct DataTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func json(_ text: String) throws -> [[String: Any]] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    }

    /// A row of a series of exchange rates.
    private static let row = "0.78,1.61,0.86,0.63,0.20,0.006,0.52,0.49\n"

    @Test func lists() throws {
        let table = try Tool.run(["data", "list"], in: folder.url)
        #expect(table.status == 0 && table.errors.isEmpty)
        #expect(table.output.contains("31 MB  MIT"))
        #expect(table.output.split(separator: "\n").contains { $0.hasPrefix("cifar-10 ") && $0.contains("not stated") })
        let result = try Tool.run(["data", "list", "--json", "--data", "."], in: folder.url)
        let sets = try json(result.output)
        #expect(sets.count == 15 && sets[0]["there"] as? String == "generated" && sets[1]["there"] as? String == "no")
        let files = try #require(sets[1]["files"] as? [[String: Any]])
        #expect(files.map { $0["name"] as? String }.first == "train-images-idx3-ubyte.gz")
        #expect((files[0]["addresses"] as? [String])?[0].hasSuffix("/mnist/train-images-idx3-ubyte.gz") == true)
    }

    @Test func showsWhereFilesAre() throws {
        try folder.write(Self.row, to: "data/time-series/exchange_rate.txt")
        let arguments = ["data", "where", "exchange-rate", "etth1", "--data", "data"]
        let table = try Tool.run(arguments, in: folder.url)
        #expect(table.status == 0 && table.errors.isEmpty)
        #expect(table.output.contains("\(folder.url.path)/data/time-series/exchange_rate.txt"))
        #expect(table.output.contains("missing; belongs in \(folder.url.path)/data/etth1"))
        let sets = try json(Tool.run(arguments + ["--json"], in: folder.url).output)
        #expect(sets.count == 2 && (sets[0]["folder"] as? String)?.hasSuffix("data/time-series") == true)
        let files = try #require(sets[1]["files"] as? [[String: Any]])
        #expect(files[0]["path"] is NSNull && files[0]["name"] as? String == "ETTh1.csv")
    }

    @Test func verifies() throws {
        let empty = try Tool.run(["data", "verify", "--data", "."], in: folder.url)
        #expect(empty.status == 0 && empty.output == "nothing to check in \(folder.url.path)\n", "\(empty)")
        // Whoever asks for a data set wants it to be there.
        #expect(try Tool.run(["data", "verify", "etth1", "--data", "."], in: folder.url).status == 3)
        try folder.write(String(repeating: Self.row, count: 300), to: "exchange-rate/exchange_rate.txt")
        try folder.write("1,2\n", to: "electricity/electricity.txt")
        let result = try Tool.run(["data", "verify", "--data", "."], in: folder.url)
        #expect(result.status == 3 && result.errors.isEmpty)
        #expect(result.output.contains("it can be read, and is not what is published (SHA-256 "))
        #expect(result.output.contains("2 columns in line 1, expected 321"))
        let sets = try json(Tool.run(["data", "verify", "--data", ".", "--json"], in: folder.url).output)
        #expect(sets.map { $0["name"] as? String } == ["electricity", "exchange-rate"])
        #expect(sets.allSatisfy { $0["whole"] as? Bool == false })
    }

    @Test("A download that fails is one sentence and status 3, and leaves nothing")
    func failingDownload() throws {
        let server = try WebServer { _, _ in WebServer.Answer(404) }
        let arguments = ["data", "download", "digits", "etth1", "--data", "data", "--mirror", server.address]
        let result = try Tool.run(arguments, in: folder.url)
        #expect(result.status == 3 && result.output == "digits: generated, there is nothing to download\n")
        #expect(
            result.errorLines.count == 2
                && result.errorLines[0].contains("fetching ETTh1.csv, about 2.6 MB, from 127.0.0.1"))
        #expect(
            result.errorLines[1].contains(
                "ETTh1.csv could not be downloaded: \(server.address)/ETTh1.csv: the server answers 404"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path + "/data/etth1").isEmpty)
    }

    @Test("A full disk ends it with a sentence, and what has arrived is kept")
    func fullDisk() throws {
        let server = try WebServer { _, _ in WebServer.Answer(200, [UInt8](repeating: 1, count: 2_000_000)) }
        let (process, output, errors) = try Tool.process([], in: folder.url)
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // A limit on the size of files fails as a full disk does, and needs no disk to fill.
        process.arguments = [
            "-c",
            "trap '' XFSZ; ulimit -f 200; exec \(try Tool.executable.path) data download etth1 --data data --mirror \(server.address)",
        ]
        try process.run()
        process.waitUntilExit()
        let text = try String(contentsOf: errors, encoding: .utf8)
        let printed = try String(contentsOf: output, encoding: .utf8)
        #expect(process.terminationStatus == 3 && printed.isEmpty)
        #expect(
            text.contains("cannot write \(folder.url.path)/data/etth1/.ETTh1.csv.part: File too large; make room"),
            "\(text)")
        #expect(folder.has("data/etth1/.ETTh1.csv.part") && folder.has("data/etth1/.ETTh1.csv.origin"))
    }

    @Test("Commands that lack files name the download, and unknown names are refused")
    func remedies() throws {
        try FileManager.default.createDirectory(atPath: folder.url.path + "/data", withIntermediateDirectories: true)
        let missing = try Tool.run(["inspect", "--dataset", "etth1", "--data", "data"], in: folder.url)
        #expect(missing.status == 3)
        #expect(missing.errors.contains("run 'teleport data download etth1' with the same --data"), "\(missing.errors)")
        let unknown = try Tool.run(["data", "download", "mnits"], in: folder.url)
        #expect(unknown.status == 2 && unknown.errors.contains("give digits, mnist"), "\(unknown.errors)")
        let none = try Tool.run(["data", "download"], in: folder.url)
        #expect(none.status == 2, "\(none.errors)")
    }
}
