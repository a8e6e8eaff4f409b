import Reporting
import Teleportation

/// What one teleport did, and when: its report, with its place in the training.
@dynamicMemberLookup
package struct TeleportRecord: Equatable, Sendable {
    /// How many epochs were complete when it happened: 0 before the first, as schedules count.
    package var epoch: Int
    /// How many training steps of the run were done.
    package var step: Int
    /// The index of the teleport batch within this teleport, from 0.
    package var batch: Int
    /// What it did.
    package var report: TeleportReport

    /// The record of a teleport on one batch.
    package init(_ report: TeleportReport, epoch: Int, step: Int, batch: Int) {
        self.epoch = epoch
        self.step = step
        self.batch = batch
        self.report = report
    }

    /// What the report says.
    package subscript<Value>(dynamicMember path: KeyPath<TeleportReport, Value>) -> Value { report[keyPath: path] }

    /// Whether the move was undone, for itself or after a trial, and the parameters are those from before.
    package var isRestored: Bool { report.restored != nil }
}

extension TeleportRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case epoch, trainingStep, batch, steps, lossBefore, lossAfter, gradientNormSquaredBefore,
            gradientNormSquaredAfter
        case objective, objectiveBefore, objectiveAfter, freeDimensions, halvings, halvingsForRange, halvingsForControl,
            restored
        case reason, ending, endsTeleport, gradientEvaluations, seconds
    }

    /// Writes the keys of `summary.json`; a number that is not finite is null.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(epoch, forKey: .epoch)
        try container.encode(step, forKey: .trainingStep)
        try container.encode(batch, forKey: .batch)
        try container.encode(report.steps, forKey: .steps)
        let numbers: [(CodingKeys, Double)] = [
            (.lossBefore, report.lossBefore), (.lossAfter, report.lossAfter),
            (.gradientNormSquaredBefore, report.gradientNormSquaredBefore),
            (.gradientNormSquaredAfter, report.gradientNormSquaredAfter), (.seconds, report.seconds),
        ]
        for (key, number) in numbers { try container.encode(JSONNumber(wrappedValue: number), forKey: key) }
        try container.encodeIfPresent(report.objective, forKey: .objective)
        for (key, objective) in [
            (CodingKeys.objectiveBefore, report.objectiveBefore), (.objectiveAfter, report.objectiveAfter),
        ] {
            if let objective { try container.encode(JSONNumber(wrappedValue: objective), forKey: key) }
        }
        try container.encode(report.freeDimensions, forKey: .freeDimensions)
        try container.encode(report.halvings.total, forKey: .halvings)
        try container.encode(report.halvings.range, forKey: .halvingsForRange)
        try container.encode(report.halvings.control, forKey: .halvingsForControl)
        try container.encode(isRestored, forKey: .restored)
        try container.encodeIfPresent(report.restored?.description, forKey: .reason)
        try container.encodeIfPresent(report.ending?.rawValue, forKey: .ending)
        if report.endsTeleport { try container.encode(true, forKey: .endsTeleport) }
        try container.encode(report.gradientEvaluations, forKey: .gradientEvaluations)
    }

    /// Reads what `encode(to:)` wrote; the reason of a move that was undone is then a sentence.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func number(_ key: CodingKeys) throws -> Double {
            try container.decode(JSONNumber<Double>.self, forKey: key).wrappedValue
        }
        epoch = try container.decode(Int.self, forKey: .epoch)
        step = try container.decodeIfPresent(Int.self, forKey: .trainingStep) ?? 0
        batch = try container.decode(Int.self, forKey: .batch)
        report = TeleportReport(lossBefore: try number(.lossBefore))
        report.steps = try container.decode(Int.self, forKey: .steps)
        report.lossAfter = try number(.lossAfter)
        report.gradientNormSquaredBefore = try number(.gradientNormSquaredBefore)
        report.gradientNormSquaredAfter = try number(.gradientNormSquaredAfter)
        report.objective = try container.decodeIfPresent(String.self, forKey: .objective)
        if container.contains(.objectiveBefore) { report.objectiveBefore = try number(.objectiveBefore) }
        if container.contains(.objectiveAfter) { report.objectiveAfter = try number(.objectiveAfter) }
        report.freeDimensions = try container.decode([String: Int].self, forKey: .freeDimensions)
        let range = try container.decodeIfPresent(Int.self, forKey: .halvingsForRange) ?? 0
        let control = try container.decodeIfPresent(Int.self, forKey: .halvingsForControl) ?? 0
        report.halvings = .init(
            backtracking: try container.decode(Int.self, forKey: .halvings) - range - control, range: range,
            control: control)
        if try container.decode(Bool.self, forKey: .restored) {
            report.restored = .recorded(try container.decodeIfPresent(String.self, forKey: .reason) ?? "")
        }
        report.ending = try container.decodeIfPresent(String.self, forKey: .ending).flatMap(
            TeleportReport.Ending.init(rawValue:))
        report.endsTeleport = try container.decodeIfPresent(Bool.self, forKey: .endsTeleport) ?? false
        report.gradientEvaluations = try container.decodeIfPresent(Double.self, forKey: .gradientEvaluations) ?? 0
        report.seconds = try number(.seconds)
    }
}
