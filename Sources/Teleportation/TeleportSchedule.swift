/// When to teleport, and how much: K, b and n of NS25 Algorithm 1 (t belongs to the teleporter).
public struct TeleportSchedule: Hashable, Sendable {
    /// The epochs, from 0, before which a teleport takes place.
    public var epochs: Set<Int>
    /// The number of batches that one teleport goes through; b.
    public var batchCount: Int
    /// The number of samples in each of them; n.
    public var batchSize: Int
    /// Training steps before the first teleport of the run; NS25 takes 40 for convolutional networks.
    public var warmUpSteps: Int

    /// A schedule; by default that of NS25: before each of the first five epochs, 32 batches of 32 samples.
    public init(
        epochs: some Sequence<Int> = 0..<5, batchCount: Int = 32, batchSize: Int = 32, warmUpSteps: Int = 0
    ) {
        self.epochs = Set(epochs)
        self.batchCount = batchCount
        self.batchSize = batchSize
        self.warmUpSteps = warmUpSteps
    }
}
