/// What a run found, as people read it: on a terminal, or on a page with the figures.
package protocol Report: CustomStringConvertible {
    /// Tables and sentences, in the order in which they are read.
    var parts: [ReportPart] { get }
    /// The figures.
    var figures: [NamedFigure] { get }
}

extension Report {
    /// The parts as text, an empty line between them.
    package var description: String { parts.map(\.description).joined(separator: "\n\n") }
}
