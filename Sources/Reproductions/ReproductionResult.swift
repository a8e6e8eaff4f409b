import Reporting

/// What a reproduction found: tables, figures, numbers, and what follows from them.
package struct ReproductionResult: Report, Sendable {
    /// A table with a line above that says what is in it.
    package struct Section: Equatable, Sendable {
        /// The line above.
        package var title: String
        /// The table.
        package var table: Table
        /// A line below that explains a column; nil for none.
        package var note: String?

        /// A table with a title.
        package init(_ title: String, _ table: Table, note: String? = nil) {
            self.title = title
            self.table = table
            self.note = note
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
    /// Whose the claim is.
    package var claimant: String
    /// What the paper says, in a sentence.
    package var claim: String
    /// What was measured here, in sentences that follow from the numbers.
    package var findings: [String]
    /// What diverged that should not have; nil if nothing did.
    package var divergence: String?

    /// A result.
    package init(
        configuration: [String: JSONValue], sections: [Section], figures: [NamedFigure], values: [String: JSONValue],
        claimant: String = "The paper", claim: String, findings: [String], divergence: String? = nil
    ) {
        self.configuration = configuration
        self.sections = sections
        self.figures = figures
        self.values = values
        self.claimant = claimant
        self.claim = claim
        self.findings = findings
        self.divergence = divergence
    }
}

extension ReproductionResult {
    /// The tables, what the paper says, and what was measured.
    package var parts: [ReportPart] {
        sections.map { .table($0.table, title: $0.title, note: $0.note) }
            + [.statements([.init(by: claimant, [claim]), .init(by: "Here", findings)])]
    }
}
