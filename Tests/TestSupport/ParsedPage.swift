import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// A page of HTML that is XML, too, taken apart.
package struct ParsedPage {
    /// An element.
    package struct Element {
        /// Its name.
        package let name: String
        /// Its attributes by name.
        package let attributes: [String: String]
        /// All text within it.
        package fileprivate(set) var text = ""
    }

    /// What is wrong with a page.
    package struct Failure: Error, CustomStringConvertible {
        /// The place and the reason.
        package let description: String
    }

    /// The elements in the order in which they begin.
    package let elements: [Element]

    /// Takes a page apart.
    ///
    /// - Throws: `Failure` if it is not well-formed.
    package init(_ page: Data) throws {
        let parser = XMLParser(data: page)
        let reader = Reader()
        parser.delegate = reader
        guard parser.parse() else {
            throw Failure(
                description: "line \(parser.lineNumber), column \(parser.columnNumber): "
                    + (parser.parserError.map { "\($0)" } ?? "no reason given"))
        }
        elements = reader.elements
    }

    /// The elements of a name.
    package func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

    /// The texts of the elements of a name.
    package func texts(_ name: String) -> [String] { all(name).map(\.text) }

    /// The ids, in order.
    package var ids: [String] { elements.compactMap { $0.attributes["id"] } }

    /// What would keep the page from standing alone: other files, scripts, parts that are not there, and ids that are there twice.
    package var faults: [String] {
        let active = ["script", "link", "img", "image", "iframe", "object", "embed", "a", "form", "base"]
        let names = elements.map(\.name).filter(active.contains).map { "<\($0)>" }
        let attributes = elements.flatMap { element in element.attributes.map { (element.name, $0.key, $0.value) } }
        let links = attributes.filter { $0.1.hasSuffix("href") || $0.1.hasSuffix("src") || $0.1.hasPrefix("on") }
        // What is read out may look like a reference, and is none.
        let parts =
            attributes.filter { $0.1 != "aria-label" }.flatMap {
                $0.2.matches(of: /url\(([^)]*)\)/).map { String($0.1) }
            } + links.map(\.2)
        let missing = parts.filter { !$0.hasPrefix("#") || !ids.contains(String($0.dropFirst())) }
        let handlers = links.filter { $0.1.hasPrefix("on") }.map { "\($0.1)=\($0.2)" }
        let twice = Set(ids.filter { id in ids.count { $0 == id } > 1 }).sorted()
        let style = texts("style").filter { $0.contains("url(") || $0.contains("@import") }
        return names + missing + handlers + twice + style
    }

    private final class Reader: NSObject, XMLParserDelegate {
        var elements: [Element] = []
        private var open: [Int] = []

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            open.append(elements.count)
            elements.append(Element(name: name, attributes: attributes))
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) {
            for index in open { elements[index].text += text }
        }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            open.removeLast()
        }
    }
}
