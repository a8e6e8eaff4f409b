import Datasets
import Experiments
import Foundation
import Reporting
import Teleportation
import TestSupport
import Testing
import Torch

@testable import Reproductions

private let gnuplot = try? Gnuplot()

private var context: ReproductionContext { ReproductionContext(scale: .quick) }

/// All numbers within a value; null where one was not finite.
private func numbers(in value: JSONValue?) -> [Double?] {
    switch value {
    case .number(let number): [number.isFinite ? number : nil]
    case .integer(let number): [Double(number)]
    case .array(let values): values.flatMap { numbers(in: $0) }
    case .object(let values): values.values.flatMap { numbers(in: $0) }
    case .null: [nil]
    case .string, .bool, nil: []
    }
}

extension JSONValue {
    fileprivate subscript(key: String) -> JSONValue? {
        if case .object(let values) = self { values[key] } else { nil }
    }

    fileprivate subscript(index: Int) -> JSONValue? {
        if case .array(let values) = self { values[index] } else { nil }
    }
}

@Suite struct ReproductionCatalogueTests {
    @Test("Names are different, and lead to what they name")
    func names() {
        let all = Reproductions.all
        #expect(Set(all.map(\.name)).count == all.count)
        for reproduction in all {
            #expect(Reproductions.named(reproduction.name)?.paper == reproduction.paper)
            #expect(reproduction.title.hasSuffix("."))
        }
        #expect(Reproductions.named("st22-figure-99") == nil)
    }

    @Test("The file holds what was asked, where it ran and what was found")
    func file() throws {
        let reproduction = TestFunctionGradients()
        let result = reproduction.run(context)
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("reproduction.json")
            try result.json(of: reproduction, at: .quick, date: Date(timeIntervalSince1970: 0)).write(to: file)
            let json = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: file))
            #expect(json["name"] == "st22-figure-7" && json["scale"] == "quick")
            #expect(json["environment"]?["date"] == "1970-01-01T00:00:00Z")
            #expect(json["findings"] == .array(result.findings.map { .string($0) }))
            #expect(json["configuration"]?["seeds"] == [0, 1, 2, 3, 4])
            #expect(json["results"]?["booth"]?["ratios"] != nil)
        }
        #expect("\(result)".contains("The paper: \(result.claim)") && "\(result)".contains(result.findings[1]))
    }
}

@Suite struct TestFunctionReproductionTests {
    @Test(.enabled(if: gnuplot != nil, "gnuplot is not installed"))
    func drawsLevelSets() throws {
        try withTemporaryFolder { folder in
            let figures = TestFunctionTrajectories().run(ReproductionContext(scale: .quick)).figures
            for file in try figures.draw(into: folder, with: #require(gnuplot)) where file.pathExtension == "svg" {
                #expect(try String(contentsOf: file, encoding: .utf8).hasSuffix("</svg>\n\n"))
            }
        }
    }

    @Test("On Booth a teleport makes ten steps enough, on Rosenbrock a thousand (ST22 Figure 2)")
    func trajectories() throws {
        for (paths, factor) in [
            (TestFunctionPaths.rosenbrock(seeds: [0, 1]), 1e-3), (TestFunctionPaths.booth(seeds: [0, 1]), 1e-2),
        ] {
            let target = paths.plain.end.loss
            for path in paths.ascents + [paths.exact] {
                #expect(path.end.loss < factor * target)
                #expect(try #require(path.firstStep(atLoss: target)) < paths.descent.steps)
                #expect(path.growths.median > 1)
            }
            #expect(paths.plain.firstStep(atLoss: target) == paths.descent.steps)
            // The coordinates are exact to rounding, and so is the loss where it is not as small as that.
            #expect(paths.ascents.allSatisfy { $0.largestDrift < 1e-9 })
            #expect(paths.ascents[0] != paths.ascents[1], "the angles are drawn anew for each seed")
        }
    }

    @Test("The result has a row for each path, and the numbers of all of them")
    func result() throws {
        let result = TestFunctionTrajectories().run(ReproductionContext(scale: .quick, seeds: Seeds([3, 5])))
        #expect(
            result.sections[0].table.rows.map { $0[1] }.prefix(4) == [
                "gradient descent", "ascent on theta, seed 3", "ascent on theta, seed 5", "exact maximum",
            ])
        #expect(
            result.figures.map(\.name) == [
                "rosenbrock-paths", "rosenbrock-convergence", "booth-paths", "booth-convergence",
            ])
        #expect(!numbers(in: .object(result.values)).contains(nil))
        let losses = numbers(in: result.values["booth"]?["gradientDescent"]?["losses"]).compactMap(\.self)
        #expect(losses.count == 11 && losses[0] == 144)
        #expect(result.findings.count == 2 && result.findings[1].contains(losses[10].significant()))
        // The path has a gap where it jumps, and the contours are level sets.
        let landscape = result.figures[2].figure.panels[1]
        #expect(landscape.series[0].x.count { $0.isNaN } == 1)
        #expect(landscape.points.map(\.name) == ["minimum", "end", "teleport from", "teleport to"])
        for contour in landscape.contours {
            let losses = zip(contour.x, contour.y).map { pow($0 + 2 * $1 - 7, 2) + pow(2 * $0 + $1 - 5, 2) }
            #expect(try #require(losses.max()) - #require(losses.min()) < 1e-9 * losses[0])
        }
    }

    @Test("Beside gradient descent, the gradient is longer after a teleport on Booth (ST22 Figure 7)")
    func gradients() throws {
        let booth = TestFunctionPaths.booth(seeds: [0])
        let ratios = TestFunctionGradients.ratios(of: booth.exact, to: booth.plain)
        #expect(ratios.count == 2 && ratios.allSatisfy { $0 > 5 })
        // At the loss of a state of the plain path the ratio is that of the two norms.
        let teleport = booth.exact.teleports[0]
        let ratio = teleport.after.squaredGradientNorm / teleport.before.squaredGradientNorm
        #expect(abs(ratios[0] / ratio - 1) < 1e-9)
        #expect(TestFunctionGradients.ratios(of: booth.plain, to: booth.plain).isEmpty, "there is no teleport")
    }
}

@Suite struct RegressionReproductionTests {
    private struct Fixture: Decodable {
        struct Run: Decodable {
            let trajectory: [[Double]]
            let trajectorySteps: [Int]
        }
        let sgd, sgdTeleport, adagrad, adagradTeleport: Run
    }

    @Test("Seed 12345 is the run of the published experiment (ST22 appendix D.2)")
    func published() throws {
        let url = try #require(
            Bundle.module.url(forResource: "mlp-regression-2022", withExtension: "json", subdirectory: "Fixtures"))
        let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
        let result = MultilayerRegression().run(ReproductionContext(scale: .paper, seeds: Seeds([12345])))
        for (optimizer, way, expected) in [
            ("gradient-descent", "without", fixture.sgd), ("gradient-descent", "first order", fixture.sgdTeleport),
            ("adagrad", "without", fixture.adagrad), ("adagrad", "first order", fixture.adagradTeleport),
        ] {
            let run = try #require(result.values[optimizer]?[way]?[0])
            let (losses, norms) = (numbers(in: run["losses"]), numbers(in: run["squaredGradientNorms"]))
            #expect(losses.count == 300)
            for (step, point) in zip(expected.trajectorySteps, expected.trajectory) {
                #expect(abs(try #require(losses[step]) / point[0] - 1) < 1e-3, "\(optimizer), \(way), step \(step)")
                #expect(abs(try #require(norms[step]) / point[1] - 1) < 1e-3, "\(optimizer), \(way), step \(step)")
            }
        }
    }

    @Test(
        "The exponential element holds the loss, the first-order one does not, and both arms see the same steps before")
    func drift() throws {
        let result = MultilayerRegression(steps: 12).run(ReproductionContext(scale: .quick, dtype: .float64))
        #expect(result.figures.map(\.name) == ["gradient-descent", "adagrad"] && result.divergence == nil)
        #expect(result.figures.allSatisfy { $0.figure.panels.count == 4 })
        for optimizer in ["gradient-descent", "adagrad"] {
            func runs(_ way: String) throws -> [JSONValue] {
                guard case .array(let runs)? = result.values[optimizer]?[way] else { return [] }
                return runs
            }
            func drifts(_ way: String) throws -> [Double] {
                try runs(way).map { run in
                    let teleport = try #require(run["teleports"]?[0])
                    let before = try #require(numbers(in: teleport["lossBefore"])[0])
                    return abs(try #require(numbers(in: teleport["lossAfter"])[0]) - before) / before
                }
            }
            let plain = try runs("without")
            for way in ["first order", "exponential", "exponential, untuned"] {
                for (run, plain) in zip(try runs(way), plain) {
                    let (losses, expected) = (numbers(in: run["losses"]), numbers(in: plain["losses"]))
                    #expect(losses.prefix(5) == expected.prefix(5))
                    // An undone teleport leaves the run what it was.
                    #expect((losses[6] == expected[6]) == (run["teleports"]?[0]?["restored"] == true))
                }
            }
            #expect(try #require(drifts("exponential, untuned").max()) < 1e-9)
            #expect(try runs("exponential, untuned").allSatisfy { $0["teleports"]?[0]?["restored"] == false })
            #expect(try drifts("first order").contains { $0 > 0.1 })
            for run in try runs("exponential, untuned") {
                let teleport = try #require(run["teleports"]?[0])
                let norms = ["squaredGradientNormBefore", "squaredGradientNormAfter"].compactMap {
                    numbers(in: teleport[$0])[0]
                }
                #expect(norms[1] > 1.5 * norms[0])
            }
        }
    }
}

@Suite struct ClassificationReproductionTests {
    private let size = SymmetryStudy.Size(samples: 100, width: 24, epochs: 3)

    @Test("All arms of a seed share the first epoch, and the exponential element holds the loss (ST22 Figure 4)")
    func arms() throws {
        let result = try ClassificationWithSymmetry(size).run(context)
        #expect(result.values.count == 6 && result.divergence == nil)
        #expect(result.configuration["training-samples"] == 100)
        #expect(result.configuration["validation-samples"] == 2400)
        for optimizer in ["SGD", "AdaGrad"] {
            func epoch(_ way: String, _ number: Int) throws -> Double {
                let run = try #require(result.values["\(optimizer), \(way)"]?["runs"]?[0])
                return try #require(numbers(in: run["epochs"]?[number]?["trainLoss"]).first ?? nil)
            }
            for way in ["first order", "exponential"] {
                #expect(try epoch(way, 0) == epoch("without", 0))
                #expect(try epoch(way, 1) != epoch("without", 1))
            }
            let teleports = try #require(result.values["\(optimizer), exponential"]?["runs"]?[0]?["teleports"])
            for batch in 0..<4 {
                let teleport = try #require(teleports[batch])
                let losses = ["lossBefore", "lossAfter"].compactMap { numbers(in: teleport[$0])[0] }
                #expect(abs(losses[1] - losses[0]) < 1e-4 * losses[0])
                #expect(teleport["epoch"] == 1 && teleport["restored"] == false)
            }
        }
        #expect(result.findings.count == 4)
        #expect(result.figures[0].figure.panels.map(\.series.count) == [6, 6, 3, 3])
        #expect(result.figures[0].figure.panels[0].series.map(\.isDashed) == [false, false, false, true, true, true])
    }

    @Test("Each schedule is run once, and teleports when it says (ST22 Figure 5)")
    func schedules() throws {
        let plan = TeleportSchedules.Plan(size: size, moments: [0, 1], intervals: [1], teleports: 2, batches: [1, 4])
        let result = try TeleportSchedules(plan).run(context)
        // One without, and for both elements: before epochs 0 and 1, before both 1 and 2, and 1 mini-batch; 4 of them before
        // epoch 1 are the second one again.
        #expect(result.values.count == 1 + 2 * 4)
        func epochs(_ name: String) throws -> [Double?] {
            let teleports = try #require(result.values[name]?["runs"]?[0]?["teleports"])
            guard case .array(let records) = teleports else { return [] }
            return records.flatMap { numbers(in: $0["epoch"]) }
        }
        #expect(try epochs("without").isEmpty)
        #expect(try epochs("exponential, epochs 0, batches 4") == [0, 0, 0, 0])
        #expect(try epochs("exponential, epochs 1-2, batches 4") == [1, 1, 1, 1, 2, 2, 2, 2])
        #expect(try epochs("first order, epochs 1, batches 1") == [1])
        #expect(result.figures.map(\.name) == ["schedules-first-order", "schedules-exponential"])
        #expect(result.figures[0].figure.panels.map(\.series.count) == [3, 2, 3])
        #expect(result.findings.count == 6)
    }

    @Test("Four optimizers, each at its own rate, with one teleport on 8 batches of 200 (PS24 Figure 5)")
    func optimizers() throws {
        let result = try OptimizersWithSymmetry(SymmetryStudy.Size(samples: 100, hidden: [16, 10], epochs: 2))
            .run(context)
        #expect(result.values.count == 12 && result.findings.count == 8)
        #expect(result.configuration["model"] == "mlp:16,10:leaky-relu(0.1)")
        var first: Set<Double> = []
        for optimizer in ["AdaGrad", "momentum", "RMSProp", "Adam"] {
            let run = try #require(result.values["\(optimizer), exponential"]?["runs"]?[0])
            guard case .array(let teleports) = try #require(run["teleports"]) else { continue }
            // Of 100 samples there is one batch of at most 200.
            #expect(teleports.count == 1 && teleports[0]["epoch"] == 0)
            let plain = try #require(result.values["\(optimizer), without"]?["runs"]?[0]?["epochs"]?[0]?["trainLoss"])
            first.formUnion(numbers(in: plain).compactMap(\.self))
        }
        #expect(first.count == 4)
        #expect(result.figures[0].figure.panels.map(\.series.count) == [6, 6, 6, 6])
        #expect(OptimizersWithSymmetry(over: .seconds).name == "ps24-figure-13")
    }

    @Test("What is stopped before it begins has nothing to tell")
    func cancelled() throws {
        var context = context
        context.isCancelled = { true }
        let result = try ClassificationWithSymmetry(size).run(context)
        #expect(result.findings.isEmpty && result.divergence == nil)
        #expect(numbers(in: .object(result.values)).isEmpty)
    }

    @Test("Data that are missing are named")
    func missing() {
        let catalog = Catalog(folder: URL(fileURLWithPath: "/nowhere"))
        #expect(throws: DatasetError.self) {
            try ClassificationWithSymmetry(size).run(ReproductionContext(scale: .paper, catalog: catalog))
        }
    }
}

@Suite struct LearnedOptimizersTests {
    @Test("What is learned is tried beside gradient descent, over seeds")
    func learnedOptimizers() throws {
        var course = LearningCourse()
        course.metaOptimizer = .init(sizes: [4, 4, 4], hidden: 6)
        course.samples = 4
        course.steps = 10
        let figure = LearnedOptimizers(
            .init(
                trajectories: [.update: 2, .rateAndTeleport: 2, .updateAndTeleport: 2], unseenProblems: 3,
                course: course))
        var context = context
        context.seeds = Seeds([0, 1])
        let result = try figure.run(context)
        #expect(result.findings.count == 3 && result.sections[0].table.rows.count == 4)
        #expect(result.configuration["seeds"] == [0, 1] && result.figures[0].figure.panels.count == 3)
        for name in ["gradient-descent", "update", "rate+teleport", "update+teleport"] {
            let losses = numbers(in: result.values[name]?["losses"])
            // The first loss is that of the untrained perceptron, whatever trains it.
            #expect(losses.count == (name == "gradient-descent" ? 3 : 6) * 101)
            #expect(losses[0] == numbers(in: result.values["update"]?["losses"])[0])
        }
        context.seeds = Seeds([10_000])
        #expect(throws: LearningRefusal.seed(10_000)) { try figure.run(context) }
    }
}
