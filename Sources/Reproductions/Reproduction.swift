import Datasets
import Experiments
import Reporting
import Torch

/// How much of an experiment is done.
package enum Scale: String, CaseIterable, Sendable {
    /// Enough to see what the figure is about: a minute or less on two cores, and no data set but the generated digits.
    case quick
    /// The paper's hyperparameters.
    case paper
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

    /// Whether a data set is trained on; one of images.
    var usesDataset: Bool { get }

    /// Whether anything is drawn at random.
    var usesSeeds: Bool { get }

    /// Does the experiment.
    ///
    /// - Throws: `DatasetError` if the data are missing or damaged, and what else the experiment says.
    func run(_ context: ReproductionContext) throws -> ReproductionResult
}

extension Reproduction {
    /// No data set.
    package var usesDataset: Bool { false }

    /// Seeds.
    package var usesSeeds: Bool { true }
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
    /// Whether no progress is shown.
    package var isQuiet: Bool
    /// Asked again and again; once true, the result holds what there is.
    package var isCancelled: () -> Bool

    /// A context; by default one that shows nothing.
    package init(
        scale: Scale, seeds: Seeds? = nil, dataset: DatasetName? = nil, catalog: Catalog = Catalog(),
        dtype: DType = .float32, device: Device = .cpu, isQuiet: Bool = true,
        isCancelled: @escaping () -> Bool = { false }
    ) {
        self.scale = scale
        self.seeds = seeds
        self.dataset = dataset
        self.catalog = catalog
        self.dtype = dtype
        self.device = device
        self.isQuiet = isQuiet
        self.isCancelled = isCancelled
    }

    /// The seeds that were asked for, else the first so many.
    func seeds(else count: Int) -> [Int] { seeds?.values ?? Array(0..<count) }

    /// A line that shows how far a job is; call its `finish()` in the end.
    func progress(_ job: ProgressLine.Job) -> ProgressLine { ProgressLine(job: job, quiet: isQuiet) }
}
