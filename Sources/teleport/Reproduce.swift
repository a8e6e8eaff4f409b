import ArgumentParser
import Datasets
import Experiments
import Foundation
import Reporting
import Reproductions

/// `teleport reproduce`.
struct Reproduce: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the papers' figures that can be made anew, or make one of them.",
        discussion: """
            The quick scale shows in a minute or less what a figure is about, with generated digits where the paper has \
            MNIST; the paper's scale has its hyperparameters. Tables and what was measured are printed; the numbers go to \
            reproduction.json, and the figures are drawn as SVG and PNG where gnuplot is installed. Ctrl-C ends the run \
            with what there is.

            --dtype and --device are for figures that train a network.

            Examples:
              teleport reproduce
              teleport reproduce st22-figure-2
              teleport reproduce st22-figure-4 --scale paper --data DIR --output results/figure-4
            """)

    @Argument(
        help: "The figure, as st22-figure-2; without one, all are listed.",
        transform: { name in
            guard Reproductions.named(name) != nil else {
                throw Remedy(description: "give one of \(Reproductions.all.map(\.name).joined(separator: ", "))")
            }
            return name
        })
    var figure: String?

    @Option(help: "How much is done.")
    var scale = Scale.quick

    @Option(help: "What to train on: one of the data sets of images; by default digits, or mnist at the paper's scale.")
    var dataset: DatasetName?

    @Option(help: "The folder with one subfolder for each data set; by default $TELEPORT_DATA, else the user's cache.")
    var data: String?

    @Option(
        help: ArgumentHelp(
            "A count of seeds (0, 1, ...) or a list, as 4,7; by default what goes with the scale.", valueName: "seeds"))
    var seeds: Seeds?

    @OptionGroup(title: "Run") var execution: ExecutionOptions

    @Option(help: "The folder for the results; by default a new one under results/.")
    var output: String?

    func validate() throws {
        guard let reproduction = figure.flatMap(Reproductions.named) else { return }
        if let dataset, !reproduction.usesDataset {
            throw ValidationError(
                "--dataset \(dataset.rawValue): \(reproduction.name) trains on no data set; leave the option out")
        }
        if let seeds, !reproduction.usesSeeds {
            throw ValidationError(
                "--seeds \(seeds.text): \(reproduction.name) draws nothing at random; leave the option out")
        }
    }

    mutating func run() throws {
        guard let reproduction = figure.flatMap(Reproductions.named) else {
            print(Self.list)
            return
        }
        try execution.apply()
        let folder = OutputFolder.named(output, else: "reproduce-\(reproduction.name)")
        let interruption = Interruption()
        let context = ReproductionContext(
            scale: scale, seeds: seeds, dataset: dataset,
            catalog: data.map { Catalog(folder: URL(fileURLWithPath: $0, isDirectory: true)) } ?? Catalog(),
            dtype: execution.dtype, device: execution.device, isQuiet: execution.quiet,
            isCancelled: { interruption.isRequested })
        try OutputFolder.check(folder)

        let start = Date()
        let result = try reproduction.run(context)
        if !execution.quiet { print("\(reproduction.paper): \(reproduction.title)\n\n\(result)\n") }
        try result.write(
            to: folder.appendingPathComponent("reproduction.json"), of: reproduction, at: scale, date: start)
        Console.draw { try result.draw(into: folder, with: Gnuplot()) }
        if !execution.quiet { print("Results are in \(folder.relativePath)/") }
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
