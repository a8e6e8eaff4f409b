/// The wall-clock time between starts and stops.
package struct Stopwatch {
    private var total: Duration
    private var started: ContinuousClock.Instant?

    /// A stopwatch that is not running, after so many seconds.
    package init(seconds: Double = 0) { total = .seconds(seconds) }

    /// The time so far, in seconds, whether it is running or not.
    package var seconds: Double { (total + (started.map { ContinuousClock.now - $0 } ?? .zero)) / .seconds(1) }

    package mutating func start() { started = .now }

    package mutating func stop() {
        if let started { total += .now - started }
        started = nil
    }
}

extension Duration {
    fileprivate static func += (total: inout Duration, other: Duration) { total = total + other }
}
