import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct LaunchTests {
    private static let complete = [
        "RANK": "2", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "10.0.0.7", "MASTER_PORT": "29500",
        "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "3",
    ]

    @Test("The variables of torchrun say which process this is and where all meet")
    func complete() throws {
        #expect(
            try Launch(Self.complete)
                == Launch(
                    rank: 2, size: 4, localRank: 1, host: "10.0.0.7", port: 29500, usesAgentStore: true, restarts: 3))
    }

    @Test("What only torchrun sets can be left out")
    func withoutTheLauncher() throws {
        let variables = Self.complete.filter { !$0.key.hasPrefix("TORCHELASTIC") && $0.key != "LOCAL_RANK" }
        #expect(try Launch(variables) == Launch(rank: 2, size: 4, host: "10.0.0.7", port: 29500))
    }

    @Test("A process without WORLD_SIZE is alone, whatever else is set")
    func alone() throws {
        #expect(try Launch([:]) == nil)
        #expect(try Launch(Self.complete.filter { $0.key != "WORLD_SIZE" }) == nil)
    }

    @Test("A variable that is missing is named", arguments: ["RANK", "MASTER_ADDR", "MASTER_PORT"], [nil, ""])
    func missing(name: String, value: String?) throws {
        var variables = Self.complete
        variables[name] = value
        let error = try #require(throws: ProcessGroupError.self) { try Launch(variables) }
        #expect(error.description.contains("WORLD_SIZE is set, and \(name) is not"), "\(error)")
    }

    @Test(
        "A variable that is no number in its range is named with its value",
        arguments: [
            ("WORLD_SIZE", "0"), ("WORLD_SIZE", "two"), ("RANK", "4"), ("RANK", "-1"), ("RANK", "1.5"),
            ("LOCAL_RANK", "4"), ("MASTER_PORT", "0"), ("MASTER_PORT", "65536"), ("MASTER_PORT", "http"),
            ("TORCHELASTIC_RESTART_COUNT", "-1"),
        ])
    func unusable(name: String, value: String) throws {
        var variables = Self.complete
        variables[name] = value
        let error = try #require(throws: ProcessGroupError.self) { try Launch(variables) }
        #expect(error.description.hasPrefix("\(name) is '\(value)', which is no number from "), "\(error)")
    }
}

/// Ranks are threads here, each with a group of its own.
@Suite struct ProcessGroupTests {
    @Test("A sum is that of all ranks, in all element types", arguments: [1, 2, 3], [DType.float32, .float64, .int64])
    func sum(size: Int, dtype: DType) throws {
        let sums = try withRanks(size) { group in
            let tensor = Tensor((0..<6).map { Double(10 * group.rank + $0) }, shape: [2, 3]).to(dtype: dtype)
            group.sum(tensor)
            return tensor.doubles()
        }
        let expected = (0..<6).map { element in (0..<size).map { Double(10 * $0 + element) }.reduce(0, +) }
        #expect(sums == Array(repeating: expected, count: size))
    }

    @Test("Sums that round are the same bits at all ranks", arguments: [2, 3])
    func bitsOfSums(size: Int) throws {
        let sums = try withRanks(size) { group in
            let tensor = Tensor.normal([1000], using: Generator(seed: UInt64(group.rank)))
            group.sum(tensor)
            return tensor.doubles()
        }
        #expect(sums.allSatisfy { $0 == sums[0] })
        let whole = (0..<size).map { Tensor.normal([1000], using: Generator(seed: UInt64($0))) }
            .reduce(Tensor.zeros([1000])) { $0 + $1 }
        #expect(difference(sums[0], whole.doubles()) < 1e-5)
    }

    @Test("What is gathered is in the order of the ranks, also of tensors that are views", arguments: [1, 2, 3])
    func gather(size: Int) throws {
        let gathered = try withRanks(size) { group in
            let tensor = Tensor((0..<6).map { Double(10 * group.rank + $0) }, shape: [2, 3]).transposed()
            let all = group.gathered(tensor)
            return (all.shape, all.doubles(), group.gathered(Tensor(Double(group.rank), dtype: .float64)).doubles())
        }
        for (shape, numbers, scalars) in gathered {
            #expect(shape == [size, 3, 2])
            #expect(numbers == (0..<size).flatMap { rank in [0, 3, 1, 4, 2, 5].map { Double(10 * rank + $0) } })
            #expect(scalars == (0..<size).map(Double.init))
        }
    }

    @Test("A broadcast fills tensors, and the parts that views show of them", arguments: [0, 1, 2])
    func broadcast(root: Int) throws {
        let results = try withRanks(3) { group in
            func numbers() -> Tensor { Tensor((0..<6).map { Double(10 * group.rank + $0) }, shape: [2, 3]) }
            let (dense, whole, column) = (numbers(), numbers(), numbers())
            group.broadcast(dense, from: root)
            group.broadcast(whole.transposed(), from: root)
            group.broadcast(column.narrowed(1, to: 1..<2), from: root)
            return [dense, whole, column].map { $0.doubles() }
        }
        let sent = (0..<6).map { Double(10 * root + $0) }
        for (rank, result) in results.enumerated() {
            #expect(result[0] == sent && result[1] == sent)
            #expect(result[2] == (0..<6).map { $0 % 3 == 1 ? sent[$0] : Double(10 * rank + $0) })
        }
    }

    @Test("Nobody passes a barrier before all are there")
    func barrier() throws {
        let times = try withRanks(3) { group in
            if group.rank == 1 { Thread.sleep(forTimeInterval: 0.3) }
            let before = ContinuousClock.now
            group.barrier()
            return (before, ContinuousClock.now)
        }
        let last = try #require(times.map(\.0).max())
        #expect(times.allSatisfy { $0.1 >= last })
    }

    @Test("Any is whether one rank says so")
    func any() throws {
        let answers = try withRanks(3) { group in
            [group.any(false), group.any(group.rank == 2), group.any(group.rank != 1), group.any(true)]
        }
        #expect(answers == Array(repeating: [false, true, true, true], count: 3))
    }

    @Test("Collectives can be under way together, and be waited for in another order than they were begun in")
    func asynchronous() throws {
        let results = try withRanks(3) { group in
            let rank = Double(group.rank)
            let (small, large) = (Tensor.full([3], rank), Tensor.full([100_000], rank + 1))
            let handles = [
                group.beginSum(small), group.beginGather(Tensor([rank])), group.beginSum(large),
                group.beginGather(Tensor([-rank])),
            ]
            // Each rank in an order of its own.
            let order = [[3, 1, 2, 0], [0, 2, 1, 3], [2, 3, 0, 1]][group.rank]
            for index in order { handles[index].wait() }
            // What has been waited for is known.
            return handles.map { Array($0.wait().doubles().prefix(3)) }
                + [[large.narrowed(0, to: 99_999..<100_000).item()]]
        }
        for result in results { #expect(result == [[3, 3, 3], [0, 1, 2], [6, 6, 6], [0, -1, -2], [6]]) }
    }

    @Test("The traffic counts collectives and the bytes of their tensors")
    func traffic() throws {
        let traffic = try withRanks(2) { group in
            let before = group.traffic
            group.sum(.zeros([10]))
            _ = group.gathered(.zeros([2, 3], dtype: .float64))
            group.broadcast(Tensor([1, 2] as [Int64]))
            return [before, group.traffic - before]
        }
        for counts in traffic {
            #expect(counts[0].collectives == 0 && counts[0].bytes == 0)
            #expect(counts[1].collectives == 3 && counts[1].bytes == 40 + 48 + 16)
        }
    }

    @Test("The traffic counts how long a rank waits for others, and not how long others wait for it")
    func waiting() throws {
        let waiting = try withRanks(2) { group in
            if group.rank == 1 { Thread.sleep(forTimeInterval: 1) }
            let before = group.traffic
            group.sum(.zeros([10]))
            return (group.traffic - before).waiting
        }
        #expect(waiting[0] > .milliseconds(500))
        #expect(waiting[1] < waiting[0])
    }

    // MARK: Agreement

    /// What each rank is told that says something; nil where all is well.
    private func objections(
        _ size: Int = 2, _ statements: @escaping @Sendable (_ rank: Int) -> [[String: String]]
    ) throws -> [String?] {
        try withRanks(size) { group in
            defer { group.barrier() }
            do {
                for said in statements(group.rank) { try group.agree(on: said) }
                return nil
            } catch { return "\(error)" }
        }
    }

    @Test("Ranks that say the same agree, as often as they are asked")
    func agreement() throws {
        let statements = [["--epochs": "2", "--model": "mlp:3"], [:], ["--epochs": "3", "the data": ""]]
        #expect(try objections(3) { _ in statements } == [nil, nil, nil])
    }

    @Test("All are told of the first rank that says something else: what, what it says and what rank 0 says")
    func disagreement() throws {
        let objections = try objections(3) { rank in
            [["--epochs": rank == 1 ? "5" : "2", "--model": rank == 2 ? "cnn" : "mlp:3"]]
        }
        let first = "--epochs is 5 at rank 1, and 2 at rank 0; start all ranks alike"
        #expect(objections == [first, first, first])
    }

    @Test("A rank that says more than rank 0, or less, does not agree with it")
    func moreAndLess() throws {
        let more = try objections { rank in [rank == 0 ? [:] : ["--seed": "1"]] }
        #expect(
            more == Array(repeating: "--seed is 1 at rank 1, and nothing at rank 0; start all ranks alike", count: 2))
        let less = try objections { rank in [rank == 0 ? ["--seed": "1"] : [:]] }
        #expect(
            less == Array(repeating: "--seed is nothing at rank 1, and 1 at rank 0; start all ranks alike", count: 2))
    }

    @Test("A later agreement is apart from those before")
    func laterAgreements() throws {
        let objections = try objections { rank in
            [["--epochs": "2"], rank == 0 ? ["--seed": "1"] : ["--epochs": "2", "--seed": "1"]]
        }
        let later = "--epochs is 2 at rank 1, and nothing at rank 0; start all ranks alike"
        #expect(objections == [later, later])
    }

    // MARK: Ranks that are missing

    @Test("A rank that never comes is named, within the timeout", arguments: [[0], [0, 2]])
    func absent(present: [Int]) throws {
        let port = freePort()
        let start = ContinuousClock.now
        let outcomes = threadOutcomes(present.count, limit: .seconds(30)) { index in
            _ = try ProcessGroup(Launch(rank: present[index], size: 4, port: port), timeout: .seconds(1))
        }
        #expect(ContinuousClock.now - start < .seconds(15))
        let error = try #require(throws: ProcessGroupError.self) { try outcomes[0].get() }
        let missing = present == [0] ? "ranks 1, 2 and 3" : "ranks 1 and 3"
        #expect(
            error.description.contains(
                "the 4 processes do not come together: \(missing) has not come to 127.0.0.1:\(port)")
                || error.description.contains("\(missing) have not come to 127.0.0.1:\(port)"), "\(error)")
    }

    @Test("Where rank 0 never comes, the others say so, and where they looked for it")
    func withoutTheFirst() throws {
        let port = freePort()
        let start = ContinuousClock.now
        let error = try #require(throws: ProcessGroupError.self) {
            try ProcessGroup(Launch(rank: 1, size: 2, port: port), timeout: .seconds(1))
        }
        #expect(ContinuousClock.now - start < .seconds(15))
        #expect(error.description.hasPrefix("rank 1 finds nobody at 127.0.0.1:\(port) ("), "\(error)")
        #expect(error.description.contains("MASTER_ADDR and MASTER_PORT are the same for all"))
    }

    @Test("A port that others listen at is named, with what to do")
    func occupied() throws {
        let (socket, port) = listeningSocket()
        defer { close(socket) }
        let error = try #require(throws: ProcessGroupError.self) {
            try ProcessGroup(Launch(rank: 0, size: 2, port: port), timeout: .seconds(1))
        }
        #expect(error.description.hasPrefix("rank 0 cannot listen at 127.0.0.1:\(port) ("), "\(error)")
        #expect(error.description.contains("give another MASTER_PORT"))
    }

    @Test("A rank that is lost on the way is named by those that wait for it", arguments: [0, 1, 2])
    func lost(rank lost: Int) throws {
        let outcomes = rankOutcomes(3, timeout: .seconds(20)) { group in
            group.barrier()
            if group.rank == lost { return }
            group.sum(Tensor.zeros([4]))
        }
        for (rank, outcome) in outcomes.enumerated() {
            if rank == lost {
                #expect(throws: Never.self) { try outcome.get() }
            } else {
                let error = try #require(throws: RankFailure.self) { try outcome.get() }
                #expect(error.description.hasPrefix("rank \(lost) of 3 is lost"), "\(error)")
            }
        }
    }

    @Test("A loss that nobody handles ends the program")
    func unhandledLoss() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let port = freePort()
            signal(SIGPIPE, SIG_IGN)
            for rank in 0..<2 {
                Thread {
                    guard
                        let group = try? ProcessGroup(Launch(rank: rank, size: 2, port: port), timeout: .seconds(2))
                    else { return }
                    group.barrier()
                    if rank == 0 { group.sum(Tensor.zeros([4])) }
                }.start()
            }
            sleep(60)
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("rank 1 of 2 is lost"), "\(message)")
    }
}
