import Datasets
import Experiments
import Foundation
import Reporting
import Teleportation
import TestSupport
import Testing
import Torch

@testable import Reproductions

@Suite struct TrainingRecipesTests {
    private typealias Extent = TrainingRecipes.Extent

    private static let perceptron = Extent(
        samples: 96, testSamples: 50, epochs: 3, teleportBatches: 1,
        architecture: .mlp(hidden: [40, 30], activation: .relu))

    /// A figure with perceptrons, on digits.
    private func recipes(_ figure: RecipeFigure = .figure8) -> TrainingRecipes {
        TrainingRecipes(figure, extents: [.mnist: Self.perceptron], seeds: 2)
    }

    private func context(
        _ dataset: DatasetName? = .digits, in folder: URL? = nil, catalog: Catalog = Catalog()
    ) -> ReproductionContext {
        ReproductionContext(scale: .quick, dataset: dataset, catalog: catalog, dtype: .float64, runs: folder)
    }

    private func arm(_ result: ReproductionResult, _ training: String, _ arm: String) throws -> ArmRecord {
        guard case .object(let value)? = result.values[training], case .object(let arms)? = value["arms"],
            let json = arms[arm]
        else { throw CocoaError(.coderValueNotFound) }
        return try JSONDecoder().decode(ArmRecord.self, from: JSONEncoder().encode(json))
    }

    private static let names = ["sgd", "momentum", "adagrad", "adam"].map { "mnist-\($0)-on-digits" }

    @Test("All figures are there, and Table 1 is all that the figures but one show")
    func figures() {
        let names = [4, 5, 7, 8, 9, 10].map { "ns25-figure-\($0)" } + ["ns25-table-1"]
        #expect(TrainingRecipes.all.map(\.name) == names)
        for name in names { #expect(Reproductions.named(name)?.keepsRuns == true) }
        let table = RecipeFigure.table1.entries.map(\.name)
        #expect(table.count == 36 && Set(table).count == 36)
        let shown = [RecipeFigure.figure4, .figure5, .figure8, .figure9, .figure10].flatMap(\.entries).map(\.name)
        #expect(shown.sorted() == table.sorted())
        #expect(
            RecipeFigure.figure7.entries.map(\.name) == [
                "mnist-sgd-small", "mnist-momentum", "mnist-adagrad-small", "mnist-adam",
            ])
    }

    @Test("Recipes are trained from the same weights, with and without teleports (NS25 Figure 8)")
    func perceptrons() throws {
        let result = try recipes().run(context())
        #expect(Set(result.values.keys) == Set(Self.names) && result.divergence == nil)
        #expect(result.figures.map(\.name) == ["digits-over-epochs", "digits-over-seconds"])
        for figure in result.figures {
            #expect(figure.figure.panels.map(\.title) == Self.names.map { $0 })
            for panel in figure.figure.panels {
                #expect(panel.series.map(\.isDashed) == [false, false, true, true])
                #expect(panel.series.map(\.color) == [0, 1, 0, 1])
            }
        }
        #expect(result.sections.count == 2 && result.sections[0].table.rows.count == 8)
        #expect(result.findings.count == 3 && result.findings.allSatisfy { $0.contains(" of 4 (") })
        let digits = SyntheticDigits().split()
        let training = Training(
            TrainingConfiguration(
                architecture: .mlp(hidden: [40, 30], activation: .relu), optimizer: .adam, learningRate: 2e-4,
                epochs: 3,
                dtype: .float64),
            on: Split<any Dataset>(
                name: "digits", train: digits.train.thinned(to: 96), test: digits.test.thinned(to: 50)))
        let plain = try arm(result, Self.names[3], "without")
        #expect(plain.seeds == [0, 1])
        #expect(
            try plain.runs.map { $0.epochs.map(\.testLoss) }
                == [0, 1].map { try training.run(seed: $0).epochs.map(\.testLoss) })
        for name in Self.names {
            for run in try arm(result, name, "null-space").runs {
                #expect(run.teleports.map(\.epoch) == [0, 1, 2])
                #expect(run.teleports.allSatisfy { $0.hasMoved && $0.relativeDrift < 1e-10 })
            }
        }
    }

    @Test("Symmetry teleports stand beside them, in small networks and large ones (NS25 Figure 7)")
    func symmetry() throws {
        let result = try recipes(.figure7).run(context())
        let names = ["mnist-sgd-small-on-digits", "mnist-momentum-on-digits"]
        #expect(Set(result.values.keys).isSuperset(of: names))
        #expect(
            result.sections[0].table.rows.prefix(3).map { Array($0.prefix(2)) }
                == ["without", "null-space", "symmetry"].map { [names[0], $0] })
        // Whether symmetry slows training down is asked of the large networks alone.
        let claims = result.sections[1].table
        #expect(claims.columns.count == 4 && claims.rows.map { $0[3] == "-" } == [true, false, true, false])
        for run in try arm(result, names[1], "symmetry").runs { #expect(run.teleports.map(\.epoch) == [0, 1, 2]) }
    }

    @Test("Convolutional networks warm up before the first teleport (NS25 Figure 4)")
    func convolutions() throws {
        let extent = Extent(
            samples: 288, testSamples: 20, epochs: 5, teleportBatches: 1,
            architecture: .cnn(channels: [2, 3], activation: .relu))
        let result = try TrainingRecipes(.figure4, extents: [.cifar10: extent], seeds: 1).run(context())
        #expect(result.values.count == 4)
        let run = try arm(result, "cifar-10-sgd-on-digits", "null-space").runs[0]
        #expect(run.teleports.map(\.step) == [40])
        // Nothing has converged at the quick scale.
        #expect(result.findings.count == 3 && result.findings[2].contains("not asked at the quick scale"))
    }

    @Test("What has no files is said, and others go on, with a stand-in where there is one (NS25 Figure 5)")
    func missingData() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("exchange-rate/exchange_rate.txt")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            let rows = (0..<400).map { row in
                (0..<8).map { String(1 + 0.1 * sin(Double(row * (1 + $0)) / 20)) }.joined(separator: ",")
            }
            try rows.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
            let extent = Extent(
                samples: 32, testSamples: 8, epochs: 2, teleportBatches: 1,
                architecture: .transformer(TransformerSize(heads: 1, headSize: 4, layers: 1)))
            let recipes = TrainingRecipes(.figure5, extents: [.electricity: extent], seeds: 1)
            var warnings: [String] = []
            var asked = context(nil, catalog: Catalog(folder: folder))
            asked.warn = { warnings.append($0) }
            let result = try recipes.run(asked)
            #expect(
                Set(result.values.keys)
                    == Set(["sgd", "momentum", "adagrad", "adam"].map { "electricity-\($0)-on-exchange-rate" }))
            let rowsWithoutFiles = result.sections[0].table.rows.filter { $0.dropFirst() == ["no files"] }
            #expect(rowsWithoutFiles.count == 12 && rowsWithoutFiles[0][0] == "electricity-sgd")
            #expect(result.configuration["missing"] == ["electricity", "traffic", "penn-treebank"])
            #expect(result.findings.contains("electricity: no files; exchange-rate stands in."))
            #expect(result.findings.contains("penn-treebank: no files."))
            #expect(warnings.contains { $0.hasPrefix("NS25 Figure 5: ") && $0.contains("'traffic'") })
            // What is asked for by name is missed.
            asked.dataset = .traffic
            #expect(throws: DatasetError.self) { try recipes.run(asked) }
            // At the scale of the paper nothing stands in.
            asked.dataset = nil
            asked.scale = .paper
            let paper = try recipes.run(asked)
            #expect(paper.values.isEmpty && paper.figures.isEmpty && paper.sections.count == 1)
            #expect(paper.findings == ["electricity", "traffic", "penn-treebank"].map { "\($0): no files." })
        }
    }

    @Test("What was interrupted goes on, runs nothing again, and comes to the same numbers")
    func resumes() throws {
        try withTemporaryFolder { folder in
            var (questions, most) = (0, Int.max)
            func counted(_ context: ReproductionContext) -> ReproductionContext {
                var context = context
                context.isCancelled = {
                    questions += 1
                    return questions > most
                }
                return context
            }
            let whole = try recipes().run(counted(context()))
            // Within the third of four trainings.
            (questions, most) = (0, questions * 5 / 8)
            let interrupted = counted(context(in: folder))
            let part = try recipes().run(interrupted)
            #expect(part.values.count < 4 && !part.values.isEmpty)
            let kept = try arm(part, Self.names[0], "null-space")
            let resumed = try recipes().run(context(in: folder))
            // Times are what tells a run from its repetition.
            #expect(try arm(resumed, Self.names[0], "null-space") == kept)
            for name in Self.names {
                for way in ["without", "null-space"] {
                    let (one, other) = (try arm(whole, name, way), try arm(resumed, name, way))
                    #expect(
                        one.runs.map { $0.epochs.map(\.trainLoss) } == other.runs.map { $0.epochs.map(\.trainLoss) })
                    #expect(one.runs.map { $0.epochs.map(\.testLoss) } == other.runs.map { $0.epochs.map(\.testLoss) })
                }
            }
            // Table 1 finds what a figure has run.
            let table = try recipes(.table1).run(context(in: folder))
            for name in Self.names {
                for way in ["without", "null-space"] {
                    #expect(try arm(table, name, way) == arm(resumed, name, way))
                }
            }
            #expect(table.figures.isEmpty)
            // With other numbers it is another run.
            var other = Self.perceptron
            other.samples = 64
            #expect(throws: CheckpointError.self) {
                try TrainingRecipes(.figure8, extents: [.mnist: other], seeds: 2).run(context(in: folder))
            }
        }
    }
}
