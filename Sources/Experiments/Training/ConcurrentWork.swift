import Foundation
import Synchronization
import Torch

/// Work on models so small that threads within an operation would wait for each other longer than they work: each piece has a
/// thread of its own instead.
package enum ConcurrentWork {
    /// Does pieces of work that have nothing to do with each other, on as many threads as libtorch may use.
    ///
    /// Each piece runs on one thread, so that its numbers are the same however many there are.
    ///
    /// - Parameters:
    ///   - count: How many pieces there are.
    ///   - work: Does the piece of a number, from 0. It is called on several threads at once.
    /// - Returns: What the pieces gave, in their order.
    /// - Throws: The error of the first piece, in their order, that threw one; the others are done all the same.
    package static func map<Outcome: Sendable>(
        _ count: Int, _ work: @Sendable (Int) throws -> Outcome
    ) throws -> [Outcome] {
        let threads = Libtorch.threadCount
        let outcomes = Mutex([Int: Result<Outcome, any Error>]())
        let next = Mutex(0)
        Libtorch.withOneThread {
            DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
                while true {
                    let piece = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard piece < count else { return }
                    let outcome = Result { try work(piece) }
                    outcomes.withLock { $0[piece] = outcome }
                }
            }
        }
        let all = outcomes.withLock { $0 }
        return try all.sorted { $0.key < $1.key }.map { try $0.value.get() }
    }
}
