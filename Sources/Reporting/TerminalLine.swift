import Foundation

/// A line at the bottom of a terminal that is rewritten in place.
package struct TerminalLine: Sendable {
    private let width: @Sendable () -> Int
    private let sink: @Sendable (String) -> Void
    /// The line that stands on the terminal; empty when there is none.
    private var shown = ""

    /// A line on standard error.
    package init() { self.init(width: Self.terminalWidth, sink: { StandardError.write($0) }) }

    /// Whether standard error is a terminal, where a line can be rewritten.
    package static var isPossible: Bool { isatty(STDERR_FILENO) == 1 }

    /// A line anywhere.
    ///
    /// - Parameters:
    ///   - width: The columns of the terminal, asked at every update since windows change.
    ///   - sink: Takes the text.
    init(width: @escaping @Sendable () -> Int, sink: @escaping @Sendable (String) -> Void) {
        self.width = width
        self.sink = sink
    }

    /// The columns to use: text in the last one would make some terminals wrap, and \r then no longer goes back to the
    /// beginning.
    var columns: Int { max(1, width() - 1) }

    /// Puts a line in place of the one shown.
    package mutating func rewrite(_ line: String) {
        let columns = columns
        let line = line.truncated(toDisplayWidth: columns)
        // Spaces cover what is left of a longer line, on every terminal; an escape sequence would need a capable one.
        let covered = min(columns, shown.displayWidth)
        let rest = String(repeating: " ", count: max(0, covered - line.displayWidth))
        sink("\r" + line + rest)
        shown = line
    }

    /// Writes a line that stays above the one shown.
    package mutating func print(_ message: String) {
        let line = shown
        clear()
        sink(message + "\n")
        if !line.isEmpty { rewrite(line) }
    }

    /// Takes the line off the terminal.
    package mutating func clear() {
        guard !shown.isEmpty else { return }
        sink("\r" + String(repeating: " ", count: shown.displayWidth) + "\r")
        shown = ""
    }

    /// The columns of the terminal on standard error, 80 where it does not tell.
    @Sendable private static func terminalWidth() -> Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
