import Dispatch
import Foundation

/// The gnuplot program, which draws the figures.
package struct Gnuplot: Equatable, Sendable {
    /// The program's file.
    package let executable: URL
    /// The seconds after which a drawing is given up.
    let secondsAllowed: Int

    /// Finds gnuplot.
    ///
    /// - Parameters:
    ///   - searchPath: Folders separated by colons; those of `PATH` unless given.
    ///   - secondsAllowed: The seconds after which a drawing is given up; one takes a fraction of a second.
    /// - Throws: ``ReportError/gnuplotNotFound``.
    package init(searchPath: String? = nil, secondsAllowed: Int = 60) throws(ReportError) {
        let path = searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
        let candidates = path.split(separator: ":").map { URL(fileURLWithPath: "\($0)/gnuplot") }
        guard let executable = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
            throw .gnuplotNotFound
        }
        self.executable = executable
        self.secondsAllowed = secondsAllowed
    }

    /// Runs a script.
    ///
    /// - Returns: What gnuplot wrote to standard output: the drawing, where the script names no file for it.
    /// - Throws: ``ReportError/gnuplotFailed(output:)`` with what gnuplot wrote to standard error,
    ///   ``ReportError/gnuplotTooSlow(seconds:)``, or ``ReportError/unwritable(path:reason:)`` when the script cannot be
    ///   handed over.
    package func run(_ script: String) throws(ReportError) -> Data {
        // Files take any amount of text, where a pipe that nobody reads while waiting would block gnuplot.
        let input = try AnonymousFile(Data(script.utf8))
        let output = try AnonymousFile()
        let messages = try AnonymousFile()
        let process = Process()
        process.executableURL = executable
        // No start-up files of the user's: a figure looks the same everywhere.
        process.arguments = ["--default-settings", "/dev/stdin"]
        process.standardInput = input.handle
        process.standardOutput = output.handle
        process.standardError = messages.handle
        let end = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in end.signal() }
        do { try process.run() } catch { throw .gnuplotFailed(output: ReportError.reason(of: error)) }
        guard end.wait(timeout: .now() + .seconds(secondsAllowed)) == .success else {
            // A script in the place of gnuplot may have started programs of its own. Neither heeds signals that this
            // process ignores.
            let isLeader = getpgid(process.processIdentifier) == process.processIdentifier
            kill(isLeader ? -process.processIdentifier : process.processIdentifier, SIGKILL)
            end.wait()
            throw .gnuplotTooSlow(seconds: secondsAllowed)
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let text = String(decoding: try messages.contents(), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            throw .gnuplotFailed(output: text.isEmpty ? "exit status \(process.terminationStatus)" : text)
        }
        return try output.contents()
    }
}
