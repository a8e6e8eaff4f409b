import ArgumentParser
import Datasets
import Experiments
import Foundation
import Reporting
import Reproductions
import TextForms

/// `teleport reproduce`.
struct Reproduce: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the papers' figures that can be made anew, or make one of them.",
        discussion: """
            The quick scale shows in a minute or less what a figure is about, with generated digits where the paper has \
            MNIST; the paper's scale has its hyperparameters. Tables and what was measured are printed; the numbers go to \
            reproduction.json, and the figures are drawn as SVG and PNG where gnuplot is installed. Ctrl-C ends the run \
            with what there is.

            What a figure does not heed is refused: --dtype and --device, for one, where no network is trained.

            Examples:
              teleport reproduce
              teleport reproduce st22-figure-2
              teleport reproduce st22-figure-4 --scale paper --data DIR --output results/figure-4
            """)

    @Argument(
        help: "The figure, as st22-figure-2; without one, all are listed.",
        transform: { name in
            guard Reproductions.named(name) != nil else {
                throw Remedy(description: "give \(Reproductions.all.map(\.name).alternatives)")
            }
            return name
        })
    var figure: String?

    /// The scale where none is given.
    private static let standardScale = Scale.quick

    @Option(help: "How much is done: quick or paper.", default: standardScale)
    var scale: Scale?

    @Option(help: "What to train on: one of the data sets of images; by default digits, or mnist at the paper's scale.")
    var dataset: DatasetName?

    @Option(
        help: "The folder with one subfolder for each data set; by default $TELEPORT_DATA, else the user's cache.",
        naming: "folder")
    var data: String?

    @Option(
        help: ArgumentHelp(
            "A count of seeds (0, 1, ...) or a list, as 4,7; by default what goes with the scale.", valueName: "seeds"))
    var seeds: Seeds?

    @OptionGroup(title: "Run") var execution: ExecutionOptions
    @OptionGroup(title: "Results") var output: OutputOptions

    /// The file of results.
    private static let record = "reproduction.json"

    /// The options that not every figure heeds, and what was given.
    private var given: [(option: ReproductionOption, text: String?)] {
        [
            (.scale, scale?.text), (.dataset, dataset?.text), (.data, data), (.seeds, seeds?.text),
            (.dtype, execution.dtype?.text), (.device, execution.device?.text),
        ]
    }

    /// Refuses what the figure would not heed, and data sets that it cannot train on.
    func validate() throws {
        guard let reproduction = figure.flatMap(Reproductions.named) else { return }
        for (option, text) in given where !reproduction.options.contains(option) {
            guard let text else { continue }
            throw ValidationError(
                "--\(option.rawValue) \(text): \(reproduction.name) does not heed it; leave the option out")
        }
        if let dataset, !dataset.isOfImages, !reproduction.takesAnyDataset {
            let images = DatasetName.allCases.filter(\.isOfImages).map(\.rawValue).alternatives
            throw ValidationError("--dataset \(dataset.text): \(reproduction.name) trains on images; give \(images)")
        }
    }

    mutating func run() throws {
        guard let reproduction = figure.flatMap(Reproductions.named) else {
            Console.show("\(Self.list)")
            return
        }
        let watch = execution.apply()
        let scale = scale ?? Self.standardScale
        let results = try output.results(else: "reproduce-\(reproduction.name)", record: Self.record)
        let interruption = Interruption()
        let context = ReproductionContext(
            scale: scale, seeds: seeds, dataset: dataset,
            catalog: data.map { Catalog(folder: URL(fileURLWithPath: $0, isDirectory: true)) } ?? Catalog(),
            dtype: execution.dtype ?? ModelOptions.standard.dtype,
            device: execution.device ?? ModelOptions.standard.device, isQuiet: execution.quiet,
            warn: { Console.warn($0) }, isCancelled: { interruption.isRequested })

        let start = Date()
        let result = try reproduction.run(context)
        if !execution.quiet { Console.show("\(reproduction.paper): \(reproduction.title)\n\n\(result)\n") }
        try results.save(
            result.json(of: reproduction, at: scale, date: start, processorWait: watch.waitingShare), result,
            .init(
                of: Self.self, reproduction.paper, lead: reproduction.title, isInterrupted: interruption.isRequested,
                divergence: result.divergence), isQuiet: execution.quiet)
        Console.warn(of: watch, isQuiet: execution.quiet)
        if interruption.isRequested {
            Console.warn("interrupted; the results hold what there was")
            throw ExitCode(130)
        }
        if let divergence = result.divergence {
            Console.warn(divergence)
            throw Console.ExitStatus.diverged
        }
    }

    private static var list: Table {
        Table(
            columns: [
                .init("name", alignment: .left), .init("paper", alignment: .left), .init("quick scale"),
                .init("what it shows", alignment: .left),
            ],
            rows: Reproductions.all.map { [$0.name, $0.paper, "about \($0.quickSeconds) s", $0.title] })
    }
}
