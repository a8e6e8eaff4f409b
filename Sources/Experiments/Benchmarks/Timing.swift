/// The time of a piece of work, over several repetitions.
public struct Timing: Codable, Sendable {
    /// What was measured, as `teleport/mlp-1024`.
    public let name: String
    /// The median, in seconds.
    public let median: Double
    /// The shortest, in seconds.
    public let minimum: Double
    /// The longest, in seconds.
    public let maximum: Double
    /// How many times the work was done.
    public let repetitions: Int
    /// `s`.
    public let unit: String
    /// How many million bytes were worked through in a second at the median, for work that is measured so.
    public let megabytesPerSecond: Double?

    /// Does a piece of work once to warm up and then `repetitions` times.
    ///
    /// - Parameters:
    ///   - name: What the measurement is called.
    ///   - repetitions: How many times to measure, at least 1.
    ///   - count: How often each measurement does the work; the times are divided by it.
    ///   - bytes: How many bytes the work goes through once, if that says something about it.
    ///   - prepare: Runs before each measurement and is not measured.
    ///   - work: What is measured.
    /// - Throws: what `work` throws.
    public init(
        _ name: String, repetitions: Int, count: Int = 1, bytes: Int? = nil, prepare: () -> Void = {},
        _ work: () throws -> Void
    ) rethrows {
        precondition(repetitions > 0 && count > 0, "\(repetitions) repetitions of \(count) times the work")
        func seconds() throws -> Double {
            prepare()
            let time = try ContinuousClock().measure { for _ in 0..<count { try work() } }
            return time / .seconds(1) / Double(count)
        }
        _ = try seconds()
        let times = try (0..<repetitions).map { _ in try seconds() }.sorted()
        self.name = name
        self.repetitions = repetitions
        median = (times[(repetitions - 1) / 2] + times[repetitions / 2]) / 2
        minimum = times[0]
        maximum = times[repetitions - 1]
        unit = "s"
        let median = median
        megabytesPerSecond = bytes.map { Double($0) / 1e6 / median }
    }
}
