import Foundation
import Synchronization
import Torch

/// Calls a body for each of several ranks, each of which is a thread of this process with a group of its own.
///
/// Each rank makes what it works on by itself, as from one seed: the threads share nothing.
///
/// - Parameters:
///   - size: How many ranks there are.
///   - timeout: How long a rank waits for another.
///   - body: What each of them does.
/// - Returns: What the body gave, by the rank.
/// - Throws: `RankFailure` where it threw, where a rank waited for another in vain, or where all are not done in three times the
///   timeout.
package func withRanks<Value: Sendable>(
    _ size: Int, timeout: Duration = .seconds(60), _ body: @escaping @Sendable (ProcessGroup) throws -> Value
) throws -> [Value] {
    let outcomes = rankOutcomes(size, timeout: timeout, body)
    let failures = outcomes.enumerated().compactMap { rank, outcome in
        if case .failure(let error) = outcome { "rank \(rank): \(error)" } else { nil as String? }
    }
    guard failures.isEmpty else { throw RankFailure(description: failures.joined(separator: "\n")) }
    return try outcomes.map { try $0.get() }
}

/// What became of each of several ranks, as `withRanks(_:timeout:_:)` runs them.
package func rankOutcomes<Value: Sendable>(
    _ size: Int, timeout: Duration = .seconds(60), _ body: @escaping @Sendable (ProcessGroup) throws -> Value
) -> [Result<Value, any Error>] {
    let port = freePort()
    return threadOutcomes(size, limit: timeout * 3) { rank in
        let group = try ProcessGroup(Launch(rank: rank, size: size, port: port), timeout: timeout)
        // One that leaves at once would not be found by those that are still on their way.
        group.barrier()
        return try body(group)
    }
}

/// What became of each of several threads, at most after a time limit.
///
/// A thread whose collective fails ends there, with the loss as its failure, instead of the process.
package func threadOutcomes<Value: Sendable>(
    _ count: Int, limit: Duration, _ body: @escaping @Sendable (Int) throws -> Value
) -> [Result<Value, any Error>] {
    _ = endsLosersThreads
    // Whoever sends to a rank that has left gets an error instead.
    signal(SIGPIPE, SIG_IGN)
    let outcomes = Outcomes<Value>()
    for rank in 0..<count {
        let thread = Thread {
            Thread.current.threadDictionary[lossKey] = Loss {
                outcomes.note(.failure(RankFailure(description: $0)), of: rank)
            }
            outcomes.note(Result { try body(rank) }, of: rank)
        }
        // Of a main thread, which a training of the tool has; that of others is small.
        thread.stackSize = 1 << 23
        thread.start()
    }
    let end = DispatchTime.now() + limit / .seconds(1)
    for _ in 0..<count { if outcomes.arrivals.wait(timeout: end) == .timedOut { break } }
    let known = outcomes.all
    return (0..<count).map { known[$0] ?? .failure(RankFailure(description: "not done within \(limit)")) }
}

/// Why ranks did not do what they were to do.
package struct RankFailure: Error, CustomStringConvertible {
    /// A line for each rank that is meant.
    package let description: String
}

private final class Outcomes<Value: Sendable>: Sendable {
    private let found = Mutex<[Int: Result<Value, any Error>]>([:])
    let arrivals = DispatchSemaphore(value: 0)

    var all: [Int: Result<Value, any Error>] { found.withLock { $0 } }

    func note(_ outcome: Result<Value, any Error>, of rank: Int) {
        found.withLock { $0[rank] = outcome }
        arrivals.signal()
    }
}

private let lossKey = "rank.loss"

/// What is to be told of a loss that ends a thread.
private final class Loss {
    let tell: (String) -> Void

    init(_ tell: @escaping (String) -> Void) { self.tell = tell }
}

/// Sees to it, once, that a loss ends a thread of these and not the process.
private let endsLosersThreads: Void = ProcessGroup.lossHandler.withLock { handler in
    handler = { message in
        guard let loss = Thread.current.threadDictionary[lossKey] as? Loss else { return }
        loss.tell(message)
        // What is on its stack cannot be left.
        while true { sleep(1000) }
    }
}
