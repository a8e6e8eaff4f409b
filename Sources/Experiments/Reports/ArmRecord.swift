import Foundation
import Reporting

/// One arm of a comparison: the same training, with or without teleportation, once per seed.
package struct ArmRecord: Codable, Equatable, Sendable {
    /// The seeds, one per run and in the same order.
    package var seeds: [Int]
    /// The runs.
    package var runs: [Run]

    /// An arm of the given runs; `seeds` and `runs` correspond one to one.
    package init(seeds: [Int], runs: [Run]) {
        precondition(seeds.count == runs.count, "\(seeds.count) seeds for \(runs.count) runs")
        self.seeds = seeds
        self.runs = runs
    }
}

extension ArmRecord {
    /// What a file has of it.
    package var json: JSONValue {
        get throws { try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(self)) }
    }

    /// What two arms have in common: the seeds with runs in both and, unless one diverged, as many epochs as the shortest
    /// of these runs has. Of arms that ran to their end, that is everything; of an interrupted comparison, what can be
    /// compared.
    static func common(_ first: ArmRecord, _ second: ArmRecord) -> (first: ArmRecord, second: ArmRecord) {
        let runs = { (arm: ArmRecord) in Dictionary(zip(arm.seeds, arm.runs)) { run, _ in run } }
        let (firsts, seconds) = (runs(first), runs(second))
        let seeds = first.seeds.filter { seconds[$0] != nil }
        let lengths = seeds.flatMap { [firsts[$0]!, seconds[$0]!] }.filter { !$0.hasDiverged }.map(\.epochs.count)
        let length = lengths.min() ?? .max
        let cut = { (run: Run) in
            Run(
                epochs: Array(run.epochs.prefix(length)),
                teleports: length == .max ? run.teleports : run.teleports.filter { $0.epoch < length },
                teleportsEndedAtStep: run.teleportsEndedAtStep)
        }
        return (
            ArmRecord(seeds: seeds, runs: seeds.map { cut(firsts[$0]!) }),
            ArmRecord(seeds: seeds, runs: seeds.map { cut(seconds[$0]!) })
        )
    }
}

/// One training from one seed.
package struct Run: Codable, Equatable, Sendable {
    /// One record per epoch, in order.
    package var epochs: [EpochRecord]
    /// One record per teleport, in order; empty without teleportation.
    package var teleports: [TeleportRecord]
    /// The training step from which on no teleports were made, since trials were lost; nil, and absent from the JSON, if there was
    /// none.
    package var teleportsEndedAtStep: Int?

    /// A run of the given records.
    package init(epochs: [EpochRecord] = [], teleports: [TeleportRecord] = [], teleportsEndedAtStep: Int? = nil) {
        self.epochs = epochs
        self.teleports = teleports
        self.teleportsEndedAtStep = teleportsEndedAtStep
    }

    /// Whether training ended without a finite training loss, or before its first epoch did.
    ///
    /// A run that diverges records the epoch in which it did, and may stop there.
    package var hasDiverged: Bool {
        !(epochs.last?.trainLoss.isFinite ?? false)
    }
}
