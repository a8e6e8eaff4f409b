import ArgumentParser

/// The command line that does a run once more.
enum RepeatedRun {
    /// The command line that does in a new folder what this process was asked for.
    static func commandLine(of command: any ParsableCommand.Type) -> String {
        let own = Array(CommandLine.arguments.dropFirst())
        let arguments: [String]
        do {
            let completed = try ResumedRun.completed(own, of: command)
            let list = ArgumentList(completed.dropFirst(), of: command).withoutPlace
            arguments = completed.prefix(1) + list.withoutRepetitions.arguments
        } catch {
            // A file of options that is gone by now: its name is all that there is.
            arguments = own
        }
        return (["teleport"] + arguments.map(quoted)).joined(separator: " ")
    }

    /// An argument as a shell takes it.
    private static func quoted(_ argument: String) -> String {
        argument.wholeMatch(of: /[A-Za-z0-9_.,:=\/+@%-]+/) != nil
            ? argument : "'" + argument.replacing("'", with: "'\\''") + "'"
    }
}
