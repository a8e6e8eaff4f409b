import ArgumentParser
import Datasets
import Experiments
import Foundation
import TextForms
import Torch

/// The command-line tool.
@main
struct Teleport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "teleport",
        abstract: "Teleportation for neural-network training: the same loss, a larger gradient, fewer epochs.",
        discussion: """
            Exit status: 0 done, 2 bad usage or configuration, 3 bad or missing data or weights, 4 training diverged, 5 another \
            process of the run lost, 130 interrupted.
            """,
        version: Library.version,
        subcommands: [
            Compare.self, Train.self, Apply.self, Learn.self, LearningRates.self, Inspect.self, Reproduce.self,
            Bench.self, DataCommand.self,
        ])

    /// Runs the tool; replaces the library's own `main` for exit statuses and one-line errors.
    static func main() {
        Heap.keepFreedMemory()
        Console.prepare()
        let arguments = Array(CommandLine.arguments.dropFirst())
        var command: any ParsableCommand
        let file: ConfigurationFile?
        do {
            file = try self.file(for: arguments)
            command = try self.command(for: arguments, file)
        } catch {
            end(refusing: error, in: arguments)
        }
        if let notice = file?.notice(before: arguments) { Console.warn(notice) }
        do {
            if !(command is any SharedCommand), try Processes.launch() != nil {
                throw ValidationError(
                    "\(Swift.type(of: command)._commandName): runs in one process, and WORLD_SIZE says that there are more; start it "
                        + "without torchrun (train and compare run in several)")
            }
            try command.run()
        } catch {
            end(with: error) { message in
                file.flatMap { $0.isToBlame(for: message, beside: arguments) ? $0.failure(message).description : nil }
            }
        }
    }

    /// The file that the arguments name, if they are those of a command that takes one.
    private static func file(for arguments: [String]) throws -> ConfigurationFile? {
        guard let command = subcommand(in: arguments), command != Bench.self, command != DataCommand.self else {
            return nil
        }
        return try ConfigurationFile(namedIn: arguments, of: command)
    }

    /// The command that the arguments name.
    private static func subcommand(in arguments: [String]) -> (any ParsableCommand.Type)? {
        configuration.subcommands.first { $0._commandName == arguments.first }
    }

    private static func command(
        for arguments: [String], _ file: ConfigurationFile?
    ) throws -> any ParsableCommand {
        try checkValues(in: arguments)
        func completed() throws -> [String] {
            try ResumedRun.completed(arguments, of: subcommand(in: arguments), by: file)
        }
        guard let file else {
            try checkName(in: arguments)
            return try parseAsRoot(try completed())
        }
        do {
            return try parseAsRoot(try completed())
        } catch  where exitCode(for: error) != .success {
            let message = usageMessage(for: error, in: arguments)
            // The file has no part in what the arguments alone fail by, too.
            do { _ = try parseAsRoot(arguments) } catch let own where usageMessage(for: own, in: arguments) == message {
                throw error
            } catch {}
            throw file.failure(message)
        }
    }

    /// Refuses empty values, as `--output=`, for which the parser would take the next argument.
    private static func checkValues(in arguments: [String]) throws {
        for argument in arguments.prefix(while: { $0 != "--" }) where argument.wholeMatch(of: /--[a-z-]+=/) != nil {
            throw ValidationError("\(argument): the value is empty; give one, or leave the option out")
        }
    }

    /// Refuses a first argument that names no command.
    private static func checkName(in arguments: [String]) throws {
        let names = configuration.subcommands.map { $0._commandName }
        guard let name = arguments.first, !name.hasPrefix("-"), !(names + ["help"]).contains(name) else { return }
        let remedy =
            Suggestion(for: name, among: names).word.map { "Did you mean '\($0)'?" } ?? "Give \(names.alternatives)"
        throw ValidationError("Unknown command '\(name)'. \(remedy)")
    }

    /// Ends the process over arguments that name no command, or ask for the version.
    private static func end(refusing error: any Error, in arguments: [String]) -> Never {
        if exitCode(for: error) == .success {
            guard message(for: error) == configuration.version else { exit(withError: error) }
            let failure = Console.show("\(VersionText())")
            Foundation.exit(failure == nil ? 0 : Console.ExitStatus.badUsage.rawValue)
        }
        Console.fail(error is ConfigurationFile.Failure ? "\(error)" : usageMessage(for: error, in: arguments))
        Foundation.exit(Console.ExitStatus.badUsage.rawValue)
    }

    /// Ends the process over what a command throws, with a message in the words of a configuration file where there are any.
    private static func end(with error: any Error, wording: (String) -> String?) -> Never {
        switch error {
        case let status as Console.ExitStatus: Foundation.exit(status.rawValue)
        case let code as ExitCode: Foundation.exit(code.rawValue)
        // Help, which is a command too.
        case _ where exitCode(for: error) == .success: exit(withError: error)
        default:
            let message = Refusals.sentence(for: error) ?? message(for: error)
            Console.fail(wording(message) ?? message)
            Foundation.exit(Console.ExitStatus(for: error).rawValue)
        }
    }

    /// What is wrong with the arguments, and which help to read.
    private static func usageMessage(for error: any Error, in arguments: [String]) -> String {
        let message = suggesting(message(for: error), in: arguments)
        let seeHelp = fullMessage(for: error).split(separator: "\n").last.map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard let seeHelp, seeHelp.hasPrefix("See ") else { return message }
        return message + (message.last.map(".?".contains) == true ? " " : ". ") + seeHelp
    }

    /// A message about an unknown option with the option that may have been meant; the parser's own suggestions go by letters
    /// alone.
    private static func suggesting(_ message: String, in arguments: [String]) -> String {
        guard let match = message.prefixMatch(of: /Unknown option '--([^']*)'/), let command = subcommand(in: arguments)
        else { return message }
        let names = CommandOptions(of: command).names.sorted()
        let suggestion = Suggestion(for: String(match.1), among: names)
        return match.0 + (suggestion.word.map { ". Did you mean '--\($0)'?" } ?? "")
    }
}
