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

    /// Does a piece of work once to warm up and then `repetitions` times.
    ///
    /// - Parameters:
    ///   - name: What the measurement is called.
    ///   - repetitions: How many times to measure, at least 1.
    ///   - count: How often each measurement does the work; the times are divided by it.
    ///   - prepare: Runs before each measurement and is not measured.
    ///   - work: What is measured.
    public init(
        _ name: String, repetitions: Int, count: Int = 1, prepare: () -> Void = {}, _ work: () -> Void
    ) {
        precondition(repetitions > 0 && count > 0, "\(repetitions) repetitions of \(count) times the work")
        func seconds() -> Double {
            prepare()
            let time = ContinuousClock().measure { for _ in 0..<count { work() } }
            return time / .seconds(1) / Double(count)
        }
        _ = seconds()
        let times = (0..<repetitions).map { _ in seconds() }.sorted()
        self.name = name
        self.repetitions = repetitions
        median = (times[(repetitions - 1) / 2] + times[repetitions / 2]) / 2
        minimum = times[0]
        maximum = times[repetitions - 1]
        unit = "s"
    }
}
