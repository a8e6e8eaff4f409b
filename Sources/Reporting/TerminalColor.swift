import Foundation

/// Colours of texts on a terminal.
package enum TerminalColor: Int, Sendable {
    /// Of what went wrong.
    case red = 31
    /// Of what is worth a look.
    case yellow = 33

    /// A text in this colour, by the escape sequences of ANSI terminals.
    package func applied(to text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }

    /// Whether texts on standard error are colored: on a terminal that can, unless `NO_COLOR` is set (https://no-color.org).
    package static let isOnStandardError = isOn(
        terminal: isatty(STDERR_FILENO) == 1, ProcessInfo.processInfo.environment)

    /// Whether texts are colored.
    ///
    /// - Parameters:
    ///   - isTerminal: Whether they go to a terminal.
    ///   - environment: The variables of the environment.
    static func isOn(terminal isTerminal: Bool, _ environment: [String: String]) -> Bool {
        guard isTerminal, environment["NO_COLOR"]?.isEmpty != false else { return false }
        return ![nil, "", "dumb"].contains(environment["TERM"])
    }
}
