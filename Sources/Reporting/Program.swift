import Dispatch
import Foundation

/// A program of the system's.
package struct Program: Equatable, Sendable {
    /// The program's file.
    package let executable: URL

    /// What a program left behind.
    package struct Result: Sendable {
        /// What it wrote to standard output.
        package let output: Data
        /// Why it failed, in its own words where it said any; nil if it succeeded.
        package let failure: String?
    }

    /// Finds a program.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - searchPath: Folders separated by colons; those of `PATH` unless given.
    /// - Returns: Nil if it is in none of them.
    package init?(_ name: String, searchPath: String? = nil) {
        let path = searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
        let candidates = path.split(separator: ":").map { URL(fileURLWithPath: "\($0)/\(name)") }
        guard let executable = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
            return nil
        }
        self.executable = executable
    }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - input: What it reads from standard input.
    ///   - secondsAllowed: The seconds after which it is ended; none unless given.
    /// - Returns: Nil if it took longer than is allowed.
    /// - Throws: ``ReportError/unwritable(path:reason:)`` when the input cannot be handed over.
    package func run(
        _ arguments: [String], input: Data = Data(), secondsAllowed: Int? = nil
    ) throws(ReportError) -> Result? {
        // Files take any amount of text, where a pipe that nobody reads while waiting would block the program.
        let input = try AnonymousFile(input)
        let output = try AnonymousFile()
        let messages = try AnonymousFile()
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.standardInput = input.handle
        process.standardOutput = output.handle
        process.standardError = messages.handle
        let end = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in end.signal() }
        do { try process.run() } catch { return Result(output: Data(), failure: ReportError.reason(of: error)) }
        let deadline: DispatchTime = secondsAllowed.map { .now() + .seconds($0) } ?? .distantFuture
        guard end.wait(timeout: deadline) == .success else {
            // A script in the place of a program may have started others. Neither heeds signals that this process ignores.
            let isLeader = getpgid(process.processIdentifier) == process.processIdentifier
            kill(isLeader ? -process.processIdentifier : process.processIdentifier, SIGKILL)
            end.wait()
            return nil
        }
        let text = try output.contents()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let words = String(decoding: try messages.contents(), as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            return Result(output: text, failure: words.isEmpty ? "exit status \(process.terminationStatus)" : words)
        }
        return Result(output: text, failure: nil)
    }
}
