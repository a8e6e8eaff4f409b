import ArgumentParser

/// The command-line tool.
@main
struct Teleport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "teleport",
        abstract: "Teleportation for neural-network training: the same loss, a larger gradient, fewer epochs.",
        subcommands: [Bench.self])
}
