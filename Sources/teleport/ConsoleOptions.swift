import ArgumentParser
import Reporting

/// What a command says, and how.
struct ConsoleOptions: ParsableArguments {
    @Flag(help: "Print results and errors alone: no progress, and no notices.")
    var quiet = false

    @Flag(
        help: "Print the results as one JSON document and nothing else; progress and notices go to standard error.")
    var json = false

    /// The same for a part of what is printed: only the whole is one JSON document.
    var withoutJSON: ConsoleOptions {
        var options = self
        options.quiet = quiet || json
        options.json = false
        return options
    }

    /// Tells what is good to know, and can be done without.
    func notice(_ message: String) {
        if !quiet { Console.warn(message) }
    }

    /// Tells where something is, below the results, or on standard error where these are JSON.
    func notice(of place: String) {
        if json { notice(place) } else if !quiet { Console.show(place) }
    }

    /// Prints results, as people read them or as JSON.
    ///
    /// - Parameters:
    ///   - text: The results for people.
    ///   - record: The same as a file holds them.
    /// - Returns: Why they could not be written; nil if they were.
    func show(_ text: @autoclosure () -> String, _ record: some Record) throws -> String? {
        Console.show(json ? try record.printed() : text())
    }
}

extension Record {
    /// The JSON as it is printed, which ends the last line.
    func printed() throws -> String { String(decoding: try json().dropLast(), as: UTF8.self) }
}
