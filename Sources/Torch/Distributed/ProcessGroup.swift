import CTorch
import Foundation
import Synchronization

/// The processes of one training, and what they compute together: collectives of libtorch's c10d, on gloo.
///
/// All processes ask for the same collectives in the same order, each from one thread at a time. One that is lost ends the others:
/// nothing can go on without it.
///
/// ```swift
/// if let launch = try Launch(ProcessInfo.processInfo.environment) {
///     let group = try ProcessGroup(launch)
///     group.sum(gradient)
/// }
/// ```
public final class ProcessGroup: @unchecked Sendable {
    /// The number of this process, from 0.
    public let rank: Int
    /// How many there are.
    public let size: Int
    /// How long a collective waits for the others.
    public let timeout: Duration
    /// What has been handed to collectives so far.
    public fileprivate(set) var traffic = Traffic()

    private let handle: ct_process_group
    private let store: Store
    /// Whether the store ends with this process.
    private let keepsStore: Bool
    /// How often the processes have compared what they say.
    private var agreements = 0

    /// What a process has handed to collectives.
    public struct Traffic: Hashable, Sendable {
        /// How many there were.
        public var collectives = 0
        /// The bytes of the tensors.
        public var bytes = 0
        /// How long the process has waited for their ends, which is what they took beyond the work that went on beside them.
        public var waiting = Duration.zero

        /// What came after what had been before.
        package static func - (all: Traffic, before: Traffic) -> Traffic {
            Traffic(
                collectives: all.collectives - before.collectives, bytes: all.bytes - before.bytes,
                waiting: all.waiting - before.waiting)
        }
    }

    /// Joins the group of a launch; returns when all processes have.
    ///
    /// - Parameters:
    ///   - launch: Which process this is, and where they meet.
    ///   - timeout: How long to wait for others, here and in each collective.
    /// - Throws: `ProcessGroupError`, which names the ranks that have not come.
    public init(_ launch: Launch, timeout: Duration = .seconds(300)) throws(ProcessGroupError) {
        Self.prepare()
        rank = launch.rank
        size = launch.size
        self.timeout = timeout
        let place = "\(launch.host):\(launch.port)"
        do throws(TorchError) {
            store = try Store(launch, timeout: timeout)
        } catch {
            let reason = error.firstLine
            throw ProcessGroupError(
                launch.rank == 0 && !launch.usesAgentStore
                    ? "rank 0 cannot listen at \(place) (\(reason)): give another MASTER_PORT"
                    : "rank \(launch.rank) finds nobody at \(place) (\(reason)): see to it that rank 0 runs, and that "
                        + "MASTER_ADDR and MASTER_PORT are the same for all")
        }
        keepsStore = launch.rank == 0 && !launch.usesAgentStore
        do throws(TorchError) {
            try store.set("here/\(rank)")
            let missing = try store.wait(for: "here", of: 0..<size, atMost: timeout)
            guard missing.isEmpty else {
                throw TorchError(description: "\(missing.named) \(missing.has) not come to \(place) within \(timeout)")
            }
            guard
                let handle = ct_process_group_gloo(
                    store.handle, store.path("gloo"), Int32(rank), Int32(size), timeout.milliseconds)
            else { throw .last }
            self.handle = handle
        } catch {
            throw ProcessGroupError(
                "the \(size) processes do not come together: \(error.firstLine); start them with one WORLD_SIZE, or give "
                    + "them more time")
        }
        // One that left at once would not be found by those that are still on their way.
        barrier()
        traffic = Traffic()
    }

    /// Sees to it that a process that is lost is an error and nothing else.
    private static func prepare() {
        // Whoever sends to it is otherwise ended by a signal, where nobody has said what to do with that.
        let handler = signal(SIGPIPE, SIG_IGN)
        if unsafeBitCast(handler, to: Int.self) != unsafeBitCast(SIG_DFL, to: Int.self) { signal(SIGPIPE, handler) }
        // c10d's warnings come with backtraces, and what they say is in the error.
        if ProcessInfo.processInfo.environment["TORCH_CPP_LOG_LEVEL"] == nil { ct_set_log_level(2) }
    }

    deinit { ct_process_group_release(handle) }

    // MARK: Collectives

    /// Replaces a tensor by its sum over all processes.
    public func sum(_ tensor: Tensor) { beginSum(tensor).wait() }

    /// Begins to replace a tensor, which is in row-major order, by its sum over all processes; it is not to be used before
    /// that is done.
    public func beginSum(_ tensor: Tensor) -> Collective {
        note(tensor)
        return Collective(ct_all_reduce(handle, tensor.handle), in: self, result: tensor)
    }

    /// The tensors of all processes, of one shape: `[size, ...]`.
    public func gathered(_ tensor: Tensor) -> Tensor { beginGather(tensor).wait() }

    /// Begins to gather the tensors of all processes, of one shape: `[size, ...]`.
    public func beginGather(_ tensor: Tensor) -> Collective {
        note(tensor)
        let input = tensor.contiguous().expanded(at: 0)
        let output = Tensor.empty([size] + tensor.shape, dtype: tensor.dtype, device: tensor.device)
        return Collective(ct_all_gather(handle, output.handle, input.handle), in: self, result: output)
    }

    /// Replaces a tensor by that of one process.
    public func broadcast(_ tensor: Tensor, from root: Int = 0) {
        note(tensor)
        let dense = tensor.contiguous()
        Collective(ct_broadcast(handle, dense.handle, Int32(root)), in: self, result: dense).wait()
        if !dense.isIdentical(to: tensor), !dense.sharesStorage(with: tensor) { tensor.copy(from: dense) }
    }

    /// Waits until all processes are here.
    public func barrier() {
        Collective(ct_barrier(handle), in: self, result: Tensor(0)).wait()
    }

    /// Whether any process says so.
    public func any(_ condition: Bool) -> Bool {
        let sum = Tensor(condition ? 1 : 0, dtype: .float64)
        self.sum(sum)
        return sum.item() > 0
    }

    private func note(_ tensor: Tensor) {
        traffic.collectives += 1
        traffic.bytes += tensor.count * tensor.dtype.byteCount
    }

    // MARK: Agreement

    /// Checks that all processes say the same, as of their options and versions.
    ///
    /// - Parameter statements: What this process says, by what it is about.
    /// - Throws: `ProcessGroupError`, which names the rank, what it says and what rank 0 says.
    public func agree(on statements: [String: String]) throws(ProcessGroupError) {
        agreements += 1
        let said = "said/\(agreements)"
        do throws(TorchError) {
            for (name, value) in statements { try store.set("\(said)/\(rank)/\(name)", to: value) }
            try store.set("\(said)/\(rank)", to: statements.keys.sorted().joined(separator: "\n"))
            try waitForAll(said, of: [0])
            let difference = try difference(from: "\(said)/0", in: statements)
            try store.set("\(said)/difference/\(rank)", to: difference ?? "")
            try waitForAll("\(said)/difference", of: 0..<size)
            var differences: [String] = []
            for other in 0..<size { differences.append(try store.value(of: "\(said)/difference/\(other)")) }
            // Nobody leaves, and the store with it, before all have heard.
            try store.set("\(said)/heard/\(rank)")
            if keepsStore { _ = try store.wait(for: "\(said)/heard", of: 0..<size, atMost: Self.grace) }
            if let first = differences.first(where: { !$0.isEmpty }) { throw TorchError(description: first) }
        } catch {
            throw ProcessGroupError("\(error.firstLine); start all ranks alike")
        }
    }

    /// What a rank says otherwise than rank 0, in words; nil if nothing.
    private func difference(
        from first: String, in statements: [String: String]
    ) throws(TorchError) -> String? {
        let names = Set(try store.value(of: first).split(separator: "\n").map(String.init))
        for name in names.union(statements.keys).sorted() {
            let value = names.contains(name) ? try store.value(of: "\(first)/\(name)") : nil
            guard value != statements[name] else { continue }
            return "\(name) is \(statements[name] ?? "nothing") at rank \(rank), and \(value ?? "nothing") at rank 0"
        }
        return nil
    }

    private func waitForAll(_ key: String, of ranks: some Sequence<Int>) throws(TorchError) {
        let missing = try store.wait(for: key, of: ranks, atMost: timeout)
        guard missing.isEmpty else {
            throw TorchError(description: "\(missing.named) \(missing.has) said nothing within \(timeout)")
        }
    }

    // MARK: Losses

    /// What a program does where a process of its group is lost; it is told which, and may end the program. Where it returns, or
    /// is nil, the program traps.
    public static let lossHandler = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// How long those that are left wait for each other before they name the one that is lost.
    private static let grace = Duration.seconds(3)

    /// Ends the program over a collective that failed.
    func fail(_ reason: TorchError) -> Never {
        let message = lossMessage(reason)
        Self.lossHandler.withLock { $0 }?(message)
        fatalError(message)
    }

    private func lossMessage(_ reason: TorchError) -> String {
        do throws(TorchError) {
            try store.set("left/\(rank)")
            let lost = try store.wait(for: "left", of: 0..<size, atMost: Self.grace)
            try store.set("told/\(rank)")
            // With this process the store ends, at which the others are still looking.
            if keepsStore {
                _ = try store.wait(for: "told", of: Set(0..<size).subtracting(lost), atMost: Self.grace)
            }
            guard lost.isEmpty else {
                return "\(lost.named) of \(size) \(lost.count == 1 ? "is" : "are") lost (\(reason.firstLine))"
            }
            return "rank \(rank) of \(size) waited for the others in vain (\(reason.firstLine))"
        } catch {
            return "rank 0 of \(size) is lost, at which the others meet (\(reason.firstLine))"
        }
    }
}

/// A collective under way.
public final class Collective {
    private let handle: ct_work?
    private let group: ProcessGroup
    private let result: Tensor
    private var isDone = false

    init(_ handle: ct_work?, in group: ProcessGroup, result: Tensor) {
        if handle == nil { group.fail(.last) }
        self.handle = handle
        self.group = group
        self.result = result
    }

    deinit { ct_work_release(handle) }

    /// Waits for the end.
    ///
    /// - Returns: What the collective was to give.
    @discardableResult
    public func wait() -> Tensor {
        if !isDone {
            let start = ContinuousClock.now
            if ct_work_wait(handle) != 0 { group.fail(.last) }
            group.traffic.waiting += ContinuousClock.now - start
            isDone = true
        }
        return result
    }
}

extension TorchError {
    /// The first sentence, or line, without what libtorch says of its own sources.
    fileprivate var firstLine: String {
        let line = description.prefix { !$0.isNewline }
        let sentence = line.prefix(upTo: line.firstRange(of: ". ")?.lowerBound ?? line.endIndex)
        return String(sentence.replacing(#/^\[[^\]]*\.(cc|cpp|h):[0-9]+\] /#, with: ""))
    }
}

extension [Int] {
    fileprivate var has: String { count == 1 ? "has" : "have" }

    /// `rank 1` or `ranks 1, 2 and 3`.
    fileprivate var named: String {
        let names = map(String.init)
        guard let last = names.last, names.count > 1 else { return "rank \(names.first ?? "")" }
        return "ranks \(names.dropLast().joined(separator: ", ")) and \(last)"
    }
}
