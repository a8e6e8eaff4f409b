import Foundation
import Testing

/// The built tool, run as a user runs it.
enum Tool {
    /// What a run left behind.
    struct Result {
        let status: Int32
        let output: String
        let errors: String

        /// The lines of standard error.
        var errorLines: [Substring] { errors.split(separator: "\n") }
    }

    /// The tool beside the bundle of these tests, wherever and however it was built.
    static var executable: URL {
        get throws {
            let bundles = Bundle.allBundles.map(\.bundleURL).filter { $0.pathExtension == "xctest" }
            let folders =
                bundles.map { $0.deletingLastPathComponent() } + [Bundle.main.bundleURL]
                + [CommandLine.arguments[0], Bundle.main.executablePath].compactMap(\.self).map {
                    URL(fileURLWithPath: $0).deletingLastPathComponent()
                }
            let tools = folders.map { $0.appendingPathComponent("teleport") }
            var isFolder: ObjCBool = false
            return try #require(
                tools.first {
                    FileManager.default.fileExists(atPath: $0.path, isDirectory: &isFolder) && !isFolder.boolValue
                }, "teleport is in none of \(folders.map(\.path))")
        }
    }

    /// A process of the tool that has not been started. It runs on one thread and knows no data of the user's.
    static func process(
        _ arguments: [String], in folder: URL, path: String? = nil
    ) throws -> (process: Process, output: URL, errors: URL) {
        let process = Process()
        process.executableURL = try executable
        process.arguments = arguments
        process.currentDirectoryURL = folder
        var environment = ProcessInfo.processInfo.environment
        environment["OMP_NUM_THREADS"] = "1"
        environment["TELEPORT_DATA"] = nil
        environment["HOME"] = folder.path
        environment["XDG_CACHE_HOME"] = nil
        if let path { environment["PATH"] = path }
        process.environment = environment
        // Files take any amount of text; a pipe that nobody reads while waiting would block the tool.
        let streams = ["output", "errors"].map {
            folder.appendingPathComponent(".\($0)-\(UUID().uuidString)")
        }
        for stream in streams { try Data().write(to: stream) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: streams[0])
        process.standardError = try FileHandle(forWritingTo: streams[1])
        return (process, streams[0], streams[1])
    }

    /// Runs the tool to its end.
    ///
    /// - Parameters:
    ///   - folder: The working directory.
    ///   - path: `PATH`, if it is not to be that of the tests.
    static func run(_ arguments: [String], in folder: URL, path: String? = nil) throws -> Result {
        let (process, output, errors) = try process(arguments, in: folder, path: path)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit, "ended by signal \(process.terminationStatus)")
        // Whether others are busy on the machine is nothing that a test decides.
        let lines = try String(contentsOf: errors, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        return Result(
            status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
            errors: lines.filter { !$0.hasPrefix("teleport: the machine is busy: ") }.joined(separator: "\n"))
    }
}

/// A folder for one test, removed with the last reference to it.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("CommandLineTests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes a file, making the folders on the way to it.
    func write(_ text: String, to name: String) throws {
        let file = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// Whether there is a file or folder of this name.
    func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: url.appendingPathComponent(name).path)
    }
}
