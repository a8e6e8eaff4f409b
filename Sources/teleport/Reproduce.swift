import ArgumentParser
import Datasets
import Experiments
import Foundation
import Reporting
import Reproductions
import TextForms

/// `teleport reproduce`.
struct Reproduce: ResumableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the papers' figures that can be made anew, or make one of them.",
        discussion: """
            The quick scale shows in a minute or less what a figure is about, with generated digits where the paper has \
            MNIST; NS25's recipes take up to five, and the data that there are. The paper's scale has its hyperparameters. \
            Tables and what was measured are printed; the numbers go to reproduction.json, and the figures are drawn as SVG and \
            PNG where gnuplot is installed. Ctrl-C ends the run with what there is.

            What a figure does not heed is refused: --dtype and --device, for one, where no network is trained.

            'all' makes one after the other, each in a folder of its own in the output folder, as far as there are data, and \
            writes what the papers claim and what came out to claims.json and claims.md. --resume FOLDER goes on with it, and with \
            NS25's recipes, 'lookahead' and 'teleport-settings': what is done is not run again.

            Examples:
              teleport reproduce
              teleport reproduce st22-figure-2
              teleport reproduce st22-figure-4 --scale paper --data DIR --output results/figure-4
              teleport reproduce all --data DIR --output results/papers
              teleport reproduce --resume results/papers
            """)

    @Argument(
        help: "The figure, as st22-figure-2, or all of them; without one, they are listed.",
        completion: .list(names + [all]),
        transform: { name throws(Remedy) in
            guard name == Self.all || Reproductions.named(name) != nil else {
                let names = Self.names + [Self.all]
                throw Remedy(TextError(name, "give \(names.alternatives)"), offering: names)
            }
            return name
        })
    var figure: String?

    /// The names of the figures.
    private static let names = Reproductions.all.map(\.name)

    /// What stands for all figures.
    private static let all = "all"

    /// The scale where none is given.
    private static let standardScale = Scale.quick

    @Option(help: "How much is done: quick or paper.", default: standardScale)
    var scale: Scale?

    @Option(help: "What to train on: one of the data sets of images; by default digits, or mnist at the paper's scale.")
    var dataset: DatasetName?

    @Option(
        help: "The folder with one subfolder for each data set; by default $TELEPORT_DATA, else the user's cache.",
        naming: "folder", .directory)
    var data: String?

    @Option(
        help: ArgumentHelp(
            "A count of seeds (0, 1, ...) or a list, as 4,7; by default what goes with the scale.", valueName: "seeds"))
    var seeds: Seeds?

    @Option(help: "Go on with what was begun in this folder.", naming: "folder", .directory)
    var resume: String?

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
        try output.check(resuming: resume)
        if figure == Self.all, let dataset {
            throw ValidationError(
                "--dataset \(dataset.text): each of all figures has its own; leave the option out, or name a figure")
        }
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
        if figure == Self.all { return try runAll() }
        guard let reproduction = figure.flatMap(Reproductions.named) else {
            if let failure = try execution.console.show("\(Self.list)", Self.records), execution.console.json {
                throw Results.Failure.unwritableOutput(failure)
            }
            return
        }
        let watch = execution.apply()
        let results = try place(for: reproduction)
        let interruption = Interruption()
        let result = try make(
            reproduction, in: results, keepingRunsIn: results.folder, watch, isCancelled: { interruption.isRequested })
        Console.warn(of: watch, isQuiet: execution.quiet)
        if interruption.isRequested {
            Console.warn(
                "interrupted; the results hold what there was"
                    + (reproduction.keepsRuns
                        ? ", and 'teleport reproduce --resume \(results.folder.relativePath)' goes on" : ""))
            throw ExitCode(130)
        }
        if let divergence = result.divergence {
            Console.warn(divergence)
            throw Console.ExitStatus.diverged
        }
    }

    static func arguments(of folder: TrainingFolder) throws -> [String] {
        try ResumedRun.options(of: folder, as: [String].self)
    }

    // MARK: One figure

    /// The scale that was asked for.
    private var chosenScale: Scale { scale ?? Self.standardScale }

    /// The folder of the results of a figure, with what it takes to go on in it where that can be.
    private func place(for reproduction: any Reproduction) throws -> Results {
        let job = "reproduce-\(reproduction.name)"
        guard reproduction.keepsRuns else { return try output.results(else: job, record: Self.record) }
        return try begin(else: job, record: Self.record, removing: [Self.runs])
    }

    /// A folder that can be gone on with.
    ///
    /// - Parameters:
    ///   - job: What the name of a new one begins with.
    ///   - record: The file that every run writes in the end.
    ///   - outdated: What does not go with a run that begins.
    private func begin(else job: String, record: String, removing outdated: [String]) throws -> Results {
        if let resume { try checkGoesOn(in: resume) }
        let results = try output.results(resuming: resume, else: job, record: record)
        if resume == nil {
            for name in outdated {
                try? FileManager.default.removeItem(at: results.folder.appendingPathComponent(name))
            }
        }
        try ResumedRun.keep(try Self.completedArguments(), of: Self.self, in: TrainingFolder(results.folder))
        return results
    }

    /// Refuses options that would make what was begun in a folder something else.
    private func checkGoesOn(in folder: String) throws {
        let kept = try Self.arguments(of: TrainingFolder(URL(fileURLWithPath: folder, isDirectory: true)))
        let earlier: Reproduce
        do { earlier = try Self.parse(kept) } catch {
            throw ResumedRun.Failure(description: "--resume \(folder): \(Self.message(for: error))")
        }
        let differing = zip(decisive, earlier.decisive).filter { $0.text != $1.text }
        guard let (new, old) = differing.first else { return }
        throw ResumedRun.Failure(
            description:
                "--resume \(folder): \(new.name) is \(new.text), and was \(old.text); leave out what differs, or begin with another "
                + "--output")
    }

    /// What is made, and how: others would be another run.
    private var decisive: [(name: String, text: String)] {
        [
            ("the figure", figure ?? "none"),
            // Of one figure there may be more; those of all have theirs by now.
            ("--seeds", figure == Self.all ? seeds?.text ?? "the scale's" : "any"), ("--scale", chosenScale.rawValue),
            ("--dataset", dataset?.text ?? "the figure's"),
            ("--dtype", (execution.dtype ?? ModelOptions.standard.dtype).text),
            ("--device", (execution.device ?? ModelOptions.standard.device).text),
        ]
    }

    /// The folder of finished runs.
    private static let runs = "runs"

    /// Makes a figure, and saves it unless it is one of many and was interrupted.
    private func make(
        _ reproduction: any Reproduction, in results: Results, keepingRunsIn folder: URL, _ watch: ProcessorWatch,
        on console: ConsoleOptions? = nil, savesParts: Bool = true, isCancelled: @escaping () -> Bool
    ) throws -> ReproductionResult {
        let context = ReproductionContext(
            scale: chosenScale, seeds: seeds, dataset: dataset,
            catalog: data.map { Catalog(folder: URL(fileURLWithPath: $0, isDirectory: true)) } ?? Catalog(),
            dtype: execution.dtype ?? ModelOptions.standard.dtype,
            device: execution.device ?? ModelOptions.standard.device,
            runs: folder.appendingPathComponent(Self.runs), isQuiet: execution.quiet, warn: { Console.warn($0) },
            isCancelled: isCancelled)
        let start = Date()
        let result = try reproduction.run(context)
        guard savesParts || !isCancelled() else { return result }
        try results.save(
            result.json(of: reproduction, at: chosenScale, date: start, processorWait: watch.waitingShare), result,
            .init(
                of: Self.self, reproduction.paper, lead: reproduction.title, isInterrupted: isCancelled(),
                divergence: result.divergence), above: "\(reproduction.paper): \(reproduction.title)\n\n",
            on: console ?? execution.console)
        return result
    }

    // MARK: All figures

    /// The files of the page of claims.
    private static let claims = (record: "claims.json", text: "claims.md")

    /// Makes one figure after the other. One that ends with an error is told of, and the others go on.
    private func runAll() throws {
        let watch = execution.apply()
        var page = try earlierClaims() ?? ClaimsPage(scale: chosenScale)
        let results = try begin(
            else: "reproduce-all", record: Self.claims.record,
            removing: [Self.runs, Self.claims.text] + Reproductions.all.map(\.name))
        let interruption = Interruption()
        var firstFailure: Console.ExitStatus?
        for reproduction in Reproductions.all where !interruption.isRequested {
            let folder = results.folder.appendingPathComponent(reproduction.name)
            let isMade = FileManager.default.fileExists(atPath: folder.appendingPathComponent(Self.record).path)
            if isMade, page.isDone(reproduction.name) { continue }
            execution.console.notice("\(reproduction.name), about \(reproduction.quickSeconds) s at the quick scale")
            let start = Date()
            func seconds() -> Double { Date().timeIntervalSince(start) }
            do {
                let result = try make(
                    reproduction,
                    in: try Results(in: folder.path, else: reproduction.name, record: Self.record, overwrites: true),
                    keepingRunsIn: results.folder, watch, on: execution.console.withoutJSON, savesParts: false,
                    isCancelled: { interruption.isRequested })
                // Of one that was interrupted there is nothing to claim.
                if interruption.isRequested { break }
                if result.divergence != nil { firstFailure = firstFailure ?? .diverged }
                page.add(ClaimsPage.Entry(reproduction, result, seconds: seconds()))
            } catch let error as DatasetError where error.isAboutMissingFiles {
                Console.warn("\(reproduction.name): \(error)")
                page.add(ClaimsPage.Entry(reproduction, failing: "\(error)", as: .noFiles, seconds: seconds()))
            } catch {
                Console.warn("\(reproduction.name): \(error)")
                firstFailure = firstFailure ?? Console.ExitStatus(for: error)
                page.add(ClaimsPage.Entry(reproduction, failing: "\(error)", as: .failed, seconds: seconds()))
            }
            try save(page, in: results.folder)
        }
        if let obstacle = try execution.console.show("\(page.table)\n", page), execution.console.json {
            throw Results.Failure.unwritableOutput(obstacle)
        }
        execution.console.notice(of: "Claims are in \(results.folder.relativePath)/")
        Console.warn(of: watch, isQuiet: execution.quiet)
        if interruption.isRequested {
            Console.warn("interrupted; 'teleport reproduce --resume \(results.folder.relativePath)' goes on")
            throw ExitCode(130)
        }
        if let firstFailure { throw firstFailure }
    }

    /// The page of the run that is gone on with, if there is one.
    private func earlierClaims() throws(ResumedRun.Failure) -> ClaimsPage? {
        guard let resume else { return nil }
        let folder = URL(fileURLWithPath: resume, isDirectory: true)
        let file = folder.appendingPathComponent(Self.claims.record)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do { return try JSONDecoder().decode(ClaimsPage.self, from: Data(contentsOf: file)) } catch {
            throw ResumedRun.Failure(
                description:
                    "\(file.relativePath): \(ReportError.reason(of: error)); remove it to make all figures again")
        }
    }

    private func save(_ page: ClaimsPage, in folder: URL) throws(Results.Failure) {
        do throws(ReportError) {
            try page.write(to: folder.appendingPathComponent(Self.claims.record))
            try AtomicFile.write([(folder.appendingPathComponent(Self.claims.text), Data(page.markdown.utf8))])
        } catch {
            throw Results.Failure(description: "\(error)")
        }
    }

    /// What the list has, for JSON.
    private static var records: JSONValue {
        .array(
            Reproductions.all.map {
                [
                    "name": .string($0.name), "paper": .string($0.paper), "title": .string($0.title),
                    "quickSeconds": .integer($0.quickSeconds),
                ]
            })
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
