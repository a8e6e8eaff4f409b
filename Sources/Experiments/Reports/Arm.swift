/// One arm of a comparison: the same training, with or without teleportation, once per seed.
public struct Arm: Codable, Equatable, Sendable {
    /// The seeds, one per run and in the same order.
    public var seeds: [Int]
    /// The runs.
    public var runs: [Run]

    /// An arm of the given runs; `seeds` and `runs` correspond one to one.
    public init(seeds: [Int], runs: [Run]) {
        precondition(seeds.count == runs.count, "\(seeds.count) seeds for \(runs.count) runs")
        self.seeds = seeds
        self.runs = runs
    }
}

/// One training from one seed.
public struct Run: Codable, Equatable, Sendable {
    /// One record per epoch, in order.
    public var epochs: [EpochRecord]
    /// One record per teleport, in order; empty without teleportation.
    public var teleports: [TeleportRecord]

    /// A run of the given records.
    public init(epochs: [EpochRecord] = [], teleports: [TeleportRecord] = []) {
        self.epochs = epochs
        self.teleports = teleports
    }

    /// Whether training ended without a finite training loss, or before its first epoch did.
    ///
    /// A run that diverges records the epoch in which it did, and may stop there.
    public var hasDiverged: Bool {
        !(epochs.last?.trainLoss.isFinite ?? false)
    }
}
