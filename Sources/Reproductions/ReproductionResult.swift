import Foundation
import Reporting

/// What a reproduction found: tables, figures, numbers, and what follows from them.
package struct ReproductionResult: Sendable {
    /// A table with a line above that says what is in it.
    package struct Section: Equatable, Sendable {
        /// The line above.
        package var title: String
        /// The table.
        package var table: Table

        /// A table with a title.
        package init(_ title: String, _ table: Table) {
            self.title = title
            self.table = table
        }
    }

    /// A figure and the name of its files, without `.svg` and `.png`.
    package struct NamedFigure: Equatable, Sendable {
        /// The name of its files.
        package var name: String
        /// The figure.
        package var figure: Figure

        /// A figure under a name.
        package init(_ name: String, _ figure: Figure) {
            self.name = name
            self.figure = figure
        }
    }

    /// All settings by name.
    package var configuration: [String: JSONValue]
    /// The tables.
    package var sections: [Section]
    /// The figures.
    package var figures: [NamedFigure]
    /// The numbers that the figures show, by name.
    package var values: [String: JSONValue]
    /// What the paper says, in a sentence.
    package var claim: String
    /// What was measured here, in sentences that follow from the numbers.
    package var findings: [String]
    /// What diverged that should not have; nil if nothing did.
    package var divergence: String?

    /// A result.
    package init(
        configuration: [String: JSONValue], sections: [Section], figures: [NamedFigure], values: [String: JSONValue],
        claim: String, findings: [String], divergence: String? = nil
    ) {
        self.configuration = configuration
        self.sections = sections
        self.figures = figures
        self.values = values
        self.claim = claim
        self.findings = findings
        self.divergence = divergence
    }

    /// Draws all figures, each as `.svg` and `.png`, into a folder, which is made if need be.
    ///
    /// - Throws: ``ReportError/gnuplotFailed(output:)`` or ``ReportError/unwritable(path:reason:)``.
    package func draw(into folder: URL, with gnuplot: Gnuplot) throws(ReportError) {
        for named in figures {
            try named.figure.draw(
                svg: folder.appendingPathComponent(named.name + ".svg"),
                png: folder.appendingPathComponent(named.name + ".png"), with: gnuplot)
        }
    }
}

extension ReproductionResult: CustomStringConvertible {
    /// The tables, what the paper says, and what was measured.
    package var description: String {
        (sections.map { "\($0.title)\n\n\($0.table)" } + ["The paper: " + claim]
            + ["Here: " + findings.joined(separator: "\n      ")]).joined(separator: "\n\n")
    }
}
