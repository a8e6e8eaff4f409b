import Testing

@testable import Reporting

@Suite struct TerminalColorTests {
    @Test(
        "There are colours on a terminal that can, unless NO_COLOR is set to something",
        arguments: [
            (true, ["TERM": "xterm"], true), (true, ["TERM": "xterm", "NO_COLOR": ""], true),
            (true, ["TERM": "xterm", "NO_COLOR": "1"], false), (true, ["TERM": "xterm", "NO_COLOR": "0"], false),
            (false, ["TERM": "xterm"], false), (true, ["TERM": "dumb"], false), (true, [:], false),
        ] as [(Bool, [String: String], Bool)])
    func isOn(isTerminal: Bool, environment: [String: String], expected: Bool) {
        #expect(TerminalColor.isOn(terminal: isTerminal, environment) == expected)
    }
}
