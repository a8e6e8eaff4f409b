import Foundation

/// The gnuplot program, which draws the figures.
package struct Gnuplot: Equatable, Sendable {
    /// The program's file.
    package let executable: URL

    /// Finds gnuplot.
    ///
    /// - Parameter searchPath: Folders separated by colons; those of `PATH` unless given.
    /// - Throws: ``ReportError/gnuplotNotFound``.
    package init(searchPath: String? = nil) throws(ReportError) {
        let path = searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
        let candidates = path.split(separator: ":").map { URL(fileURLWithPath: "\($0)/gnuplot") }
        guard let executable = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
            throw .gnuplotNotFound
        }
        self.executable = executable
    }

    /// Runs a script.
    ///
    /// - Throws: ``ReportError/gnuplotFailed(output:)`` with what gnuplot wrote to standard error, or
    ///   ``ReportError/unwritable(path:reason:)`` when the script cannot be handed over.
    package func run(_ script: String) throws(ReportError) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("teleport-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let scriptFile = folder.appendingPathComponent("figure.gnuplot")
            try Data(script.utf8).write(to: scriptFile)
            let messages = folder.appendingPathComponent("messages")
            try Data().write(to: messages)

            let process = Process()
            process.executableURL = executable
            // No start-up files of the user's: a figure looks the same everywhere.
            process.arguments = ["--default-settings", scriptFile.path]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            // A file takes any amount of messages; a pipe that nobody reads while waiting would block gnuplot.
            process.standardError = try FileHandle(forWritingTo: messages)
            try process.run()
            process.waitUntilExit()
            guard process.terminationReason == .exit, process.terminationStatus == 0 else {
                let output = String(decoding: try Data(contentsOf: messages), as: UTF8.self)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                throw ReportError.gnuplotFailed(
                    output: output.isEmpty ? "exit status \(process.terminationStatus)" : output)
            }
        } catch let error as ReportError {
            throw error
        } catch {
            throw ReportError.unwritable(path: folder.path, reason: ReportError.reason(of: error))
        }
    }
}
