import ArgumentParser
import Foundation
import Reporting

/// Where a command's results go: the record of its numbers, figures beside it, and a page with all.
struct Results {
    /// The folder.
    let folder: URL
    /// The file of the record.
    let record: String

    /// A record that could not be written, or a folder that takes none.
    struct Failure: Error, CustomStringConvertible {
        let description: String

        /// Standard output takes nothing.
        static func unwritableOutput(_ reason: String) -> Failure {
            Failure(description: "cannot write to standard output: \(reason)")
        }
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

    /// The folder of another process, in which this one writes nothing.
    init(reading path: String, record: String) {
        folder = URL(fileURLWithPath: path, isDirectory: true)
        self.record = record
    }

    private var file: URL { folder.appendingPathComponent(record) }

    /// The page for people.
    private var page: URL { folder.appendingPathComponent("report.html") }

    /// What the page says of a run beside what it found.
    struct Heading {
        /// The heading.
        let title: String
        /// The line below.
        let lead: String
        /// What to know before reading on.
        let notices: [String]
        /// The command line that repeats the run.
        let command: String

        /// The heading of a run of a command.
        ///
        /// - Parameters:
        ///   - isInterrupted: Whether the user ended it.
        ///   - divergence: What diverged, if anything did.
        init(
            of command: any ParsableCommand.Type, _ title: String, lead: String, isInterrupted: Bool,
            divergence: String? = nil
        ) {
            self.title = title
            self.lead = lead
            notices =
                (isInterrupted ? ["The run was interrupted: this is what there was."] : [])
                + (divergence.map { ["Training diverged: \($0)."] } ?? [])
            self.command = RepeatedRun.commandLine(of: command)
        }
    }

    /// Shows what was found, writes the record, draws the figures, and makes a page of all; what an earlier run left goes away with its
    /// record.
    ///
    /// The record is there before gnuplot is called, which may take its time. One that cannot be written is printed; without figures or
    /// page a run succeeds.
    ///
    /// - Parameters:
    ///   - contents: What was found.
    ///   - report: What people read of it.
    ///   - heading: What the page says beside that.
    ///   - title: What stands above the report where it is printed.
    ///   - console: How it is shown.
    func save(
        _ contents: some Record, _ report: some Report, _ heading: Heading, above title: String = "",
        on console: ConsoleOptions
    ) throws {
        let obstacle = try console.show("\(title)\(report)\n", contents)
        let json: Data
        do { json = try contents.json() } catch {
            throw Failure(
                description: "\(ReportError.unwritable(path: file.path, reason: ReportError.reason(of: error)))")
        }
        do throws(ReportError) {
            try AtomicFile.write([(file, json)], removing: report.figures.files(in: folder) + [page])
        } catch {
            let failure = console.json ? obstacle : Console.show(String(decoding: json, as: UTF8.self))
            throw Failure(
                description: failure.map { "\(error), nor can they be printed: \($0)" }
                    ?? "\(error); the results are on standard output")
        }
        let reason = Console.attempt("no figures") { try report.figures.draw(into: folder, with: Gnuplot()) }
        Console.attempt("no report") {
            let html = try HTMLReport(
                title: heading.title, lead: heading.lead, notices: heading.notices, report, withoutFigures: reason,
                record: json, command: heading.command
            ).html { try? Data(contentsOf: $0.file(in: folder, .svg)) }
            try AtomicFile.write([(page, html)])
        }
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
