import ArgumentParser
import Foundation

/// The options of a command, as its parser knows them.
struct CommandOptions {
    /// The command, as it is called.
    let command: String
    /// The names of options that take a value, without dashes.
    let valued: Set<String>
    /// The names of options that take none.
    let flags: Set<String>

    /// All names.
    var names: Set<String> { valued.union(flags) }

    /// The options of a command, but for those that ask for help.
    init(of command: any ParsableCommand.Type) {
        self.command = command._commandName
        let dump: Dump
        do { dump = try JSONDecoder().decode(Dump.self, from: Data(command._dumpHelp().utf8)) } catch {
            fatalError("\(command): the parser's description cannot be read: \(error)")
        }
        func names(_ kind: String) -> Set<String> {
            let names = dump.command.arguments.filter { $0.kind == kind }.flatMap { $0.names ?? [] }
            return Set(names.filter { $0.kind == "long" }.map(\.name)).subtracting(["help", "version"])
        }
        valued = names("option")
        flags = names("flag")
    }

    /// The part that is read of the parser's description of a command.
    private struct Dump: Decodable {
        struct Command: Decodable {
            let arguments: [Argument]
        }
        struct Argument: Decodable {
            let kind: String
            let names: [Name]?
        }
        struct Name: Decodable {
            let kind: String
            let name: String
        }
        let command: Command
    }
}
