import ArgumentParser
import Experiments
import Foundation
import Reporting

/// A command whose runs can be gone on with from the folder that they write to.
protocol ResumableCommand: ParsableCommand {
    /// The arguments that a run was begun with.
    ///
    /// - Throws: `ResumedRun.Failure` if the folder holds no run of the command.
    static func arguments(of folder: TrainingFolder) throws -> [String]
}

extension ResumableCommand {
    /// The arguments that this process runs with, complete.
    static func completedArguments() throws -> [String] {
        try ResumedRun.completed(Array(CommandLine.arguments.dropFirst()), of: Self.self)
    }
}

/// Options from the folder of a run that is gone on with: `--resume FOLDER` stands for those that the run was begun with, ahead of the
/// other options.
enum ResumedRun {
    /// A folder of no run.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The arguments of a command with what they name: the options of a run that is gone on with, and those of a file, ahead of
    /// their own.
    static func completed(
        _ arguments: [String], of command: (any ParsableCommand.Type)?, by file: ConfigurationFile?
    ) throws -> [String] {
        var resumed: [String] = []
        if let command = command as? any ResumableCommand.Type, let path = arguments.value(of: "resume") {
            resumed = try command.arguments(of: TrainingFolder(URL(fileURLWithPath: path, isDirectory: true)))
        }
        return arguments.prefix(1) + resumed + (file?.options(before: arguments) ?? []) + arguments.dropFirst()
    }

    /// The same with the options of the file that the arguments name, if they name one.
    static func completed(_ arguments: [String], of command: any ParsableCommand.Type) throws -> [String] {
        try completed(arguments, of: command, by: ConfigurationFile(namedIn: arguments, of: command))
    }

    /// Keeps the arguments of a command in its folder, for those who go on with it; `options(of:as:)` reads them.
    ///
    /// - Parameter arguments: The name of the command, and all else, complete.
    static func keep(
        _ arguments: [String], of command: any ParsableCommand.Type, in folder: TrainingFolder
    ) throws(ReportError) {
        let own = ArgumentList(arguments.dropFirst(), of: command).withoutPlace
        try JSONValue.array(own.arguments.map { .string($0) }).write(to: folder.options)
    }

    /// The options that a run was begun with, as its folder has them.
    static func options<Options: Decodable>(
        of folder: TrainingFolder, as type: Options.Type
    ) throws(Failure) -> Options {
        do { return try JSONDecoder().decode(type, from: Data(contentsOf: folder.options)) } catch {
            throw Failure(
                description: "--resume \(folder.url.relativePath): \(ReportError.reason(of: error)) "
                    + "(\(folder.options.lastPathComponent)); name the folder that the same command wrote to")
        }
    }
}

extension JSONValue {
    /// The value as an argument has it; nil for those that no argument has.
    var argument: String? {
        switch self {
        case .string, .integer, .number, .bool: text
        case .array, .object, .null: nil
        }
    }
}
