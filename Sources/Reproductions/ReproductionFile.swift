import Experiments
import Foundation
import Reporting

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
            "environment": .environment(date: date, processorWait: processorWait),
            "claim": .string(claim), "findings": .array(findings.map { .string($0) }), "results": .object(values),
        ]
    }
}
