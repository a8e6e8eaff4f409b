import Foundation

/// The Python that `make setup` installs, for what is held against PyTorch itself.
package struct Python: Sendable {
    private let executable: String

    /// One that has PyTorch and safetensors; nil if there is none, as with a libtorch of one's own.
    package static let withTorch = having("torch", "safetensors")

    /// What is said where there is none.
    package static let isMissing = "needs a Python with torch and safetensors, as make setup installs it"

    /// One that has TensorBoard; nil if there is none.
    package static let withTensorBoard = having("tensorboard")

    /// What is said where there is none.
    package static let tensorBoardIsMissing = "needs a Python with tensorboard, as make setup installs it"

    private static func having(_ modules: String...) -> Python? {
        let variables = ProcessInfo.processInfo.environment
        let package = URL(fileURLWithPath: #filePath).appending(path: "../../../.libtorch/torch").standardized.path
        // The wheel that is built against is in a folder of its own Python.
        let environments = [variables["LIBTORCH"], package].compactMap { $0 }.map {
            URL(fileURLWithPath: $0).deletingLastPathComponent().appending(path: "bin/python").path
        }
        let search = "import importlib.util as util, sys; sys.exit(not all(map(util.find_spec, \(modules))))"
        return (environments + ["python3"]).lazy.map(Python.init).first { (try? $0.run(search)) != nil }
    }

    private init(executable: String) { self.executable = executable }

    /// Runs a script.
    ///
    /// - Returns: What it wrote to standard output.
    /// - Throws: `PythonError` if it ended with an error.
    @discardableResult
    package func run(_ script: String, _ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [executable, "-c", script] + arguments
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        // What a script says of an error is short enough for a pipe to hold.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw PythonError(
                description: String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// What Python said when a script failed.
package struct PythonError: Error, CustomStringConvertible {
    /// The traceback.
    package let description: String
}
