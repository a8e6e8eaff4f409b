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
        let arguments = Array(CommandLine.arguments.dropFirst())
        return try ResumedRun.completed(
            arguments, of: Self.self, by: ConfigurationFile(namedIn: arguments, of: Self.self))
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

    /// Arguments without those that say where results go and what is gone on with, or name a file, whose options they have.
    static func withoutPlace(_ arguments: some Sequence<String>) -> [String] {
        var kept: [String] = []
        var isValue = false
        for argument in arguments {
            let names = ["--output", "--resume", "--config"]
            if isValue {
                isValue = false
            } else if names.contains(argument) {
                isValue = true
            } else if argument != "--overwrite", !names.contains(where: { argument.hasPrefix($0 + "=") }) {
                kept.append(argument)
            }
        }
        return kept
    }

    /// Keeps the arguments of a command in its folder, for those who go on with it; `options(of:as:)` reads them.
    ///
    /// - Parameter arguments: The name of the command, and all else, complete.
    static func keep(_ arguments: [String], in folder: TrainingFolder) throws(Results.Failure) {
        let kept = JSONValue.array(withoutPlace(arguments.dropFirst()).map { .string($0) })
        do throws(ReportError) { try kept.write(to: folder.options) } catch {
            throw Results.Failure(description: "\(error)")
        }
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
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .bool(let isSet): "\(isSet)"
        case .array, .object, .null: nil
        }
    }
}
