import Datasets
import Experiments
import Foundation
import Reporting
import Teleportation
import Torch

/// NS25's recipes with and without teleports: Figures 4, 5, and 7 to 10, and Table 1.
///
/// At the quick scale the recipes keep their numbers, and less is trained on and for fewer epochs; transformers and residual networks are
/// smaller. Nothing is tuned. A data set whose files are not there is told of, and the others go on.
package struct TrainingRecipes: Reproduction {
    /// How much of a recipe is done; nil for what the recipe says.
    struct Extent: Sendable {
        /// The samples to train on.
        var samples: Int?
        /// The samples to test with.
        var testSamples: Int?
        /// The passes over the training data.
        var epochs: Int?
        /// The batches of a teleport.
        var teleportBatches: Int?
        /// A smaller network.
        var architecture: Architecture?

        /// The recipe, cut down.
        func applied(to recipe: PublishedRecipe) -> PublishedRecipe {
            var recipe = recipe
            if let epochs { recipe.epochs = epochs }
            if let teleportBatches { recipe.teleportBatches = teleportBatches }
            if let architecture { recipe.architecture = architecture }
            return recipe
        }

        /// The data, cut down.
        func applied(to data: Split<any Dataset>) -> Split<any Dataset> {
            data.replacing(
                train: samples.map { data.train.thinned(to: $0) } ?? data.train,
                test: testSamples.map { data.test.thinned(to: $0) } ?? data.test)
        }
    }

    private let figure: RecipeFigure
    /// By data set; what is not there is done whole.
    private let extents: ByScale<[DatasetName: Extent]>
    private let seeds: ByScale<Int>

    /// All of them.
    package static let all: [TrainingRecipes] = RecipeFigure.all.map { TrainingRecipes($0) }

    /// A figure; at both scales as told where the extents are given.
    init(_ figure: RecipeFigure, extents: [DatasetName: Extent]? = nil, seeds: Int? = nil) {
        self.figure = figure
        let quick = Self.quick.mapValues { extent in
            var extent = extent
            if let limit = figure.quickEpochs { extent.epochs = min(extent.epochs ?? limit, limit) }
            return extent
        }
        self.extents = ByScale(quick: extents ?? quick, paper: extents ?? [:])
        self.seeds = ByScale(quick: seeds ?? figure.quickSeeds, paper: seeds ?? 3)
    }

    /// What two cores can do in five minutes; an epoch is half training and half looking at the model.
    private static let quick: [DatasetName: Extent] = {
        let images = Extent(samples: 2000, testSamples: 1000, epochs: 10, teleportBatches: 8)
        let photographs = Extent(samples: 1280, testSamples: 500, epochs: 3, teleportBatches: 2)
        let sequences = Extent(
            samples: 160, testSamples: 64, epochs: 4, teleportBatches: 1,
            architecture: .transformer(TransformerSize(heads: 4, headSize: 16, layers: 2)))
        return [
            .mnist: images, .fashionMNIST: images, .cifar10: photographs, .cifar100: photographs,
            .tinyImageNet: Extent(
                samples: 640, testSamples: 128, epochs: 5, teleportBatches: 1,
                architecture: .resnet(channels: [16, 16, 32, 32])),
            .sequentialMNIST: Extent(
                samples: 64, testSamples: 64, epochs: 2, teleportBatches: 1,
                architecture: .transformer(TransformerSize(heads: 2, headSize: 16, layers: 1))),
            .electricity: sequences, .traffic: sequences,
            .pennTreebank: Extent(
                samples: 64, testSamples: 16, epochs: 2, teleportBatches: 1,
                architecture: .transformer(TransformerSize(heads: 4, headSize: 16, layers: 1))),
        ]
    }()

    /// What is trained on at the quick scale beside a data set that is not there: of the same kind, and easily had.
    private static let standIns: [DatasetName: DatasetName] = [
        .mnist: .digits, .electricity: .exchangeRate, .traffic: .ettH1,
    ]

    /// `ns25-figure-4` and so on, or `ns25-table-1`.
    package var name: String { figure.name }
    /// NS25 Figure 4 and so on, or Table 1.
    package var paper: String { figure.paper }
    /// What is compared.
    package var title: String { figure.title }
    /// As the figure says.
    package var quickSeconds: Int { figure.quickSeconds }
    /// All.
    package var options: Set<ReproductionOption> { Set(ReproductionOption.allCases) }
    /// Series and texts among them.
    package var takesAnyDataset: Bool { true }
    /// Each that came to its end.
    package var keepsRuns: Bool { true }

    /// The arms of a training.
    private enum ArmName {
        static let without = "without"
        static let nullSpace = "null-space"
        static let symmetry = "symmetry"
    }

    /// The runs of one training; the first arm goes without teleports.
    private struct Outcome {
        let entry: RecipeFigure.Entry
        /// What was trained, cut down.
        let recipe: PublishedRecipe
        let data: Split<any Dataset>
        let arms: [SymmetryStudy.Runs]
        /// The claims that are asked of it, with what came out.
        var claims: [(claim: RecipeClaim, difference: RelativeDifference, verdict: Verdict)] = []

        func runs(of arm: String) -> [Run] { arms.first { $0.arm.name == arm }?.runs ?? [] }
    }

    /// A data set that could not be read.
    private struct Gap {
        let dataset: DatasetName
        let entries: [RecipeFigure.Entry]
        let error: DatasetError

        /// `no files`, or that they are damaged.
        var text: String { error.isAboutMissingFiles ? "no files" : "damaged files" }
    }

    /// Trains what there are data for.
    ///
    /// - Throws: `DatasetError` if a data set that the context names is missing or damaged, `ArchitectureError` if a network cannot be
    ///   trained on it, `CheckpointError` if a kept run is another one, and as `Training.check(_:seed:on:)`.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        let seeds = context.seeds(else: seeds[context.scale])
        var outcomes: [Outcome] = []
        var gaps: [Gap] = []
        var groups = Self.groups(entries(on: context.dataset))
        while !groups.isEmpty, !context.isCancelled() {
            let (dataset, entries) = groups.removeFirst()
            let data: Split<any Dataset>
            do throws(DatasetError) { data = try context.data(dataset) } catch {
                guard context.dataset == nil else { throw error }
                context.warn("\(figure.paper): \(error)")
                // A stand-in is nobody's to miss.
                guard figure.entries.contains(where: { $0.dataset == dataset }) else { continue }
                gaps.append(Gap(dataset: dataset, entries: entries, error: error))
                if context.scale == .quick, let standIn = Self.standIns[dataset] {
                    groups.insert((standIn, entries.map { $0.on(standIn) }), at: 0)
                }
                continue
            }
            outcomes += try train(entries, on: data, seeds: seeds, context)
        }
        return try result(outcomes, gaps, seeds: seeds, context)
    }

    /// The trainings of the figure, or those on a data set: if the figure has none, those of its first one on that.
    private func entries(on dataset: DatasetName?) -> [RecipeFigure.Entry] {
        guard let dataset else { return figure.entries }
        let own = figure.entries.filter { $0.recipe.dataset == dataset }
        guard own.isEmpty, let first = figure.entries.first else { return own }
        return figure.entries.filter { $0.recipe.dataset == first.recipe.dataset }.map { $0.on(dataset) }
    }

    /// The trainings by data set, each data set where it comes first.
    private static func groups(
        _ entries: [RecipeFigure.Entry]
    ) -> [(dataset: DatasetName, entries: [RecipeFigure.Entry])] {
        var groups: [(dataset: DatasetName, entries: [RecipeFigure.Entry])] = []
        for entry in entries {
            if let place = groups.firstIndex(where: { $0.dataset == entry.dataset }) {
                groups[place].entries.append(entry)
            } else {
                groups.append((entry.dataset, [entry]))
            }
        }
        return groups
    }

    // MARK: Training

    /// Trains on one data set; of a training at which the study was stopped there is nothing to compare.
    private func train(
        _ entries: [RecipeFigure.Entry], on all: Split<any Dataset>, seeds: [Int], _ context: ReproductionContext
    ) throws -> [Outcome] {
        let trainings = try entries.map { entry in
            var extent = extents[context.scale][entry.recipe.dataset] ?? Extent()
            // A network that a figure has instead of the table's is small as it is.
            if entry.network != nil { extent.architecture = nil }
            let recipe = extent.applied(to: entry.recipe)
            let data = extent.applied(to: all)
            try recipe.architecture.check(inputShape: data.inputShape, task: data.task)
            let training = Training(
                TrainingConfiguration(
                    architecture: recipe.architecture, optimizer: recipe.optimizer,
                    learningRate: recipe.learningRate, batchSize: PublishedRecipe.batchSize, epochs: recipe.epochs,
                    dtype: context.dtype, device: context.device), on: data)
            try training.check(recipe.plan, seed: seeds[0], on: data.name)
            return (entry: entry, recipe: recipe, data: data, training: training, arms: Self.arms(entry, recipe))
        }
        let jobs = trainings.map { $0.training.job(runs: $0.arms.count * seeds.count) }
        guard var job = jobs.max(by: { $0.epochs * $0.batches < $1.epochs * $1.batches }) else { return [] }
        job.runs = jobs.map(\.runs).reduce(0, +)
        let progress = context.progress(job)
        defer { progress.finish() }
        var outcomes: [Outcome] = []
        var finished = 0
        for (entry, recipe, data, training, arms) in trainings where !context.isCancelled() {
            var isWarm = false
            let results = try Study(arms, seeds: seeds, alternates: true).run(isCancelled: context.isCancelled) {
                arm, seed, number -> Run? in
                func train() throws -> Run? {
                    if !isWarm { training.warmUp() }
                    isWarm = true
                    return try training.run(
                        seed: seed, plan: arm.plan, arm: "\(entry.name), \(arm.name)", number: finished + number,
                        on: progress, isCancelled: context.isCancelled)
                }
                return try context.run(
                    arm.name, of: entry.name, seed: seed, epochs: recipe.epochs,
                    options: training.configuration.options(arm.plan ?? recipe.plan, on: data), on: progress,
                    else: train)
            }
            if context.isCancelled() { break }
            finished += arms.count * seeds.count
            var outcome = Outcome(entry: entry, recipe: recipe, data: data, arms: results)
            outcome.claims = claims(of: outcome, at: context.scale)
            outcomes.append(outcome)
        }
        return outcomes
    }

    private static func arms(_ entry: RecipeFigure.Entry, _ recipe: PublishedRecipe) -> [SymmetryStudy.Arm] {
        func arm(_ name: String, _ plan: TeleportPlan?) -> SymmetryStudy.Arm {
            SymmetryStudy.Arm(name: name, optimizer: recipe.optimizer, learningRate: recipe.learningRate, plan: plan)
        }
        return [arm(ArmName.without, nil), arm(ArmName.nullSpace, recipe.plan)]
            + (entry.hasSymmetry ? [arm(ArmName.symmetry, recipe.symmetryPlan)] : [])
    }

    private func claims(
        of outcome: Outcome, at scale: Scale
    ) -> [(claim: RecipeClaim, difference: RelativeDifference, verdict: Verdict)] {
        let runs = RecipeClaim.Runs(
            without: outcome.runs(of: ArmName.without), nullSpace: outcome.runs(of: ArmName.nullSpace),
            symmetry: outcome.runs(of: ArmName.symmetry), epochs: outcome.recipe.epochs)
        return figure.claims.compactMap { claim in
            if claim == .symmetrySlows, outcome.entry.network != nil { return nil }
            if claim.isAboutConvergence, scale == .quick { return nil }
            return claim.outcome(of: runs).map { (claim, $0.difference, $0.verdict) }
        }
    }

    // MARK: Reporting

    private func result(
        _ outcomes: [Outcome], _ gaps: [Gap], seeds: [Int], _ context: ReproductionContext
    ) throws -> ReproductionResult {
        var result = ReproductionResult(
            configuration: [
                "seeds": .integers(seeds), "batch-size": .integer(PublishedRecipe.batchSize),
                "teleport-steps": .integer(PublishedRecipe.teleportSteps), "tau": 1,
                "threads": .integer(Libtorch.threadCount), "dtype": .string("\(context.dtype)"),
                "device": .string(context.device.description),
                "trainings": .array(outcomes.map(Self.configuration)),
                "missing": .array(gaps.map { .string($0.dataset.rawValue) }),
            ],
            sections: [.init("\(figure.paper), \(seeds.count.counted("seed"))", Self.table(outcomes, gaps))],
            figures: figure.isDrawn ? Self.figures(outcomes) : [],
            values: Dictionary(
                try outcomes.map { ($0.entry.name, try Self.values($0)) }, uniquingKeysWith: { first, _ in first }),
            claim: figure.claim,
            findings: figure.claims.compactMap { Self.finding($0, outcomes) })
        if outcomes.contains(where: { !$0.claims.isEmpty }) {
            result.sections.append(
                .init(
                    "What is claimed, and how much lower or higher the loss is", claimTable(outcomes),
                    note: seeds.count > 1
                        ? "in brackets, the 95 % interval of the mean over seeds" : "of one seed, which shows no spread"
                ))
        }
        if context.scale == .quick, figure.claims.contains(where: \.isAboutConvergence), !outcomes.isEmpty {
            result.findings.append(
                "\(RecipeClaim.endsAtSameTestLoss.rawValue): is about trainings that have converged; not asked at the quick scale."
            )
        }
        result.findings += gaps.map { gap in
            let standIn = outcomes.first { $0.entry.recipe.dataset == gap.dataset }?.entry.standIn
            return "\(gap.dataset.rawValue): \(gap.text)" + (standIn.map { "; \($0.rawValue) stands in" } ?? "") + "."
        }
        result.divergence = outcomes.lazy.flatMap { outcome in
            outcome.arms.filter { $0.arm.name != ArmName.symmetry && $0.runs.contains(where: \.hasDiverged) }
                .map { "\(outcome.entry.name), \($0.arm.name)" }
        }.first.map { "\($0): training diverged: a loss stopped being finite; take other --seeds or --dtype float64" }
        return result
    }

    private static func configuration(_ outcome: Outcome) -> JSONValue {
        [
            "name": .string(outcome.entry.name), "dataset": .string(outcome.data.name),
            "training-samples": .integer(outcome.data.train.count), "test-samples": .integer(outcome.data.test.count),
            "model": .string(outcome.recipe.architecture.text), "optimizer": .string(outcome.recipe.optimizer.text),
            "learning-rate": .number(outcome.recipe.learningRate), "epochs": .integer(outcome.recipe.epochs),
            "schedule": .string(outcome.recipe.plan.schedule.moments.text),
            "warm-up-steps": .integer(outcome.recipe.warmUpSteps),
            "teleport-batches": .integer(outcome.recipe.teleportBatches),
            "teleport-batch-size": .integer(outcome.recipe.teleportBatchSize),
            "step-size": .string("fixed:\(outcome.recipe.teleportLearningRate)"),
            "cap": .string("fixed:\(outcome.recipe.cap)"),
        ]
    }

    private static func values(_ outcome: Outcome) throws -> JSONValue {
        let claims = outcome.claims.map { claim, difference, verdict in
            (
                claim.rawValue,
                ["verdict": .string(verdict.rawValue), "difference": difference.json] as JSONValue
            )
        }
        return [
            "arms": .object(try SymmetryStudy.values(outcome.arms)),
            "claims": .object(Dictionary(claims, uniquingKeysWith: { first, _ in first })),
        ]
    }

    /// A row for each arm, and one for each training without data.
    private static func table(_ outcomes: [Outcome], _ gaps: [Gap]) -> Table {
        Table(
            columns: [
                .init("recipe", alignment: .left), .init("teleports", alignment: .left), .init("epochs"),
                .init("training loss"), .init("test loss"), .init("seconds"), .init("in teleports"), .init("moved"),
                .init("‖g‖² grows by"), .init("loss drifts by"),
            ],
            rows: outcomes.flatMap { outcome in
                outcome.arms.map { arm in
                    let ends = arm.runs.compactMap(\.epochs.last)
                    let hasTeleports = arm.arm.plan != nil
                    let seconds = Statistic(of: ends.map(\.seconds))
                    return [
                        outcome.entry.name, arm.arm.name, "\(outcome.recipe.epochs)", arm.trainLoss.text(),
                        arm.validationLoss.text(), seconds.mean.significant(3),
                        hasTeleports ? ends.teleportShare.percent(3) : "-",
                        hasTeleports ? "\(arm.teleports.count(where: \.hasMoved)) of \(arm.teleports.count)" : "-",
                        hasTeleports ? arm.growth.significant(3) : "-",
                        hasTeleports ? arm.largestDrift.significant(2) : "-",
                    ]
                }
            } + gaps.flatMap { gap in gap.entries.map { [$0.name, gap.text] } })
    }

    private func claimTable(_ outcomes: [Outcome]) -> Table {
        Table(
            columns: [.init("recipe", alignment: .left)] + figure.claims.map { .init($0.heading, alignment: .left) },
            rows: outcomes.map { outcome in
                [outcome.entry.name]
                    + figure.claims.map { claim in
                        outcome.claims.first { $0.claim == claim }.map {
                            "\($0.verdict.rawValue): \($0.difference.text)"
                        }
                            ?? "-"
                    }
            })
    }

    /// How many trainings a claim holds for, and which it does not.
    private static func finding(_ claim: RecipeClaim, _ outcomes: [Outcome]) -> String? {
        let found = outcomes.compactMap { outcome in
            outcome.claims.first { $0.claim == claim }.map {
                (name: outcome.entry.name, verdict: $0.verdict, difference: $0.difference)
            }
        }
        guard !found.isEmpty else { return nil }
        let parts = Verdict.allCases.compactMap { verdict -> String? in
            let those = found.filter { $0.verdict == verdict }
            guard !those.isEmpty else { return nil }
            return "\(verdict.rawValue) for \(those.count) of \(found.count) ("
                + those.map { "\($0.name) \($0.difference.mean)" }.joined(separator: ", ") + ")"
        }
        return "\(claim.rawValue): " + parts.joined(separator: "; ") + "."
    }

    /// For each data set the losses over epochs, and over time; a panel for each optimizer.
    private static func figures(_ outcomes: [Outcome]) -> [NamedFigure] {
        let axes: [(name: String, label: String, curve: ((EpochRecord) -> Double, [Run]) -> MeanCurve)] = [
            ("epochs", "epoch", { MeanCurve(of: $0, overEpochsOf: $1) }),
            ("seconds", "wall-clock time (s)", { MeanCurve(of: $0, overSecondsOf: $1) }),
        ]
        return Dictionary(grouping: outcomes, by: \.entry.dataset.rawValue).sorted { $0.key < $1.key }
            .flatMap { dataset, outcomes in
                axes.map { name, label, curve in
                    NamedFigure(
                        "\(dataset)-over-\(name)",
                        Figure(
                            panels: outcomes.map { outcome in
                                chart(outcome, label) { curve($0, $1) }
                            }))
                }
            }
    }

    /// The training losses of all arms, and dashed the test losses.
    private static func chart(
        _ outcome: Outcome, _ label: String, _ curve: ((EpochRecord) -> Double, [Run]) -> MeanCurve
    ) -> LineChart {
        var chart = LossCurves.chart(
            outcome.entry.name, horizontalLabel: label, markers: [],
            curves: outcome.arms.map { ("\($0.arm.name), training", curve(\.trainLoss, $0.runs)) }
                + outcome.arms.map { ("\($0.arm.name), test", curve(\.testLoss, $0.runs)) })
        for place in chart.series.indices {
            chart.series[place].color = place % outcome.arms.count
            chart.series[place].isDashed = place >= outcome.arms.count
        }
        return chart
    }
}

extension RecipeFigure.Entry {
    /// The same on another data set.
    fileprivate func on(_ dataset: DatasetName) -> RecipeFigure.Entry {
        var entry = self
        entry.standIn = dataset
        return entry
    }
}
