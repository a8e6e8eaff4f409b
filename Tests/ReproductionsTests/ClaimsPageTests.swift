import Foundation
import Reporting
import Testing

@testable import Reproductions

@Suite struct ClaimsPageTests {
    private func result(_ findings: [String], missing: [JSONValue] = [], values: [String: JSONValue] = ["a": 1])
        -> ReproductionResult
    {
        ReproductionResult(
            configuration: ["missing": .array(missing)], sections: [], figures: [], values: values,
            claim: "all|is well.",
            findings: findings)
    }

    @Test("Figures stand in the order of the papers, once, and only what has all its data is done")
    func entries() throws {
        let (first, second) = (TestFunctionTrajectories(), TestFunctionGradients())
        var page = ClaimsPage(scale: .quick)
        page.add(ClaimsPage.Entry(second, result(["one", "two"]), seconds: 61))
        page.add(ClaimsPage.Entry(first, failing: "no | such\nfile", as: .noFiles, seconds: 0.5))
        #expect(page.entries.map(\.name) == ["st22-figure-2", "st22-figure-7"])
        #expect(page.isDone("st22-figure-7") && !page.isDone("st22-figure-2") && !page.isDone("ns25-figure-2"))
        let lines = page.markdown.split(separator: "\n").map(String.init)
        #expect(lines.count == 5 && lines[0] == "# Claims and outcomes, quick scale")
        #expect(lines[3].hasSuffix("|  | *no files*: no \\| such file | 0:01 |") || lines[3].hasSuffix("| 0:00 |"))
        #expect(lines[3].contains("no \\| such file"))
        #expect(lines[4].hasSuffix("| The paper: all\\|is well. | one<br>two | 1:01 |"))
        #expect(lines[4].hasPrefix("| [st22-figure-7](st22-figure-7/): "))
        page.add(ClaimsPage.Entry(first, result(["three"], missing: ["mnist"]), seconds: 2))
        #expect(page.entries.map(\.state) == [.partial, .done] && !page.isDone("st22-figure-2"))
        page.add(ClaimsPage.Entry(first, result(["four"], missing: ["mnist"], values: [:]), seconds: 2))
        #expect(page.entries.map(\.state) == [.noFiles, .done] && page.entries[0].outcome == ["four"])
        page.add(ClaimsPage.Entry(first, result(["five"]), seconds: 2))
        #expect(page.isDone("st22-figure-2") && page.table.rows.map { $0[0] } == ["st22-figure-2", "st22-figure-7"])
        #expect(try JSONDecoder().decode(ClaimsPage.self, from: page.json()) == page)
    }

    @Test("What diverged is part of the outcome")
    func divergence() {
        var found = result(["one"])
        found.divergence = "mnist-sgd: training diverged"
        let entry = ClaimsPage.Entry(TestFunctionGradients(), found, seconds: 1)
        #expect(entry.outcome == ["one", "mnist-sgd: training diverged."] && entry.state == .done)
    }
}
