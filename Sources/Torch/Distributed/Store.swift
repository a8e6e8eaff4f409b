import CTorch
import Foundation

/// The key-value store at which processes meet: c10d's `TCPStore`.
final class Store {
    let handle: ct_store
    /// What the keys of these processes begin with: a launcher that starts them anew keeps its store.
    private let prefix: String

    /// The store of a launch, begun here where it is this process that keeps it.
    init(_ launch: Launch, timeout: Duration) throws(TorchError) {
        prefix = "teleport/\(launch.restarts)/"
        guard
            let handle = ct_tcp_store(
                launch.host, launch.port, launch.rank == 0 && !launch.usesAgentStore, timeout.milliseconds)
        else { throw .last }
        self.handle = handle
    }

    deinit { ct_store_release(handle) }

    /// What the keys of a group begin with.
    func path(_ key: String) -> String { prefix + key }

    /// Sets the value of a key.
    func set(_ key: String, to value: String = "") throws(TorchError) {
        let bytes = Array(value.utf8)
        guard ct_store_set(handle, path(key), bytes, bytes.count) == 0 else { throw .last }
    }

    /// Whether a key has a value.
    func has(_ key: String) throws(TorchError) -> Bool {
        let found = ct_store_has(handle, path(key))
        guard found >= 0 else { throw .last }
        return found == 1
    }

    /// The value of a key that has one.
    func value(of key: String) throws(TorchError) -> String {
        var value = ""
        let status = withUnsafeMutablePointer(to: &value) { pointer in
            ct_store_get(
                handle, path(key),
                { context, bytes, count in
                    let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
                    context!.assumingMemoryBound(to: String.self).pointee = String(decoding: bytes, as: UTF8.self)
                }, pointer)
        }
        guard status == 0 else { throw .last }
        return value
    }

    /// Waits until all ranks have set a key.
    ///
    /// - Parameters:
    ///   - key: The name, to which that of the rank is added.
    ///   - ranks: The ranks.
    ///   - timeout: How long to wait at most.
    /// - Returns: Those that have not; none where all have.
    /// - Throws: `TorchError` where the store does not answer.
    func wait(for key: String, of ranks: some Sequence<Int>, atMost timeout: Duration) throws(TorchError) -> [Int] {
        let end = ContinuousClock.now + timeout
        var missing = Array(ranks)
        var pause = 0.001
        while true {
            var left: [Int] = []
            for rank in missing where try !has("\(key)/\(rank)") { left.append(rank) }
            missing = left
            if missing.isEmpty || ContinuousClock.now >= end { return missing }
            Thread.sleep(forTimeInterval: pause)
            pause = min(2 * pause, 0.1)
        }
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
