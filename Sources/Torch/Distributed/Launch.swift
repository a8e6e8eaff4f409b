/// Which of several processes this one is, and where they meet: what `torchrun`, or any launcher that sets the same variables,
/// says.
public struct Launch: Hashable, Sendable {
    /// The number of this process among all, from 0.
    public var rank: Int
    /// How many there are.
    public var size: Int
    /// The number of this process among those of its machine, which picks its GPU.
    public var localRank: Int
    /// The machine at which they meet.
    public var host: String
    /// The port there.
    public var port: UInt16
    /// Whether the launcher keeps the store at which they meet, so that no process begins one.
    public var usesAgentStore: Bool
    /// How often the launcher has started the processes anew.
    public var restarts: Int

    /// A process among others.
    public init(
        rank: Int, size: Int, localRank: Int = 0, host: String = "127.0.0.1", port: UInt16,
        usesAgentStore: Bool = false, restarts: Int = 0
    ) {
        self.rank = rank
        self.size = size
        self.localRank = localRank
        self.host = host
        self.port = port
        self.usesAgentStore = usesAgentStore
        self.restarts = restarts
    }

    /// What the variables of an environment say: `RANK`, `WORLD_SIZE`, `MASTER_ADDR`, `MASTER_PORT`, and where they are set
    /// `LOCAL_RANK`, `TORCHELASTIC_USE_AGENT_STORE` and `TORCHELASTIC_RESTART_COUNT`.
    ///
    /// - Returns: nil where `WORLD_SIZE` is not set: the process is alone.
    /// - Throws: `ProcessGroupError` where one is missing, or no number in its range.
    public init?(_ environment: [String: String]) throws(ProcessGroupError) {
        guard environment["WORLD_SIZE"] != nil else { return nil }
        func text(_ name: String) throws(ProcessGroupError) -> String {
            guard let text = environment[name], !text.isEmpty else {
                throw ProcessGroupError(
                    "WORLD_SIZE is set, and \(name) is not: start the processes with torchrun, or set RANK, WORLD_SIZE, "
                        + "LOCAL_RANK, MASTER_ADDR and MASTER_PORT for each, or none of them")
            }
            return text
        }
        func number(_ name: String, in range: ClosedRange<Int>) throws(ProcessGroupError) -> Int {
            let text = try text(name)
            guard let number = Int(text), range.contains(number) else {
                throw ProcessGroupError(
                    "\(name) is '\(text)', which is no number from \(range.lowerBound) to \(range.upperBound); start the "
                        + "processes with torchrun, or set it for each")
            }
            return number
        }
        size = try number("WORLD_SIZE", in: 1...1_000_000)
        rank = try number("RANK", in: 0...size - 1)
        localRank = environment["LOCAL_RANK"] == nil ? 0 : try number("LOCAL_RANK", in: 0...size - 1)
        host = try text("MASTER_ADDR")
        port = UInt16(try number("MASTER_PORT", in: 1...65535))
        usesAgentStore = environment["TORCHELASTIC_USE_AGENT_STORE"]?.lowercased() == "true"
        restarts =
            environment["TORCHELASTIC_RESTART_COUNT"] == nil
            ? 0 : try number("TORCHELASTIC_RESTART_COUNT", in: 0...1_000_000)
    }
}
