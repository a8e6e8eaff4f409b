import Foundation
import Reporting

/// Where a command's results go: the record of its numbers, and figures beside it.
struct Results {
    /// The folder.
    let folder: URL
    /// The file of the record.
    let record: String

    /// A record that could not be written, or a folder that takes none.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The folder that the user named, else a new one under `results/`, made so that a long run does not find out at its end
    /// that it cannot be written to.
    ///
    /// - Parameters:
    ///   - path: What the user named.
    ///   - job: What the name of a new folder begins with; date and time follow.
    ///   - record: The file that every run writes.
    ///   - overwrites: Whether there may be something in the folder, and such a file of an earlier run is replaced.
    init(in path: String?, else job: String, record: String, overwrites: Bool) throws(Failure) {
        folder = Self.folder(path, else: job)
        self.record = record
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw Failure(
                description:
                    "--output \(folder.path): the folder cannot be made (\(ReportError.reason(of: error))); name one that can"
            )
        }
        guard overwrites || !FileManager.default.fileExists(atPath: file.path) else {
            throw Failure(
                description: "--output \(folder.path): holds \(record) of an earlier run; name another folder, or give "
                    + "--overwrite")
        }
        AtomicFile.clear(folder)
        if !overwrites, let name = Self.firstEntry(of: folder) {
            throw Failure(
                description:
                    "--output \(folder.path): is not empty (it has \(name)); name another folder, or give --overwrite")
        }
        do throws(ReportError) { try AtomicFile.tryOut(file) } catch {
            throw Failure(description: "--output \(folder.path): \(error); name another folder")
        }
    }

    private var file: URL { folder.appendingPathComponent(record) }

    /// Shows what was found, writes the record and draws the figures; those of an earlier run go away with its record.
    ///
    /// The record is there before gnuplot is called, which may take its time. One that cannot be written is printed.
    ///
    /// - Parameters:
    ///   - contents: What was found.
    ///   - figures: Drawings of it.
    ///   - text: What people read of it.
    ///   - console: How it is shown.
    func save(
        _ contents: some Record, _ figures: [NamedFigure], showing text: @autoclosure () -> String,
        on console: ConsoleOptions
    ) throws {
        let obstacle = try console.show(text(), contents)
        do throws(ReportError) {
            try contents.write(to: file, before: figures)
        } catch {
            guard let json = try? contents.json() else { throw Failure(description: "\(error)") }
            let failure = console.json ? obstacle : Console.show(String(decoding: json, as: UTF8.self))
            throw Failure(
                description: failure.map { "\(error), nor can they be printed: \($0)" }
                    ?? "\(error); the results are on standard output")
        }
        Console.draw { try figures.draw(into: folder, with: Gnuplot()) }
        console.notice(of: "Results are in \(folder.relativePath)/")
        // Who asks for JSON goes by what is printed.
        if console.json, let obstacle { throw Failure.unwritableOutput(obstacle) }
    }

    /// A file or folder in a folder, hidden ones apart; nil if there is none.
    private static func firstEntry(of folder: URL) -> String? {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { !$0.hasPrefix(".") }.min()
    }

    private static func folder(_ path: String?, else job: String) -> URL {
        if let path { return URL(fileURLWithPath: path, isDirectory: true) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "yyyy-MM-dd-HHmmss"
        let name = "results/\(job)-\(format.string(from: Date()))"
        // Runs that start within one second have folders of their own.
        let names = [name] + (2...1000).map { "\(name)-\($0)" }
        let free = names.first { !FileManager.default.fileExists(atPath: $0) }
        return URL(fileURLWithPath: free ?? name, isDirectory: true)
    }
}
