import Foundation
import Reporting

/// `records.jsonl`: a line for each epoch and for each batch of a teleport, in the order in which they ended.
///
/// Lines are only ever added, those of teleports when their trial is over. Where a run goes on from a checkpoint the file is first made
/// what it was there.
package final class RecordLog {
    private let file: URL
    private let stepsPerEpoch: Int
    /// How much of the run the file has.
    private var written = (epochs: 0, teleports: 0)

    /// A file that has a run as far as it has come, whatever was there.
    ///
    /// - Throws: `ReportError.unwritable(path:reason:)`.
    package init(_ file: URL, of run: Run, stepsPerEpoch: Int) throws(ReportError) {
        self.file = file
        self.stepsPerEpoch = stepsPerEpoch
        try AtomicFile.write([(file, Data(lines(of: run).utf8))])
        written = (run.epochs.count, run.teleports.count)
    }

    /// Adds what the file has not yet of a run.
    ///
    /// - Throws: `ReportError.unwritable(path:reason:)`; what could not be added is added the next time.
    package func append(_ run: Run) throws(ReportError) {
        guard run.epochs.count > written.epochs || run.teleports.count > written.teleports else { return }
        let lines = Data(lines(of: run).utf8)
        let descriptor = open(file.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw .unwritable(path: file.path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        let length = lseek(descriptor, 0, SEEK_END)
        do { try FileHandle(fileDescriptor: descriptor).write(contentsOf: lines) } catch {
            // Half a line would make the next one unreadable.
            ftruncate(descriptor, length)
            throw .unwritable(path: file.path, reason: ReportError.reason(of: error))
        }
        written = (run.epochs.count, run.teleports.count)
    }

    /// The lines that are not yet written.
    private func lines(of run: Run) -> String {
        let epochs = run.epochs.dropFirst(written.epochs).map {
            (step: $0.epoch * stepsPerEpoch, line: Self.line("epoch", $0, step: $0.epoch * stepsPerEpoch))
        }
        let teleports = run.teleports.dropFirst(written.teleports).map {
            (step: $0.step, line: Self.line("teleport", $0, step: $0.step))
        }
        // A teleport before the first step of an epoch comes after the record of the one before.
        var rest = teleports[...]
        var lines: [String] = []
        for epoch in epochs {
            let earlier = rest.prefix { $0.step < epoch.step }
            lines += earlier.map(\.line) + [epoch.line]
            rest = rest.dropFirst(earlier.count)
        }
        return (lines + rest.map(\.line)).map { $0 + "\n" }.joined()
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
