import ArgumentParser
import Experiments
import Foundation
import Reporting
import TextForms
import Torch

/// The processes that run a command together, as `torchrun` or another launcher starts them.
struct Processes {
    /// What they are to each other; nil where this one is alone.
    let group: ProcessGroup?
    /// How often they have been started anew.
    let restarts: Int

    /// Whether this process speaks for all: it alone shows progress and results, and writes files.
    var isFirst: Bool { (group?.rank ?? 0) == 0 }

    /// What the environment says of this process; nil where it is alone.
    ///
    /// - Throws: `ProcessGroupError` where it says only a part, or what cannot be.
    static func launch() throws(ProcessGroupError) -> Launch? {
        let launch = try Launch(ProcessInfo.processInfo.environment)
        return launch?.size == 1 ? nil : launch
    }

    /// Joins the others, if there are any.
    ///
    /// - Parameter timeout: How long to wait for one.
    /// - Throws: `ProcessGroupError`, which names the ranks that have not come.
    init(timeout: Duration) throws(ProcessGroupError) {
        let launch = try Self.launch()
        restarts = launch?.restarts ?? 0
        var group: ProcessGroup?
        if let launch { group = try ProcessGroup(launch, timeout: timeout) }
        self.group = group
        guard let group else { return }
        Console.prefix = "rank \(group.rank): "
        Console.isQuiet = !isFirst
        ProcessGroup.lossHandler.withLock {
            $0 = { message in
                Console.fail(
                    "\(message); what was written is whole, and a run with checkpoints can be gone on with by --resume")
                exit(Console.ExitStatus.lostProcess.rawValue)
            }
        }
    }

    /// Checks that all processes are to do the same.
    ///
    /// - Parameters:
    ///   - options: The options, by their names on the command line.
    ///   - digest: What tells the data from others.
    /// - Throws: `ProcessGroupError`, which names the rank and what differs.
    func agree(
        on options: @autoclosure () -> [String: JSONValue], data digest: @autoclosure () -> String
    ) throws(ProcessGroupError) {
        guard let group else { return }
        var statements = [
            "the version": "\(Library.version) with libtorch \(Libtorch.version)", "the data set": digest(),
        ]
        // Where the data are, and on which GPU a process computes, is its own affair.
        for (name, value) in options() where !["data", "device"].contains(name) {
            statements["--\(name)"] = value.argument ?? "\(value)"
        }
        try group.agree(on: statements)
    }

    /// What asks all processes to stop, once one is asked.
    func isCancelled(by interruption: Interruption) -> () -> Bool {
        guard let group else { return { interruption.isRequested } }
        let shared = SharedCancellation(in: group) { interruption.isRequested }
        return { shared() }
    }
}

/// Options of a command that several processes can run together.
struct ProcessOptions: ParsableArguments {
    @Option(
        help: """
            How many seconds a process waits for the others before it gives up, where several run this command together: started by \
            'torchrun --no-python --nproc-per-node 2 teleport ...', each takes its share of each batch.
            """, atLeast: 1)
    var processTimeout = 300

    @Option(
        help: """
            Of whose samples batch normalization takes the statistics, where several processes run this command together: per-process, or \
            synchronized, as one process would.
            """)
    var batchStatistics = BatchStatisticsOption.perProcess

    /// Whether the processes take the statistics of a batch together.
    var synchronizesStatistics: Bool { batchStatistics == .synchronized }

    /// Joins the other processes, if there are any.
    func join() throws(ProcessGroupError) -> Processes { try Processes(timeout: .seconds(processTimeout)) }
}

/// Of whose samples batch normalization takes the statistics of a batch.
enum BatchStatisticsOption: String, CaseIterable, Sendable, ChoiceConvertible {
    case perProcess = "per-process"
    case synchronized
}

/// A command that several processes can run together.
protocol SharedCommand {}
