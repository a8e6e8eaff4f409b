import Foundation
import Reporting

/// `tensorboard/events.out.tfevents.*`: the numbers of a training as TensorBoard shows them, over training steps.
///
/// | tag | at | what |
/// | --- | --- | --- |
/// | `loss/train`, `loss/test` | each epoch's end | the losses |
/// | `accuracy/test`, `perplexity/test` | each epoch's end | what else is known of the test data |
/// | `gradient-norm/train` | each epoch's end | the norm of the gradient on training samples |
/// | `learning-rate` | each epoch's end | the optimizer's |
/// | `time/training`, `time/teleports` | each epoch's end | the seconds of training so far, and those of them in teleports |
/// | `teleport/loss-before`, `teleport/loss-after` | each teleport | the means of the loss over its batches |
/// | `teleport/objective-before`, `teleport/objective-after` | each teleport that climbs one | those of the objective |
/// | `teleport/batches-moved` | each teleport | its batches on which the model moved and stayed |
/// | `teleport/seconds` | each teleport | the time that it took |
final class TensorBoardLog: RunLog {
    private let file: URL
    private let stepsPerEpoch: Int
    private let learningRate: Double
    private var written = LoggedExtent()

    /// A file that has a run as far as it has come, in the place of what was there: a step has one value of each tag. What was there
    /// already keeps its time.
    ///
    /// - Throws: `ReportError.unwritable(path:reason:)`.
    init(_ folder: URL, of run: Run, stepsPerEpoch: Int, learningRate: Double) throws(ReportError) {
        self.stepsPerEpoch = stepsPerEpoch
        self.learningRate = learningRate
        let now = Date().timeIntervalSince1970
        let earlier = Self.files(in: folder)
        var times: [Moment: Double] = [:]
        for event in earlier.flatMap({ TensorBoardEvent.events(in: (try? Data(contentsOf: $0)) ?? Data()) }) {
            if let moment = Moment(of: event) { times[moment] = event.wallTime }
        }
        file = folder.appendingPathComponent(Self.name(at: now, after: earlier))
        let events = written.advance(to: run, stepsPerEpoch: stepsPerEpoch).map { step, milestone in
            var event = Self.event(milestone, step: step, learningRate: learningRate, wallTime: now)
            if let time = Moment(of: event).flatMap({ times[$0] }) { event.wallTime = time }
            return event
        }
        let first = TensorBoardEvent.firstRecord(wallTime: events.first?.wallTime ?? now)
        try AtomicFile.write([(file, first + Self.records(events))], removing: earlier)
    }

    func append(_ run: Run) throws(ReportError) {
        var extent = written
        let now = Date().timeIntervalSince1970
        let events = extent.advance(to: run, stepsPerEpoch: stepsPerEpoch).map {
            Self.event($1, step: $0, learningRate: learningRate, wallTime: now)
        }
        guard !events.isEmpty else { return }
        try AtomicFile.append(Self.records(events), to: file)
        written = extent
    }

    /// Removes the files of an earlier run.
    static func clear(_ folder: URL) {
        for file in files(in: folder) { unlink(file.path) }
    }

    /// What an event tells of.
    private struct Moment: Hashable {
        let step: Int
        let tag: String

        init?(of event: TensorBoardEvent) {
            guard let first = event.scalars.first else { return nil }
            (step, tag) = (event.step, first.tag)
        }
    }

    private static func records(_ events: [TensorBoardEvent]) -> Data {
        events.reduce(into: Data()) { $0 += $1.record }
    }

    private static func event(
        _ milestone: Milestone, step: Int, learningRate: Double, wallTime: Double
    ) -> TensorBoardEvent {
        let numbers: [(tag: String, number: Double?)] =
            switch milestone {
            case .epoch(let record):
                [
                    ("loss/train", record.trainLoss), ("loss/test", record.testLoss),
                    ("accuracy/test", record.testAccuracy), ("perplexity/test", record.testPerplexity),
                    ("gradient-norm/train", record.gradientNormSquared.squareRoot()), ("learning-rate", learningRate),
                    ("time/training", record.seconds), ("time/teleports", record.teleportSeconds),
                ]
            case .teleport(let records): teleportNumbers(records)
            }
        return TensorBoardEvent(
            wallTime: wallTime, step: step,
            scalars: numbers.compactMap { tag, number in number.map { TensorBoardEvent.Scalar(tag, $0) } })
    }

    private static func teleportNumbers(_ records: [TeleportRecord]) -> [(tag: String, number: Double?)] {
        // One that was given up on the way has no objective after it.
        let climbs = records.filter { $0.objectiveAfter != nil }
        return [
            ("teleport/loss-before", mean(records.map(\.lossBefore))),
            ("teleport/loss-after", mean(records.map(\.lossAfter))),
            ("teleport/objective-before", mean(climbs.compactMap(\.objectiveBefore))),
            ("teleport/objective-after", mean(climbs.compactMap(\.objectiveAfter))),
            ("teleport/batches-moved", Double(records.count(where: \.hasMoved))),
            ("teleport/seconds", records.map(\.seconds).reduce(0, +)),
        ]
    }

    private static func mean(_ numbers: [Double]) -> Double? {
        numbers.isEmpty ? nil : numbers.reduce(0, +) / Double(numbers.count)
    }

    // MARK: Files

    private static let prefix = "events.out.tfevents."

    private static func files(in folder: URL) -> [URL] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasPrefix(prefix) }
            .sorted().map { folder.appendingPathComponent($0) }
    }

    /// A name with time, host and process, as TensorFlow gives it: a TensorBoard that is open goes on to the file that comes next in
    /// the order of names.
    private static func name(at time: Double, after earlier: [URL]) -> String {
        let times = earlier.compactMap { Int($0.lastPathComponent.dropFirst(prefix.count).prefix { $0 != "." }) }
        let second = max(Int(time), (times.max() ?? 0) + 1)
        var host = [CChar](repeating: 0, count: 256)
        let isNamed = gethostname(&host, host.count - 1) == 0 && host[0] != 0
        let name =
            isNamed ? String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : "host"
        return prefix + String(format: "%010d", second) + ".\(name).\(getpid()).0"
    }
}
