import Foundation

/// The processors that this process may compute on.
package struct Processors: Equatable, Sendable {
    /// How many there are for it, by its affinity (`taskset`) and the time that its control group leaves it.
    package let count: Int
    /// The threads that the user's environment asks for, with `OMP_NUM_THREADS`; nil if it does not.
    package let threadsAsked: Int?
    /// The processes of this machine that a launcher has started together, as it says in `LOCAL_WORLD_SIZE`.
    private let processes: Int

    /// The processors of this process.
    package init() {
        self.init(
            affinity: Self.affinity(), quota: ControlGroup().processors,
            environment: ProcessInfo.processInfo.environment)
    }

    /// The processors of a process.
    ///
    /// - Parameters:
    ///   - affinity: How many it may be scheduled on.
    ///   - quota: The processors whose time it may take, where that is limited.
    ///   - environment: Its environment.
    init(affinity: Int, quota: Double?, environment: [String: String]) {
        // Rounded down: a thread that is stopped for a part of each period has the others wait for it.
        count = max(min(affinity, quota.map { Int(min($0, 1024)) } ?? affinity), 1)
        processes = max(environment["LOCAL_WORLD_SIZE"].flatMap { Int($0) } ?? 1, 1)
        // A list has a number for each level of nesting.
        let first = environment["OMP_NUM_THREADS"]?.split(separator: ",").first
        threadsAsked = first.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) }.flatMap {
            (1...1024).contains($0) ? $0 : nil
        }
    }

    /// The threads to take where the command line names none: what the user has set, else one for each processor, of which the processes
    /// of a launch have equal shares.
    package var threads: Int { threadsAsked ?? max(1, count / processes) }

    private static func affinity() -> Int {
        // OpenMP binds this thread to one processor, and others to others, where it is told to.
        let isBound = ProcessInfo.processInfo.environment["OMP_PROC_BIND"].map { $0.lowercased() != "false" } ?? false
        let status = isBound ? nil : try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        return status.flatMap(allowed) ?? ProcessInfo.processInfo.activeProcessorCount
    }

    /// The number of processors in the mask that the text of `/proc/self/status` has; nil where it has none.
    static func allowed(in status: String) -> Int? {
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
        let count = line?.dropFirst("Cpus_allowed:".count).compactMap(\.hexDigitValue).map(\.nonzeroBitCount).reduce(
            0, +)
        return count.flatMap { $0 > 0 ? $0 : nil }
    }
}
