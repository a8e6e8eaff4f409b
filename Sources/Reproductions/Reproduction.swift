import Datasets
import Experiments
import Foundation
import Reporting
import TextForms
import Torch

/// How much of an experiment is done.
package enum Scale: String, ChoiceConvertible, Sendable {
    /// Enough to see what the figure is about: most take a minute or less on two cores and no data set but the generated digits, NS25's
    /// recipes up to five minutes and what data there are.
    case quick
    /// The paper's hyperparameters.
    case paper
}

/// What not every figure heeds, by the name on the command line.
package enum ReproductionOption: String, CaseIterable, Sendable {
    /// How much is done.
    case scale
    /// What to train on; one of the data sets of images.
    case dataset
    /// Where data sets are found.
    case data
    /// What is drawn at random follows from them.
    case seeds
    /// The element type of a network.
    case dtype
    /// Where a network is trained.
    case device
}

/// What there is for each scale.
struct ByScale<Plan: Sendable>: Sendable {
    let quick: Plan
    let paper: Plan

    subscript(scale: Scale) -> Plan {
        switch scale {
        case .quick: quick
        case .paper: paper
        }
    }
}

/// A figure of one of the papers, made anew: the experiment, its numbers and its charts.
///
/// ```swift
/// let result = try TestFunctionTrajectories().run(ReproductionContext(scale: .quick))
/// print(result.findings)
/// ```
package protocol Reproduction: Sendable {
    /// What it is called on the command line: `st22-figure-2`.
    var name: String { get }

    /// The place in the paper: `ST22 Figure 2`.
    var paper: String { get }

    /// What the figure shows, in a sentence.
    var title: String { get }

    /// About how many seconds the quick scale takes on two cores.
    var quickSeconds: Int { get }

    /// The options that it heeds.
    var options: Set<ReproductionOption> { get }

    /// Whether it trains on a data set of whatever kind, and not on images alone.
    var takesAnyDataset: Bool { get }

    /// Whether finished runs are kept in the folder that the context names, and not run again.
    var keepsRuns: Bool { get }

    /// Does the experiment.
    ///
    /// - Throws: `DatasetError` if the data are missing or damaged, and what else the experiment says.
    func run(_ context: ReproductionContext) throws -> ReproductionResult
}

extension Reproduction {
    /// Images.
    package var takesAnyDataset: Bool { false }

    /// Nothing is kept.
    package var keepsRuns: Bool { false }

    /// All but those of a data set.
    package var options: Set<ReproductionOption> { [.scale, .seeds, .dtype, .device] }
}

/// What a reproduction is told and asks for.
package struct ReproductionContext {
    /// How much is done.
    package var scale: Scale
    /// The seeds of the runs; nil for as many as go with the scale.
    package var seeds: Seeds?
    /// What to train on, where something is; nil for the generated digits or, at the paper's scale, for MNIST.
    package var dataset: DatasetName?
    /// Where data sets are found.
    package var catalog: Catalog
    /// The element type, where a network is trained.
    package var dtype: DType
    /// Where a network is trained.
    package var device: Device
    /// The folder of finished runs, for those that keep them; nil for none.
    package var runs: URL?
    /// Whether no progress is shown.
    package var isQuiet: Bool
    /// Takes what the user should know of the data.
    package var warn: (String) -> Void
    /// Asked again and again; once true, the result holds what there is.
    package var isCancelled: () -> Bool

    /// A context; by default one that shows nothing.
    package init(
        scale: Scale, seeds: Seeds? = nil, dataset: DatasetName? = nil, catalog: Catalog = Catalog(),
        dtype: DType = .float32, device: Device = .cpu, runs: URL? = nil, isQuiet: Bool = true,
        warn: @escaping (String) -> Void = { _ in }, isCancelled: @escaping () -> Bool = { false }
    ) {
        self.scale = scale
        self.seeds = seeds
        self.dataset = dataset
        self.catalog = catalog
        self.dtype = dtype
        self.device = device
        self.runs = runs
        self.isQuiet = isQuiet
        self.warn = warn
        self.isCancelled = isCancelled
    }

    /// The seeds that were asked for, else the first so many.
    func seeds(else count: Int) -> [Int] { seeds?.values ?? Array(0..<count) }

    /// Reads a data set, and tells what is doubtful about it.
    ///
    /// - Throws: `DatasetError` if its files are missing or damaged.
    func data(_ name: DatasetName) throws(DatasetError) -> Split<any Dataset> {
        let split = try catalog.dataset(name)
        for warning in split.warnings { warn("\(warning)") }
        return split
    }

    /// A line that shows how far a job is; call its `finish()` in the end.
    func progress(_ job: ProgressLine.Job) -> ProgressLine { ProgressLine(job: job, quiet: isQuiet) }

    /// A run of an arm: the finished one that is kept in the folder of runs, else a new one, which is kept.
    ///
    /// - Parameters:
    ///   - arm: The arm.
    ///   - training: What is trained, for the name of a folder.
    ///   - seed: The seed.
    ///   - epochs: The epochs of a run that came to its end.
    ///   - options: All options of the run, by their names on the command line; a kept run with others is refused.
    ///   - progress: Told where a run could not be kept.
    ///   - train: Trains.
    /// - Throws: `CheckpointError` if a kept run is another one, and what `train` throws.
    func run(
        _ arm: String, of training: String, seed: Int, epochs: Int, options: @autoclosure () -> [String: JSONValue],
        on progress: ProgressLine, else train: () throws -> Run?
    ) throws -> Run? {
        guard let runs else { return try train() }
        return try RunArchive(runs.appendingPathComponent(training), options: options()).run(
            of: arm, seed: seed, epochs: epochs, warn: { progress.print("teleport: \($0)") }, else: train)
    }
}
