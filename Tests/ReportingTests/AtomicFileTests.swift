import Foundation
import TestSupport
import Testing

@testable import Reporting

@Suite struct AtomicFileTests {
    private func names(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test("A record takes the place of the earlier one and of its figures")
    func recordAndFigures() throws {
        try withTemporaryFolder { folder in
            let chart = LineChart(title: "a", horizontalLabel: "b", series: [])
            let figures = [NamedFigure("curve", Figure(panels: [chart]))]
            let record = folder.appendingPathComponent("record.json")
            try JSONValue.integer(1).write(to: record)
            for name in ["curve.svg", "curve.png", "mine.svg"] {
                try Data("old".utf8).write(to: folder.appendingPathComponent(name))
            }
            try AtomicFile.write([(record, JSONValue.integer(2).json())], removing: figures.files(in: folder))
            #expect(try String(contentsOf: record, encoding: .utf8) == "2\n")
            #expect(try names(in: folder) == ["mine.svg", "record.json"])
        }
    }

    @Test("A record that cannot be written leaves the earlier one with its figures")
    func failure() throws {
        try withTemporaryFolder { folder in
            let figure = folder.appendingPathComponent("curve.svg")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("old".utf8).write(to: figure)
            let file = figure.appendingPathComponent("below")
            let error = #expect(throws: ReportError.self) {
                try AtomicFile.write([(file, Data([1]))], removing: [figure])
            }
            #expect(error?.description.hasPrefix("cannot write \(file.path): ") == true)
            #expect(try names(in: folder) == ["curve.svg"])
        }
    }

    @Test("What killed processes left is removed, and what others are at is not")
    func clears() throws {
        try withTemporaryFolder { folder in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "exit 0"]
            try process.run()
            process.waitUntilExit()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let own = ".teleport-\(getpid())-a"
            for name in [".teleport-\(process.processIdentifier)-a", own, ".teleport-notes", "summary.json"] {
                try Data().write(to: folder.appendingPathComponent(name))
            }
            AtomicFile.clear(folder)
            #expect(try names(in: folder) == [own, ".teleport-notes", "summary.json"].sorted())
        }
    }

    @Test("Whether a file can be written is found out by writing one beside it")
    func triesOut() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("a"), withIntermediateDirectories: true)
            try AtomicFile.tryOut(folder.appendingPathComponent("b"))
            #expect(try names(in: folder) == ["a"])
            let file = folder.appendingPathComponent("a")
            #expect(throws: ReportError.unwritable(path: file.path, reason: "Is a directory")) {
                try AtomicFile.tryOut(file)
            }
            let missing = folder.appendingPathComponent("c/d")
            #expect(throws: ReportError.unwritable(path: missing.path, reason: "No such file or directory")) {
                try AtomicFile.tryOut(missing)
            }
        }
    }

    @Test("What is added is added whole, and a file that takes nothing is told of")
    func appends() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let file = folder.appendingPathComponent("log")
            for text in ["one", "two"] { try AtomicFile.append(Data(text.utf8), to: file) }
            #expect(try String(contentsOf: file, encoding: .utf8) == "onetwo")
            #expect(throws: ReportError.self) { try AtomicFile.append(Data("x".utf8), to: folder) }
        }
    }
}
