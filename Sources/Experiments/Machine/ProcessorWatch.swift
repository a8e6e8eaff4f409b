import Foundation

/// How long the threads of this process, ready to run, wait for a processor that others are on.
///
/// Threads that share an operation wait for the slowest of them, and do so by spinning: where another process takes one of two
/// processors, two threads can take twenty times as long as one.
package struct ProcessorWatch: Sendable {
    /// The time that threads have run and waited, in seconds.
    struct Times: Equatable {
        var running = 0.0
        var waiting = 0.0
    }

    private let tasks: URL
    private let start: Times?

    /// A watch that begins now.
    ///
    /// - Parameter tasks: The folder in which Linux has a folder for each thread.
    package init(tasks: URL = URL(fileURLWithPath: "/proc/self/task", isDirectory: true)) {
        self.tasks = tasks
        start = Self.times(of: tasks)
    }

    /// The share of the time that threads had to wait since the watch began; nil where the system does not tell, or where all
    /// threads together have run for less than ten seconds, in which a moment's wait says nothing.
    package var waitingShare: Double? {
        guard let start, let now = Self.times(of: tasks) else { return nil }
        let (running, waiting) = (now.running - start.running, now.waiting - start.waiting)
        guard running >= 10, waiting >= 0 else { return nil }
        return waiting / (running + waiting)
    }

    /// The share from which on the machine is busier than a run expects: a quiet one has less than a fiftieth.
    package static let busyShare = 0.15

    /// What `schedstat` says of each thread: nanoseconds of running and of waiting.
    private static func times(of tasks: URL) -> Times? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: tasks.path), !names.isEmpty else {
            return nil
        }
        var times = Times()
        for name in names {
            let file = tasks.appendingPathComponent("\(name)/schedstat")
            // A thread may end between one call and the next.
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
            let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
            guard numbers.count >= 2 else { return nil }
            times.running += numbers[0] * 1e-9
            times.waiting += numbers[1] * 1e-9
        }
        return times == Times() ? nil : times
    }
}
