import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Optimizers
import Reporting
import Teleportation
import Testing
import Torch

@testable import Reproductions

/// The figures that measure time: what is in them, whatever the times are.
@Suite struct TimingReproductionTests {
    /// The value under a path of names in what a reproduction found.
    private func value(_ result: ReproductionResult, _ path: String...) -> JSONValue? {
        path.reduce(JSONValue.object(result.values)) { value, name in
            guard case .object(let object)? = value else { return nil }
            return object[name]
        }
    }

    private func numbers(_ value: JSONValue?) -> [Double] {
        guard case .array(let elements)? = value else { return [] }
        return elements.compactMap { if case .number(let number) = $0 { number } else { nil } }
    }

    /// A context that asks to stop at once.
    private var cancelled: ReproductionContext { ReproductionContext(scale: .quick, isCancelled: { true }) }

    @Test func theCatalogueHasThemInTheOrderOfThePapers() {
        let names = Reproductions.all.map(\.name)
        let timing = ["st22-figure-6", "st22-figure-7", "st22-figure-8", "ns25-figure-2", "ns25-figure-3"]
        #expect(names.filter(timing.contains) == timing)
        #expect(Set(names).count == names.count)
    }

    // MARK: ST22 Figure 6

    @Test func gradientDescentIsTimedAtEachSize() throws {
        let plan = GradientDescentRuntime.Plan(
            dimensions: [3, 4, 6], layerCounts: [2, 3], width: 5, epochs: 4, interval: 2, teleportSteps: 3,
            repetitions: 2)
        let result = GradientDescentRuntime(plan).run(ReproductionContext(scale: .quick))
        #expect(result.divergence == nil)
        for (name, sizes) in [("dimensions", [3, 4, 6]), ("layers", [2, 3])] {
            #expect(value(result, name, "x") == .integers(sizes))
            for series in ["without", "withTeleports", "teleports"] {
                let seconds = numbers(value(result, name, series))
                #expect(seconds.count == sizes.count && seconds.allSatisfy { $0 > 0 && $0.isFinite })
            }
            #expect(value(result, name, "growthWithTeleports", "exponent") != nil)
        }
        #expect(result.sections.map(\.table.rows.count) == [3, 2])
        let panels = try #require(result.figures.first).figure.panels
        #expect(panels.map { $0.series.map(\.x) } == [[[3, 4, 6], [3, 4, 6]], [[2, 3], [2, 3]]])
        // Of the five sizes, twice each, every training has teleports before epochs 0 and 2.
        #expect(result.findings.count == 3 && result.findings[2].hasPrefix("20 of 20 teleports went all 3 steps"))
    }

    @Test func stoppedMeasurementsHoldWhatThereIs() {
        let runtime = GradientDescentRuntime().run(cancelled)
        #expect(runtime.findings.isEmpty && runtime.sections.allSatisfy(\.table.rows.isEmpty))
        let teleports = TeleportRuntime().run(cancelled)
        #expect(teleports.findings.isEmpty && teleports.figures.isEmpty && teleports.divergence == nil)
    }

    // MARK: ST22 Figure 8

    /// A sweep of a modest and of an absurd learning rate.
    private static let sweep = TeleportSweep(
        TeleportSweep.Plan(rates: [0.5, 1e12], steps: [2], seeds: 1, repetitions: 1)
    ).run(ReproductionContext(scale: .quick, seeds: Seeds([3]), dtype: .float64))

    @Test func theSweepTellsWhenTrainingHasConverged() throws {
        let result = Self.sweep
        #expect(result.divergence == nil)
        for (key, optimizer) in [
            ("gradient-descent", SGD(learningRate: 1e-4) as any Optimizer), ("adagrad", AdaGrad(learningRate: 0.1)),
        ] {
            let losses = RegressionProblem(seed: 3, dtype: .float64).train(with: optimizer, steps: 2000).losses
            let changes = zip(losses, losses.dropFirst()).map { abs($1 - $0) }
            let threshold = try #require(
                { if case .object(let settings)? = result.configuration[key] { settings["threshold"] } else { nil } }())
            guard case .number(let limit) = threshold else { throw CancellationError() }
            let steps = try #require(changes.firstIndex { $0 < limit }) + 1
            #expect(steps > 6)
            guard case .array(let plain)? = value(result, key, "without"), case .object(let first)? = plain.first else {
                Issue.record("no run without teleports")
                continue
            }
            #expect(first["steps"] == .integer(steps))
        }
    }

    @Test func teleportsThatFailAreLeftOut() throws {
        let result = Self.sweep
        #expect(result.figures.map(\.name) == ["gradient-descent", "adagrad"])
        #expect(result.sections.count == 4 && result.findings.count == 4)
        for figure in result.figures {
            #expect(figure.figure.panels.count == 4)
            for panel in figure.figure.panels {
                #expect(panel.series[0].isDashed && panel.series[0].y.allSatisfy { $0 == 1 })
            }
            #expect(figure.figure.panels.map(\.series.count) == [3, 2, 3, 2])
        }
        for section in result.sections {
            #expect(section.table.rows.map(\.count) == [2, 2])
            #expect(section.table.rows[0].allSatisfy { $0 != "-" })
        }
        // Far beyond the level set nothing comes down again.
        #expect(result.sections[0].table.rows[1][1] == "-")
    }

    @Test func aRunThatDoesNotConvergeIsToldOf() {
        var plan = TeleportSweep.Plan(rates: [1], steps: [1], seeds: 1, repetitions: 1)
        plan.mostSteps = 8
        let result = TeleportSweep(plan).run(ReproductionContext(scale: .quick))
        #expect(result.divergence?.contains("does not converge in 8 steps") == true)
        #expect(result.sections.allSatisfy { $0.table.rows.allSatisfy { $0[1] == "-" } })
    }

    // MARK: NS25 Figure 2

    private static func comparison(hasSymmetry: Bool = true) -> MethodComparison {
        func panel(_ optimizer: OptimizerOption, hasSymmetry: Bool) -> MethodComparison.Panel {
            MethodComparison.Panel(
                network: "tiny", architecture: .mlp(hidden: [40, 30], activation: .leakyReLU(slope: 0.1)),
                optimizer: optimizer, learningRate: 0.01, dataset: .digits, hasSymmetry: hasSymmetry)
        }
        return MethodComparison(
            MethodComparison.Plan(
                panels: [panel(.sgd, hasSymmetry: true), panel(.adam, hasSymmetry: hasSymmetry)], samples: 96,
                epochs: 3, teleportEpochs: 2, teleportBatches: 2, seeds: 2))
    }

    @Test func methodsAreComparedFromTheSameWeights() throws {
        let context = ReproductionContext(scale: .quick, dtype: .float64)
        let result = try Self.comparison(hasSymmetry: false).run(context)
        #expect(result.divergence == nil && result.findings.count == 2)
        #expect(
            result.sections[0].table.rows.map { $0[1] } == [
                "without", "symmetry", "null space", "without", "null space",
            ])
        #expect(result.figures.map(\.name) == ["loss-over-epochs", "loss-over-seconds"])
        for panel in result.figures[0].figure.panels {
            for series in panel.series { #expect(series.x == [1, 2, 3] && series.y.allSatisfy(\.isFinite)) }
        }
        let coder = (encoder: JSONEncoder(), decoder: JSONDecoder())
        func arm(_ name: String) throws -> ArmRecord {
            let json = try #require(value(result, "tiny, sgd", name))
            return try coder.decoder.decode(ArmRecord.self, from: coder.encoder.encode(json))
        }
        let digits = SyntheticDigits().split()
        let training = Training(
            TrainingConfiguration(
                architecture: .mlp(hidden: [40, 30], activation: .leakyReLU(slope: 0.1)), learningRate: 0.01, epochs: 3,
                dtype: .float64),
            on: Split<any Dataset>(name: "digits", train: digits.train.thinned(to: 96), test: digits.test))
        let plain = try arm("without")
        #expect(plain.seeds == [0, 1])
        let losses = try [0, 1].map { try training.run(seed: $0).epochs.map(\.trainLoss) }
        #expect(plain.runs.map { $0.epochs.map(\.trainLoss) } == losses)
        // Two batches before each of two epochs.
        for name in ["symmetry", "null space"] {
            for run in try arm(name).runs {
                #expect(run.teleports.map(\.epoch) == [0, 0, 1, 1] && !run.teleports.contains(where: \.isRestored))
                #expect(run.teleports.contains { $0.steps > 0 })
            }
        }
        for run in try arm("null space").runs { #expect(run.teleports.allSatisfy { $0.relativeDrift < 1e-10 }) }
    }

    @Test func aDataSetOfTheUsersReplacesAllOthers() throws {
        var context = ReproductionContext(scale: .quick, seeds: Seeds([0]))
        context.dataset = .digits
        let result = try Self.comparison(hasSymmetry: false).run(context)
        #expect(result.sections[0].table.rows.map { $0[0] } == Array(repeating: "tiny, sgd", count: 3))
        context.dataset = .pennTreebank
        #expect(throws: (any Error).self) { try Self.comparison().run(context) }
    }

    // MARK: NS25 Figure 3

    @Test func teleportsAreTimedByBothMethods() throws {
        func work(_ t: Int, _ d: Int) -> TeleportWork {
            var work = TeleportWork.perceptron(t: t, d: d, n: 4, l: 3)
            work.inputShape = [12]
            return work
        }
        let plan = TeleportRuntime.Plan(
            works: [("t", 1, work(1, 8)), ("t", 3, work(3, 8)), ("d", 8, work(2, 8)), ("d", 12, work(2, 12))],
            repetitions: 2)
        let result = TeleportRuntime(plan).run(ReproductionContext(scale: .quick, seeds: Seeds([0, 5])))
        #expect(result.divergence == nil)
        for (quantity, values) in [("t", [1, 3]), ("d", [8, 12])] {
            #expect(value(result, quantity, "x") == .integers(values))
            for method in ["nullSpace", "symmetry"] {
                let seconds = numbers(value(result, quantity, method))
                #expect(seconds.count == 2 && seconds.allSatisfy { $0 > 0 && $0.isFinite })
            }
        }
        #expect(
            result.figures[0].figure.panels.map { $0.series.map(\.x) } == [[[1, 3], [1, 3]], [[8, 12], [8, 12]]])
        // (1 + 3 + 2 + 2) steps, with the warm-up three times, from two seeds, by two methods.
        #expect(result.findings.count == 3 && result.findings[2].hasPrefix("96 of 96 teleport steps"))
    }

    @Test func thePointsOfTheBenchmarkAscend() {
        let points = Dictionary(grouping: TeleportWork.scaling, by: \.quantity)
        #expect(Set(points.keys) == ["t", "d", "n", "l", "b"])
        for (_, line) in points {
            #expect(line.map(\.value) == line.map(\.value).sorted() && Set(line.map(\.value)).count == line.count)
        }
        // Where a line crosses the values that the others keep, the work is the same.
        let common: [String: Int] = ["t": 8, "d": 256, "n": 64, "l": 4, "b": 1]
        for (quantity, value, work) in TeleportWork.scaling where common[quantity] == value {
            #expect(work.steps == 8 && work.samples == 64 && work.batches == 1)
            #expect(work.architecture == .mlp(hidden: [256, 256, 256], activation: .relu))
        }
    }
}
