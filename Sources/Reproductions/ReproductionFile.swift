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
    ///   - processorWait: The share of the time that threads waited for a processor; nil where it is not known.
    package func json(
        of reproduction: any Reproduction, at scale: Scale, date: Date, processorWait: Double? = nil
    ) -> JSONValue {
        [
            "name": .string(reproduction.name), "paper": .string(reproduction.paper),
            "title": .string(reproduction.title), "scale": .string(scale.rawValue),
            "configuration": .object(configuration),
            "environment": [
                "version": .string(Library.version), "libtorchVersion": .string(Libtorch.version),
                "threads": .integer(Libtorch.threadCount), "processor": .string(Summary.Environment.hostProcessor()),
                "processors": .integer(Processors().count), "processorWait": processorWait.map { .number($0) } ?? .null,
                "date": .string(date.formatted(.iso8601)),
            ],
            "claim": .string(claim), "findings": .array(findings.map { .string($0) }), "results": .object(values),
        ]
    }
}
