import ArgumentParser
import Experiments
import Foundation
import Reporting
import TextForms
import Torch

/// `teleport bench`.
struct Bench: ParsableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure what teleports, training steps and reading data take.",
        discussion: """
            'make bench' runs teleports and training steps beside a PyTorch script of the published algorithm and \
            prints the ratios.

            Examples:
              teleport bench teleport
              teleport bench train --threads 1 --repetitions 50 --json
              teleport bench teleport --names teleport/mlp-1024
              torchrun --no-python --nproc-per-node 2 teleport bench distributed --threads 1
            """)

    @Argument(help: "What to measure: \(BenchmarkSuite.allCases.map(\.rawValue).alternatives).")
    var suite: BenchmarkSuite

    @Option(
        help: "The threads that one operation may use; by default 2, where there are as many processors.", in: 1...1024,
        orLeftOut: "for 2")
    var threads: Int?

    @Option(help: "How many times each piece of work is measured.", atLeast: 1)
    var repetitions = 20

    @Option(
        help: ArgumentHelp(
            "What is measured of the suite, as teleport/mlp-1024,teleport/cnn; all without it.", valueName: "names"),
        completion: .list(BenchmarkSuite.allCases.flatMap(\.names)),
        transform: { $0.split(separator: ",").map(String.init) })
    var names: [String] = []

    @OptionGroup var console: ConsoleOptions

    func validate() throws {
        if let unknown = names.first(where: { !suite.names.contains($0) }) {
            throw ValidationError(
                suite.names.isEmpty
                    ? "--names \(unknown): \(suite.rawValue) is measured as a whole; leave the option out"
                    : "--names \(unknown): is not measured by \(suite.rawValue); give \(suite.names.alternatives)")
        }
        guard suite != .distributed, try Processes.launch() != nil else { return }
        throw ValidationError(
            "\(suite.rawValue): is measured in one process, and WORLD_SIZE says that there are more; start it without torchrun"
        )
    }

    func run() throws {
        Console.use(threads: threads, most: 2, isQuiet: console.quiet)
        let watch = ProcessorWatch()
        let processes = try Processes(timeout: .seconds(300))
        var failure: String?
        var results: [BenchmarkResult] = []
        try suite.run(in: processes.group, repetitions: repetitions, names: names) { result in
            results.append(result)
            if !console.json {
                let (factor, unit) =
                    switch result.unit {
                    case .seconds: (1e3, "ms")
                    case .bytes: (1e-6, "MB")
                    case .share: (100, "%")
                    }
                let values = [result.median, result.minimum, result.maximum].map {
                    String(format: "%10.3f", $0 * factor)
                }
                let name = result.name.padding(toLength: 28, withPad: " ", startingAt: 0)
                let rate = result.megabytesPerSecond.map { String(format: ", %.0f MB/s", $0) } ?? ""
                let traffic =
                    result.traffic.map {
                        String(
                            format: ", %.0f collectives, %.3f MB, %.3f ms waiting", $0.collectives, $0.bytes * 1e-6,
                            $0.waiting * 1e3)
                    } ?? ""
                failure =
                    Console.show(name + values.joined() + " \(unit) (median, minimum, maximum)" + rate + traffic)
                    ?? failure
            }
        }
        if console.json { failure = try console.show("", results) }
        Console.warn(of: watch, isQuiet: console.quiet)
        // There is nothing but what is printed.
        if let failure { throw Results.Failure.unwritableOutput(failure) }
    }
}
