import Testing

@testable import Reporting

@Suite struct TableTests {
    @Test func alignsColumns() {
        let table = Table(
            columns: [.init("arm", alignment: .left), .init("loss"), .init("s")],
            rows: [["baseline", "0.0716", "12"], ["t", "1.5"]])
        #expect(
            table.description == """
                arm         loss   s
                ────────  ──────  ──
                baseline  0.0716  12
                t            1.5
                """)
    }

    @Test func widthsAreThoseOfTheTerminal() {
        let table = Table(columns: [.init("x")], rows: [["±1"], ["損失"], ["e\u{301}"], ["12345"]])
        let lines = table.description.split(separator: "\n")
        #expect(lines.dropFirst().allSatisfy { $0.displayWidth == 5 })
        #expect(lines[3] == " 損失")
        #expect("🙂".displayWidth == 2)
        #expect("ab損失".truncated(toDisplayWidth: 3) == "ab")
    }
}
