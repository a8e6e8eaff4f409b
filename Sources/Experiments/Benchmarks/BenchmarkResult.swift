import Reporting

/// What a piece of work takes, over several repetitions.
package struct BenchmarkResult: Record, Codable, Sendable {
    /// What was measured, as `teleport/mlp-1024`.
    package let name: String
    /// The median, in units.
    package let median: Double
    /// The least, in units.
    package let minimum: Double
    /// The most, in units.
    package let maximum: Double
    /// How many times the work was done.
    package let repetitions: Int
    /// What the numbers count.
    package let unit: Unit
    /// How many million bytes were worked through in a second at the median, for work that is measured so.
    package let megabytesPerSecond: Double?
    /// What a process hands to collectives with the other processes that do the work once, for work that several do.
    package var traffic: Traffic?

    /// What collectives take.
    package struct Traffic: Codable, Sendable {
        /// How many there are.
        package let collectives: Double
        /// The bytes of their tensors.
        package let bytes: Double
        /// How long the process waits for their ends, in seconds.
        package let waiting: Double
    }

    /// What a measurement counts.
    package enum Unit: String, Codable, Sendable {
        /// Seconds.
        case seconds = "s"
        /// Bytes.
        case bytes = "B"
        /// A share of a whole.
        case share = "1"
    }

    /// The time of a piece of work, which is done once to warm up and then `repetitions` times.
    ///
    /// - Parameters:
    ///   - name: What the measurement is called.
    ///   - repetitions: How many times to measure, at least 1.
    ///   - count: How often each measurement does the work; the times are divided by it.
    ///   - bytes: How many bytes the work goes through once, if that says something about it.
    ///   - prepare: Runs before each measurement and is not measured.
    ///   - work: What is measured.
    /// - Throws: what `work` throws.
    package init(
        timeOf name: String, repetitions: Int, count: Int = 1, bytes: Int? = nil, prepare: () -> Void = {},
        _ work: () throws -> Void
    ) rethrows {
        precondition(count > 0, "\(count) times the work")
        try self.init(name, .seconds, repetitions: repetitions, bytes: bytes) {
            prepare()
            let time = try ContinuousClock().measure { for _ in 0..<count { try work() } }
            return time / .seconds(1) / Double(count)
        }
    }

    /// How much more memory the process has at the peak of a piece of work than before, with libtorch, model and data in
    /// it; the work is done once to warm up and then `repetitions` times.
    ///
    /// - Parameters:
    ///   - name: What the measurement is called.
    ///   - repetitions: How many times to measure, at least 1.
    ///   - prepare: Runs before each measurement and is not measured.
    ///   - work: What is measured.
    /// - Throws: `ResidentMemory.Unknown` where the system does not count it.
    package init(
        peakMemoryOf name: String, repetitions: Int, prepare: () -> Void = {}, _ work: () -> Void
    ) throws {
        try self.init(name, .bytes, repetitions: repetitions, bytes: nil) {
            prepare()
            try ResidentMemory.forgetPeak()
            let before = try ResidentMemory.current()
            work()
            return Double(try ResidentMemory.peak() - before)
        }
    }

    /// A share, as each of `repetitions` measurements finds it; the measurement warms up by itself.
    ///
    /// - Throws: what `measure` throws.
    package init(shareOf name: String, repetitions: Int, _ measure: () throws -> Double) rethrows {
        try self.init(name, .share, repetitions: repetitions, bytes: nil, warmsUp: false, measure)
    }

    private init(
        _ name: String, _ unit: Unit, repetitions: Int, bytes: Int?, warmsUp: Bool = true,
        _ measure: () throws -> Double
    ) rethrows {
        precondition(repetitions > 0, "\(repetitions) repetitions")
        if warmsUp { _ = try measure() }
        let values = try (0..<repetitions).map { _ in try measure() }
        self.name = name
        self.repetitions = repetitions
        self.unit = unit
        let median = values.median
        self.median = median
        minimum = values.min() ?? median
        maximum = values.max() ?? median
        megabytesPerSecond = bytes.map { Double($0) / 1e6 / median }
    }
}
