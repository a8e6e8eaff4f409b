/// A piece of HTML that is well-formed XML, too; texts get into it escaped.
struct HTML: Equatable, Sendable {
    /// The markup.
    let markup: String

    /// Markup as it is.
    init(markup: String) { self.markup = markup }

    /// A text.
    ///
    /// Characters that HTML or XML does not allow, such as an escape, become U+FFFD.
    init(_ text: String) {
        var markup = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": markup += "&amp;"
            case "<": markup += "&lt;"
            case ">": markup += "&gt;"
            case "\"": markup += "&quot;"
            case "\t", "\n", "\r": markup.unicodeScalars.append(scalar)
            case _ where scalar.properties.generalCategory == .control || scalar.properties.isNoncharacterCodePoint:
                markup += "\u{FFFD}"
            default: markup.unicodeScalars.append(scalar)
            }
        }
        self.markup = markup
    }

    /// An element with elements in it.
    static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], children: [HTML]
    ) -> HTML {
        let start = attributes.reduce("<\(name)") { $0 + " \($1.key)=\"\(HTML($1.value).markup)\"" }
        return HTML(markup: "\(start)>\(children.map(\.markup).joined())</\(name)>")
    }

    /// An element with a text in it.
    static func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String) -> HTML {
        element(name, attributes, children: [HTML(text)])
    }

    /// A paragraph.
    static func paragraph(_ text: String) -> HTML { element("p", text: text) }

    /// A paragraph of some kind, which the style sheet knows.
    static func paragraph(_ text: String, kind: String) -> HTML { element("p", ["class": kind], text: text) }
}
