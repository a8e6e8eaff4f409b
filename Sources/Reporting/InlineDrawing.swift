import Foundation

/// A figure that gnuplot drew as SVG, as part of a page: each panel an image of its own, which a narrow screen has below the one before.
struct InlineDrawing {
    private let figure: Figure
    private let id: String
    private let content: String

    /// The drawing of a figure; nil if it is no SVG.
    ///
    /// - Parameters:
    ///   - id: What no other drawing of the page is called. gnuplot gives the same ids to the parts of all drawings.
    init?(_ drawing: Data, of figure: Figure, id: String) {
        let text = String(decoding: drawing, as: UTF8.self)
        guard let start = text.range(of: "<svg"), let startEnd = text[start.upperBound...].firstIndex(of: ">"),
            let end = text.range(of: "</svg>", options: .backwards), startEnd < end.lowerBound
        else { return nil }
        self.figure = figure
        self.id = id
        content = Self.adapted(text[text.index(after: startEnd)..<end.lowerBound], id: id)
    }

    /// The images, from the left.
    var images: [HTML] {
        let (width, height) = (Int(ChartScript.width), Int(ChartScript.height))
        return figure.panels.enumerated().map { index, panel in
            // The first has all that is drawn, of which each shows its part.
            let drawing: HTML =
                index == 0
                ? .element("g", ["id": id], children: [HTML(markup: content)])
                : .element("use", ["href": "#\(id)"], children: [])
            return .element(
                "svg",
                [
                    "viewBox": "\(width * index) 0 \(width) \(height)", "role": "img", "aria-label": panel.summary,
                ], children: [drawing])
        }
    }

    /// The elements with ids that begin with `id`, and without what a browser would show of gnuplot's own titles.
    ///
    /// In what gnuplot writes, a `<` within a text or attribute is escaped, and a `>` within an attribute does not occur.
    private static func adapted(_ content: Substring, id: String) -> String {
        let pieces = content.split(separator: "<", omittingEmptySubsequences: false)
        var references: Set<Substring> = []
        for piece in pieces where piece.contains("#") {
            references.formUnion(piece.tag.matches(of: /(?:href=['"]|url\()#([^'")]+)/).map(\.output.1))
        }
        var adapted = ""
        for piece in pieces.dropFirst() {
            let tag = String(piece.tag)
            // gnuplot leaves the > of a text as it is.
            let text = piece.dropFirst(tag.count + 1).replacing(">", with: "&gt;")
            if tag.hasPrefix("title") || tag.hasPrefix("desc") { continue }
            if tag.hasPrefix("/title") || tag.hasPrefix("/desc") {
                adapted += text
            } else if tag.contains("id=") || tag.contains("#") {
                let own = tag.replacing(/\sid=(['"])([^'"]*)['"]/) { match in
                    references.contains(match.output.2)
                        ? " id=\(match.output.1)\(id)-\(match.output.2)\(match.output.1)" : ""
                }.replacing(/(?:xlink:)?(href=['"]|url\()#/) { match in "\(match.output.1)#\(id)-" }
                adapted += "<\(own)>\(text)"
            } else {
                adapted += "<\(tag)>\(text)"
            }
        }
        return adapted
    }
}

extension Substring {
    /// What is ahead of the end of a tag.
    fileprivate var tag: Substring { prefix { $0 != ">" } }
}

extension LineChart {
    /// What the chart shows, for those who do not see it: `Loss over epoch: baseline, teleport`.
    fileprivate var summary: String {
        let names = series.map(\.name) + points.map(\.name)
        return "\(title) over \(horizontalLabel)" + (names.isEmpty ? "" : ": \(names.joined(separator: ", "))")
    }
}
