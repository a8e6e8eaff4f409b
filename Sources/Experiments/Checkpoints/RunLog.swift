import Reporting

/// A file that tells of a training while it goes on.
///
/// It is only ever added to, with teleports when their trial is over. Where a run goes on from a checkpoint the file is first made what
/// it was there, whatever the process that ended had told since.
protocol RunLog {
    /// Adds what the file has not yet of a run.
    ///
    /// - Throws: `ReportError.unwritable(path:reason:)`; what could not be added is added the next time.
    func append(_ run: Run) throws(ReportError)
}

/// What a training comes to, again and again.
enum Milestone {
    /// The end of an epoch.
    case epoch(EpochRecord)
    /// A teleport, with a record for each of its batches.
    case teleport([TeleportRecord])
}

/// How much of a run a log has.
struct LoggedExtent {
    private var epochs = 0
    private var teleports = 0

    /// What a run has come to since, in the order in which it ended, each with the training steps that were done then.
    ///
    /// A teleport before the first step of an epoch comes after the end of the epoch before.
    mutating func advance(to run: Run, stepsPerEpoch: Int) -> [(step: Int, milestone: Milestone)] {
        guard run.epochs.count > epochs || run.teleports.count > teleports else { return [] }
        var rest = run.teleports.dropFirst(teleports)
        var milestones: [(step: Int, milestone: Milestone)] = []
        func takeTeleports(before step: Int) {
            while let first = rest.first, first.step < step {
                let teleport = rest.prefix { $0.step == first.step }
                milestones.append((first.step, .teleport(Array(teleport))))
                rest = rest.dropFirst(teleport.count)
            }
        }
        for epoch in run.epochs.dropFirst(epochs) {
            let step = epoch.epoch * stepsPerEpoch
            takeTeleports(before: step)
            milestones.append((step, .epoch(epoch)))
        }
        takeTeleports(before: .max)
        (epochs, teleports) = (run.epochs.count, run.teleports.count)
        return milestones
    }
}
