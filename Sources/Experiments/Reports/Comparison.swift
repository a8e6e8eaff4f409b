import Reporting

/// What two arms show: losses, times, and how much sooner teleportation gets where the baseline ends.
package struct Comparison: Codable, Equatable, Sendable {
    /// The training without teleportation, over its seeds.
    package var baseline: ArmStatistics
    /// The training with teleportation, over its seeds.
    package var teleport: ArmStatistics
    /// When each arm first reaches the baseline's final training loss; nil when teleportation never does, or when the
    /// baseline has no finite final loss.
    package var trainLoss: Reach?
    /// The same for the test loss.
    package var testLoss: Reach?
    /// How many teleports there were over all seeds, restored ones included.
    package var teleports: Int
    /// How many of them were undone.
    package var restoredTeleports: Int
    /// How many moved the parameters; the others were undone, or took no step.
    package var movedTeleports: Int
    /// The largest ``TeleportRecord/relativeDrift`` of a teleport that moved; nil when none did.
    @JSONNumber package var maximumRelativeDrift: Double?

    /// Compares what two arms have in common.
    package init(baseline: ArmRecord, teleport: ArmRecord) {
        let (baseline, teleport) = ArmRecord.common(baseline, teleport)
        self.baseline = ArmStatistics(of: baseline)
        self.teleport = ArmStatistics(of: teleport)
        trainLoss = Reach(of: \.trainLoss, baseline: baseline.runs, teleport: teleport.runs)
        testLoss = Reach(of: \.testLoss, baseline: baseline.runs, teleport: teleport.runs)
        let records = teleport.runs.flatMap(\.teleports)
        teleports = records.count
        restoredTeleports = records.count { $0.isRestored }
        let moved = records.filter(\.hasMoved)
        movedTeleports = moved.count
        maximumRelativeDrift = moved.map(\.relativeDrift).max()
    }

    private enum CodingKeys: String, CodingKey {
        case baseline, teleport, trainLoss, testLoss, teleports, restoredTeleports, movedTeleports, maximumRelativeDrift
    }

    /// Encodes every key; a loss that was never reached is null.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(baseline, forKey: .baseline)
        try container.encode(teleport, forKey: .teleport)
        // `encode` writes a null for nil, where the synthesized conformance would leave the key out.
        try container.encode(trainLoss, forKey: .trainLoss)
        try container.encode(testLoss, forKey: .testLoss)
        try container.encode(teleports, forKey: .teleports)
        try container.encode(restoredTeleports, forKey: .restoredTeleports)
        try container.encode(movedTeleports, forKey: .movedTeleports)
        try container.encode(_maximumRelativeDrift, forKey: .maximumRelativeDrift)
    }
}
