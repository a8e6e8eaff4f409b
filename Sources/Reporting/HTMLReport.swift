import Foundation

/// What a run found, as one page of HTML that needs nothing else: no network, no script, no other file.
///
/// It fits on a phone, where tables scroll within their own boxes, and heeds a preference for dark colours.
package struct HTMLReport {
    /// The heading.
    package var title: String
    /// The line below, which says what was done.
    package var lead: String
    /// What to know before reading on, as that the run was interrupted.
    package var notices: [String]
    /// The tables, sentences and figures.
    package var report: any Report
    /// Why there are no drawings of the figures; nil if there are.
    package var reasonWithoutFigures: String?
    /// The command line that repeats the run.
    package var command: String
    private let origin: Origin

    /// How a run was made, as its file of results has it.
    private struct Origin: Decodable {
        let configuration: [String: JSONValue]?
        let data: [String: JSONValue]?
        let environment: [String: JSONValue]?
    }

    /// The page of a run.
    ///
    /// - Parameters:
    ///   - record: The JSON of its record. What the record calls `configuration`, `data` and `environment` is shown.
    /// - Throws: `DecodingError` if the record is no JSON object.
    package init(
        title: String, lead: String, notices: [String] = [], _ report: any Report,
        withoutFigures reason: String? = nil, record: Data, command: String
    ) throws {
        self.title = title
        self.lead = lead
        self.notices = notices
        self.report = report
        reasonWithoutFigures = reason
        self.command = command
        origin = try JSONDecoder().decode(Origin.self, from: record)
    }

    /// The contents of the file.
    ///
    /// - Parameter drawing: What gnuplot drew of a figure as SVG; nil where there is nothing.
    package func html(drawing: (NamedFigure) -> Data?) -> Data {
        var sections: [HTML?] = [
            Self.section("Results", report.parts.enumerated().map { index, part in part.html(number: index + 1) }),
            Self.section("Figures", figures(drawing)),
        ]
        for (title, settings) in [
            ("Configuration", origin.configuration), ("Data", origin.data), ("Environment", origin.environment),
        ] {
            sections.append(Self.section(title, Self.settings(settings ?? [:])))
        }
        sections.append(
            Self.section("The same again", [.element("pre", children: [.element("code", text: command)])]))
        let heading: [HTML] = [.element("h1", text: title), .paragraph(lead, kind: "lead")]
        let header = HTML.element("header", children: heading + notices.map { HTML.paragraph($0, kind: "notice") })
        let body = HTML.element("main", children: Self.lines([header] + sections.compactMap(\.self)))
        let page = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>\(HTML(title).markup)</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            \(body.markup)
            </body>
            </html>

            """
        return Data(page.utf8)
    }

    /// A section; nil if there is nothing in it.
    private static func section(_ title: String, _ content: [HTML]) -> HTML? {
        if content.isEmpty { return nil }
        return .element("section", children: lines([.element("h2", text: title)] + content))
    }

    /// Elements on lines of their own.
    private static func lines(_ elements: [HTML]) -> [HTML] {
        let newline = HTML(markup: "\n")
        return elements.flatMap { [newline, $0] } + [newline]
    }

    private func figures(_ drawing: (NamedFigure) -> Data?) -> [HTML] {
        if report.figures.isEmpty { return [] }
        if let reasonWithoutFigures {
            return [
                .paragraph(
                    "They are missing: \(reasonWithoutFigures). The command at the end of this page draws them, too.",
                    kind: "notice")
            ]
        }
        return report.figures.enumerated().map { index, named in
            let inline = drawing(named).flatMap { InlineDrawing($0, of: named.figure, id: "figure-\(index + 1)") }
            let image: HTML =
                if let inline {
                    .element("div", ["class": "panels"], children: inline.images)
                } else {
                    .paragraph("This drawing is missing, or is no SVG.", kind: "notice")
                }
            let titles = named.figure.panels.map(\.title)
            let different = titles.indices.filter { titles.firstIndex(of: titles[$0]) == $0 }.map { titles[$0] }
            let caption = "\(different.joined(separator: "; ")) (\(named.name).svg)"
            return .element("figure", children: [image, .element("figcaption", text: caption)])
        }
    }

    /// Names and values; those of what is within an object or a list of objects have its name ahead of theirs.
    private static func settings(_ values: [String: JSONValue]) -> [HTML] {
        let items = entries(of: .object(values), named: []).map { entry in
            HTML.element("div", children: [.element("dt", text: entry.name), .element("dd", text: entry.text)])
        }
        return items.isEmpty ? [] : [.element("dl", ["class": "settings"], children: items)]
    }

    private static func entries(of value: JSONValue, named names: [String]) -> [(name: String, text: String)] {
        func entry(_ text: String) -> [(name: String, text: String)] { [(names.joined(separator: " "), text)] }
        switch value {
        case .null: return []
        case .object(let values):
            return values.sorted { $0.key < $1.key }.flatMap { key, value in
                entries(of: value, named: names + [words(key)])
            }
        case .array(let values) where values.contains(where: \.isObject):
            return values.enumerated().flatMap { index, value in entries(of: value, named: names + ["\(index + 1)"]) }
        case .array(let values) where values.count > mostValues:
            let first = JSONValue.array(Array(values.prefix(3))).text
            return entry("\(first), …, \(values[values.count - 1].text) (\(values.count) values)")
        case .array, .string, .number, .integer, .bool: return entry(value.text)
        }
    }

    /// A list with more values is shown by its ends.
    private static let mostValues = 20

    /// `processor wait` for `processorWait`; the names of options stay as they are.
    private static func words(_ key: String) -> String {
        key.wholeMatch(of: /[a-z]+(?:[A-Z][a-z]+)+/) == nil
            ? key : key.replacing(/[A-Z]/) { " \($0.output.lowercased())" }
    }
}

extension JSONValue {
    fileprivate var isObject: Bool { if case .object = self { true } else { false } }
}

extension ReportPart {
    /// The part on a page.
    ///
    /// - Parameter number: Which part it is, for the name of a table that has none.
    fileprivate func html(number: Int) -> HTML {
        switch self {
        case .table(let table, let title, let note):
            let box = HTML.element(
                // What scrolls must be within the reach of a keyboard, and have a name.
                "div",
                ["class": "scroll", "role": "region", "aria-label": title ?? "Table \(number)", "tabindex": "0"],
                children: [table.html(caption: title)])
            let below: [HTML] = note.map { [.paragraph($0, kind: "note")] } ?? []
            return .element("div", children: [box] + below)
        case .sentences(let sentences): return .element("div", children: sentences.map { HTML.paragraph($0) })
        case .statements(let statements):
            let items = statements.map { statement in
                let sentences = statement.sentences.map { HTML.element("dd", text: $0) }
                return HTML.element("div", children: [.element("dt", text: statement.speaker)] + sentences)
            }
            return .element("dl", ["class": "statements"], children: items)
        }
    }
}

extension Table {
    /// The table; the first column has the headings of the rows.
    fileprivate func html(caption: String?) -> HTML {
        func cell(_ text: String, _ column: Int, scope: String?) -> HTML {
            // A heading of nothing is none.
            if text.isEmpty { return .element("td", text: "") }
            let kind = columns[column].alignment == .left ? "text" : "number"
            guard let scope else { return .element("td", ["class": kind], text: text) }
            return .element("th", ["scope": scope, "class": kind], text: text)
        }
        let head = columns.indices.map { cell(columns[$0].title, $0, scope: "col") }
        let body = rows.map { row in
            let cells = columns.indices.map { column in
                cell(column < row.count ? row[column] : "", column, scope: column == 0 ? "row" : nil)
            }
            return HTML.element("tr", children: cells)
        }
        let title: [HTML] = caption.map { [.element("caption", children: [.element("span", text: $0)])] } ?? []
        let parts: [HTML] = [
            .element("thead", children: [.element("tr", children: head)]), .element("tbody", children: body),
        ]
        return .element("table", children: title + parts)
    }
}
