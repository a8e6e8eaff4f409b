/// The wall-clock time between starts and stops.
struct Stopwatch {
    private var total = Duration.zero
    private var started: ContinuousClock.Instant?

    /// The time so far, in seconds, whether it is running or not.
    var seconds: Double { (total + (started.map { ContinuousClock.now - $0 } ?? .zero)) / .seconds(1) }

    mutating func start() { started = .now }

    mutating func stop() {
        if let started { total += .now - started }
        started = nil
    }
}

extension Duration {
    fileprivate static func += (total: inout Duration, other: Duration) { total = total + other }
}
