import Experiments
import Foundation
import Reporting
import Torch

extension ReproductionResult {
    /// The contents of `reproduction.json`.
    ///
    /// - Parameters:
    ///   - reproduction: What was run.
    ///   - scale: At which scale.
    ///   - date: When it began.
    package func json(of reproduction: any Reproduction, at scale: Scale, date: Date) -> JSONValue {
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
    package func write(
        to file: URL, of reproduction: any Reproduction, at scale: Scale, date: Date
    ) throws(ReportError) {
        try AtomicFile.write(to: [file]) { temporary in
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let json = json(of: reproduction, at: scale, date: date)
            try (encoder.encode(json) + Data("\n".utf8)).write(to: temporary[0])
        }
    }
}
