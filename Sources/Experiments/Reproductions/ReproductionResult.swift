import Foundation
import Torch

/// What a reproduction found: tables, figures, numbers, and what follows from them.
public struct ReproductionResult: Sendable {
    /// A table with a line above that says what is in it.
    public struct Section: Equatable, Sendable {
        /// The line above.
        public var title: String
        /// The table.
        public var table: Table

        /// A table with a title.
        public init(_ title: String, _ table: Table) {
            self.title = title
            self.table = table
        }
    }

    /// A figure and the name of its files, without `.svg` and `.png`.
    public struct NamedFigure: Equatable, Sendable {
        /// The name of its files.
        public var name: String
        /// The figure.
        public var figure: Figure

        /// A figure under a name.
        public init(_ name: String, _ figure: Figure) {
            self.name = name
            self.figure = figure
        }
    }

    /// All settings by name.
    public var configuration: [String: JSONValue]
    /// The tables.
    public var sections: [Section]
    /// The figures.
    public var figures: [NamedFigure]
    /// The numbers that the figures show, by name.
    public var values: [String: JSONValue]
    /// What the paper says, in a sentence.
    public var claim: String
    /// What was measured here, in sentences that follow from the numbers.
    public var findings: [String]
    /// What diverged that should not have; nil if nothing did.
    public var divergence: String?

    /// A result.
    public init(
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

    /// The contents of `reproduction.json`.
    ///
    /// - Parameters:
    ///   - reproduction: What was run.
    ///   - scale: At which scale.
    ///   - date: When it began.
    public func json(of reproduction: any Reproduction, at scale: Scale, date: Date) -> JSONValue {
        [
            "name": .string(reproduction.name), "paper": .string(reproduction.paper),
            "title": .string(reproduction.title), "scale": .string(scale.rawValue),
            "configuration": .object(configuration),
            "environment": [
                "version": .string(Library.version), "libtorchVersion": .string(Libtorch.version),
                "threads": .integer(Libtorch.threadCount), "processor": .string(Summary.Environment.hostProcessor()),
                "date": .string(date.formatted(.iso8601)),
            ],
            "claim": .string(claim), "findings": .array(findings.map { .string($0) }), "results": .object(values),
        ]
    }

    /// Writes `reproduction.json`, whole or not at all; the folder is made if need be.
    ///
    /// - Throws: ``ReportError/unwritable(path:reason:)``.
    public func write(
        to file: URL, of reproduction: any Reproduction, at scale: Scale, date: Date
    ) throws(ReportError) {
        try AtomicFile.write(to: [file]) { temporary in
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let json = json(of: reproduction, at: scale, date: date)
            try (encoder.encode(json) + Data("\n".utf8)).write(to: temporary[0])
        }
    }

    /// Draws all figures, each as `.svg` and `.png`, into a folder, which is made if need be.
    ///
    /// - Throws: ``ReportError/gnuplotFailed(output:)`` or ``ReportError/unwritable(path:reason:)``.
    public func draw(into folder: URL, with gnuplot: Gnuplot) throws(ReportError) {
        for named in figures {
            try named.figure.draw(
                svg: folder.appendingPathComponent(named.name + ".svg"),
                png: folder.appendingPathComponent(named.name + ".png"), with: gnuplot)
        }
    }
}

extension ReproductionResult: CustomStringConvertible {
    /// The tables, what the paper says, and what was measured.
    public var description: String {
        (sections.map { "\($0.title)\n\n\($0.table)" } + ["The paper: " + claim]
            + ["Here: " + findings.joined(separator: "\n      ")]).joined(separator: "\n\n")
    }
}

extension JSONValue {
    /// Numbers in order; those that are not finite are null.
    static func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }

    /// Whole numbers in order.
    static func integers(_ values: [Int]) -> JSONValue { .array(values.map { .integer($0) }) }
}
