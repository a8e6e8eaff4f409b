import Foundation
import Reporting

/// `records.jsonl`: a line for each epoch and for each batch of a teleport, in the order in which they ended.
final class RecordLog: RunLog {
    private let file: URL
    private let stepsPerEpoch: Int
    private var written = LoggedExtent()

    /// A file that has a run as far as it has come, whatever was there.
    ///
    /// - Throws: `ReportError.unwritable(path:reason:)`.
    init(_ file: URL, of run: Run, stepsPerEpoch: Int) throws(ReportError) {
        self.file = file
        self.stepsPerEpoch = stepsPerEpoch
        let milestones = written.advance(to: run, stepsPerEpoch: stepsPerEpoch)
        try AtomicFile.write([(file, Self.lines(milestones))])
    }

    func append(_ run: Run) throws(ReportError) {
        var extent = written
        let milestones = extent.advance(to: run, stepsPerEpoch: stepsPerEpoch)
        guard !milestones.isEmpty else { return }
        try AtomicFile.append(Self.lines(milestones), to: file)
        written = extent
    }

    private static func lines(_ milestones: [(step: Int, milestone: Milestone)]) -> Data {
        let lines = milestones.flatMap { step, milestone in
            switch milestone {
            case .epoch(let record): [line("epoch", record, step: step)]
            case .teleport(let records): records.map { line("teleport", $0, step: step) }
            }
        }
        return Data(lines.map { $0 + "\n" }.joined().utf8)
    }

    /// A record with its kind, on one line.
    private static func line(_ kind: String, _ record: some Encodable, step: Int) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let value = try JSONDecoder().decode(JSONValue.self, from: encoder.encode(record))
            guard case .object(var members) = value else { fatalError("a record is an object, and this is \(value)") }
            members["kind"] = .string(kind)
            members["step"] = .integer(step)
            return String(decoding: try encoder.encode(JSONValue.object(members)), as: UTF8.self)
        } catch {
            fatalError("a record has a number that JSON has not: \(error)")
        }
    }
}
