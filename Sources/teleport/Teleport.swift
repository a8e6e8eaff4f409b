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
        subcommands: [Compare.self, Bench.self])

    /// Runs the tool; replaces the library's own `main` for exit statuses and one-line errors.
    static func main() {
        do {
            let arguments = try ConfigurationFile.expand(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            end(with: error)
        }
    }

    private static func end(with error: any Error) -> Never {
        switch error {
        case let status as Console.ExitStatus: Foundation.exit(status.rawValue)
        case let code as ExitCode: Foundation.exit(code.rawValue)
        case let error as DatasetError:
            Console.warn("\(error)")
            Foundation.exit(Console.ExitStatus.badData.rawValue)
        case is ConfigurationFile.Failure, is OutputFolder.Failure, is ReportError:
            Console.warn("\(error)")
            Foundation.exit(Console.ExitStatus.badUsage.rawValue)
        default: break
        }
        guard exitCode(for: error) != .success else { exit(withError: error) }
        Console.warn(message(for: error).split(separator: "\n").joined(separator: " "))
        Foundation.exit(Console.ExitStatus.badUsage.rawValue)
    }
}
