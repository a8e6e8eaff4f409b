import Foundation
import TestSupport
import Testing

@testable import Reporting

private let gnuplot = try? Gnuplot()

/// What a run found, for a page.
private struct Found: Report {
    var parts: [ReportPart] = []
    var figures: [NamedFigure] = []
}

@Suite struct HTMLReportTests {
    /// Every character that means something in HTML, SVG or gnuplot, and some that no page may have.
    private static let odd = "<b>&\"x' id='gpPt0' href=\"#a\" url(#b) ]]> &amp; ± 損失 \u{1B}[1m \u{FFFE}"
    /// The same where what a page may not have is replaced.
    private static let shown = odd.replacing("\u{1B}", with: "\u{FFFD}").replacing("\u{FFFE}", with: "\u{FFFD}")

    private static func chart(_ title: String, series name: String = "baseline") -> LineChart {
        LineChart(
            title: title, horizontalLabel: "epoch",
            series: [.init(name: name, x: [1, 2, 3], y: [1, 0.5, 0.25], deviation: [0.1, 0.1, 0.1])],
            markers: .init(name: "a teleport", x: [1], series: 0))
    }

    private func html(
        _ found: Found, title: String = "Title", lead: String = "Lead", notices: [String] = [],
        withoutFigures reason: String? = nil, record: JSONValue = [:], command: String = "teleport",
        drawing: (NamedFigure) -> Data? = { _ in nil }
    ) throws -> ParsedPage {
        try ParsedPage(
            HTMLReport(
                title: title, lead: lead, notices: notices, found, withoutFigures: reason, record: record.json(),
                command: command
            ).html(drawing: drawing))
    }

    @Test("A page has the parts, in the elements that say what they are")
    func structure() throws {
        let table = Table(
            columns: [.init("", alignment: .left), .init("loss")], rows: [["baseline", "0.5"], ["other"]])
        let page = try html(
            Found(parts: [
                .table(table, title: "Losses", note: "Lower is better."), .table(table), .sentences(["One.", "Two."]),
                .statements([.init(by: "The paper", ["a claim"]), .init(by: "Here", ["found", "too"])]),
            ]), notices: ["Interrupted."],
            record: [
                "configuration": ["epochs": 5, "arms": [["seed": 1], ["seed": 2]], "tau": nil, "rates": [0.1, 0.2]],
                "environment": ["libtorchVersion": "2.13"], "data": [:],
            ], command: "teleport compare")
        #expect(page.faults.isEmpty, "\(page.faults)")
        #expect(page.all("html")[0].attributes["lang"] == "en")
        #expect(page.all("meta").contains { $0.attributes["name"] == "viewport" })
        #expect(page.texts("title") == ["Title"] && page.texts("h1") == ["Title"])
        #expect(page.texts("h2") == ["Results", "Configuration", "Environment", "The same again"])
        #expect(page.texts("caption") == ["Losses"])
        // The corner above the names of the rows is no heading.
        #expect(page.all("th").map { $0.attributes["scope"] } == ["col", "row", "row", "col", "row", "row"])
        #expect(page.texts("td").prefix(3) == ["", "0.5", ""])
        let boxes = page.all("div").filter { $0.attributes["role"] == "region" }
        #expect(boxes.map { $0.attributes["aria-label"] } == ["Losses", "Table 2"])
        #expect(boxes.allSatisfy { $0.attributes["tabindex"] == "0" })
        #expect(page.texts("p") == ["Lead", "Interrupted.", "Lower is better.", "One.", "Two."])
        #expect(
            page.texts("dt") == [
                "The paper", "Here", "arms 1 seed", "arms 2 seed", "epochs", "rates", "libtorch version",
            ])
        #expect(page.texts("dd") == ["a claim", "found", "too", "1", "2", "5", "0.1, 0.2", "2.13"])
        #expect(page.texts("code") == ["teleport compare"])
    }

    @Test("Texts are shown as they are, wherever they stand")
    func escaping() throws {
        let odd = Self.odd
        let table = Table(columns: [.init(odd, alignment: .left)], rows: [[odd]])
        let page = try html(
            Found(
                parts: [
                    .table(table, title: odd, note: odd), .sentences([odd]), .statements([.init(by: odd, [odd])]),
                ], figures: [.init(odd, Figure(panels: [Self.chart(odd)]))]), title: odd, lead: odd, notices: [odd],
            record: ["configuration": [odd: .string(odd)]], command: odd,
            drawing: { _ in Data("<svg></svg>".utf8) })
        #expect(page.faults.isEmpty, "\(page.faults)")
        for name in ["title", "h1", "caption", "code"] { #expect(page.texts(name) == [Self.shown]) }
        #expect(page.texts("th") == [Self.shown, Self.shown])
        #expect(page.texts("p") == Array(repeating: Self.shown, count: 4))
        #expect(page.texts("dt") == [Self.shown, Self.shown] && page.texts("dd") == [Self.shown, Self.shown])
        #expect(page.texts("figcaption") == ["\(Self.shown) (\(Self.shown).svg)"])
        #expect(page.all("svg")[0].attributes["aria-label"] == "\(Self.shown) over epoch: baseline")
    }

    @Test("Long lists are shown by their ends")
    func lists() throws {
        let page = try html(Found(), record: ["configuration": ["x": .integers(Array(1...161))]])
        #expect(page.texts("dd") == ["1, 2, 3, …, 161 (161 values)"])
        // A page of nothing is one, too.
        #expect(page.texts("h2") == ["Configuration", "The same again"])
    }

    @Test("Without gnuplot the page says what is missing, and how to get it")
    func withoutFigures() throws {
        let found = Found(figures: [.init("loss", Figure(panels: [Self.chart("Loss")]))])
        let page = try html(found, withoutFigures: ReportError.gnuplotNotFound.description)
        #expect(page.all("figure").isEmpty && page.texts("h2").contains("Figures"))
        let notice = try #require(page.all("p").first { $0.attributes["class"] == "notice" }?.text)
        #expect(notice.contains("install gnuplot") && notice.contains("The command at the end of this page"))
    }

    @Test("A drawing that is none is missing by itself", arguments: [nil, "", "nonsense", "<svg", "</svg><svg>"])
    func brokenDrawing(drawing: String?) throws {
        let figure = Figure(panels: [Self.chart("Loss")])
        let page = try html(Found(figures: [.init("broken", figure), .init("whole", figure)])) {
            $0.name == "whole" ? Data("<svg><g/></svg>".utf8) : drawing.map { Data($0.utf8) }
        }
        #expect(page.faults.isEmpty && page.all("figure").count == 2 && page.all("svg").count == 1)
        #expect(page.texts("figcaption") == ["Loss (broken.svg)", "Loss (whole.svg)"])
        #expect(page.texts("p").contains("This drawing is missing, or is no SVG."))
    }

    @Test("Parts that drawings refer to are told apart, and what nobody refers to has no name")
    func ids() throws {
        let drawing = """
            <?xml version="1.0"?>
            <svg width="1" xmlns:xlink="x"><title>Gnuplot</title><desc>by it</desc><g id="canvas"><defs>
            <circle id='gpPt0' r='1'/><use xlink:href='#gpPt0' id='gpPt1'/><filter id='unused'/><filter id="box"/></defs>
            <g id="plot" ><title>$a using 1:2</title></g><g id="plot"><use xlink:href='#gpPt1' fill="#ffffff"/></g>
            <text filter="url(#box)">id='gpPt0' > href='#gpPt0'</text></g></svg>
            """
        let panels = [Self.chart("a"), Self.chart("b")]
        let figures = [NamedFigure("one", Figure(panels: panels)), NamedFigure("two", Figure(panels: [panels[0]]))]
        let page = try html(Found(figures: figures)) { _ in Data(drawing.utf8) }
        #expect(page.faults.isEmpty, "\(page.faults)")
        let names = ["", "-gpPt0", "-gpPt1", "-box"]
        #expect(page.ids == names.map { "figure-1\($0)" } + names.map { "figure-2\($0)" })
        #expect(page.texts("text") == Array(repeating: "id='gpPt0' > href='#gpPt0'", count: 2))
        #expect(page.texts("title") == ["Title"] && page.all("desc").isEmpty)
        // The second panel is the right half of the first drawing.
        #expect(page.all("svg").map { $0.attributes["viewBox"] } == ["0 0 560 400", "560 0 560 400", "0 0 560 400"])
        #expect(page.all("use").filter { $0.attributes["href"] == "#figure-1" }.count == 1)
        #expect(page.all("svg").map { $0.attributes["role"] } == ["img", "img", "img"])
    }

    @Test("What gnuplot draws stands in a page", .enabled(if: gnuplot != nil, "gnuplot is not installed"))
    func drawings() throws {
        let odd = Self.odd.replacing("\u{FFFE}", with: "")
        let figures = [
            NamedFigure("one", Figure(panels: [Self.chart("Training loss"), Self.chart("Test loss")])),
            NamedFigure("two", Figure(panels: [Self.chart(odd, series: odd)])),
        ]
        let gnuplot = try #require(gnuplot)
        let page = try html(Found(figures: figures)) { try? $0.figure.drawing(as: .svg, with: gnuplot) }
        #expect(page.faults.isEmpty, "\(page.faults)")
        #expect(page.all("figure").count == 2 && page.all("svg").count == 3)
        #expect(page.all("svg")[1].attributes["aria-label"] == "Test loss over epoch: baseline")
        #expect(page.all("path").count > 20 && page.texts("text").contains("Training loss"))
        // gnuplot has spaces in the place of control characters.
        #expect(page.texts("text").count { $0 == odd.replacing("\u{1B}", with: " ") } == 2)
    }

    @Test func partsAreTextToo() {
        let table = Table(columns: [.init("a")], rows: [["1"]])
        let found = Found(parts: [
            .table(table, title: "Title", note: "Note"), .table(table), .sentences(["One.", "Two."]),
            .statements([.init(by: "The paper", ["a claim"]), .init(by: "Here", ["found", "too"])]),
        ])
        #expect(
            "\(found)" == """
                Title

                a
                ─
                1

                Note

                a
                ─
                1

                One.
                Two.

                The paper: a claim

                Here: found
                      too
                """)
    }
}
