import ArgumentParser
import Datasets
import Experiments
import Foundation

/// The command-line tool.
@main
struct Teleport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "teleport",
        abstract: "Teleportation for neural-network training: the same loss, a larger gradient, fewer epochs.",
        discussion: """
            Exit status: 0 done, 2 bad usage or configuration, 3 bad or missing data, 4 training diverged, 130 \
            interrupted.
            """,
        version: Library.version,
        subcommands: [Compare.self, Inspect.self, Reproduce.self, Bench.self])

    /// Runs the tool; replaces the library's own `main` for exit statuses and one-line errors.
    static func main() {
        var command: any ParsableCommand
        do {
            command = try self.command(for: Array(CommandLine.arguments.dropFirst()))
        } catch {
            end(refusing: error)
        }
        do {
            try command.run()
        } catch {
            end(with: error)
        }
    }

    private static func command(for arguments: [String]) throws -> any ParsableCommand {
        let takesFile = [Compare._commandName, Inspect._commandName, Reproduce._commandName].contains(arguments.first)
        guard takesFile, let file = try ConfigurationFile(namedIn: arguments) else {
            return try parseAsRoot(arguments)
        }
        do {
            return try parseAsRoot(arguments.prefix(1) + file.options(before: arguments) + arguments.dropFirst())
        } catch  where exitCode(for: error) != .success {
            // The file is to blame where it fails alone.
            do {
                _ = try parseAsRoot(arguments.prefix(1) + file.options)
            } catch {
                throw ConfigurationFile.Failure(description: "\(file.path): \(usageMessage(for: error))")
            }
            throw error
        }
    }

    /// Ends the process over arguments that name no command, or ask for the version.
    private static func end(refusing error: any Error) -> Never {
        guard exitCode(for: error) != .success else { exit(withError: error) }
        Console.warn(error is ConfigurationFile.Failure ? "\(error)" : usageMessage(for: error))
        Foundation.exit(Console.ExitStatus.badUsage.rawValue)
    }

    /// Ends the process over what a command throws.
    private static func end(with error: any Error) -> Never {
        switch error {
        case let status as Console.ExitStatus: Foundation.exit(status.rawValue)
        case let code as ExitCode: Foundation.exit(code.rawValue)
        // Help, which is a command too.
        case _ where exitCode(for: error) == .success: exit(withError: error)
        default:
            Console.warn(message(for: error))
            Foundation.exit(Console.ExitStatus(for: error).rawValue)
        }
    }

    /// What is wrong with the arguments, and which help to read.
    private static func usageMessage(for error: any Error) -> String {
        let message = message(for: error)
        let seeHelp = fullMessage(for: error).split(separator: "\n").last.map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard let seeHelp, seeHelp.hasPrefix("See ") else { return message }
        return message + (message.last.map(".?".contains) == true ? " " : ". ") + seeHelp
    }
}
