import Experiments
import Foundation
import NeuralNetworks
import Optimizers
import Reporting
import Teleportation
import TextForms
import Torch

/// The time of gradient descent with symmetry teleportation against the dimension of the weights and the number of layers;
/// ST22 Figure 6.
///
/// All matrices are square, weights and data alike: as many samples as features, one step in an epoch. The paper names
/// neither the sizes nor the learning rates; the latter decide nothing about the time and are small.
package struct GradientDescentRuntime: Reproduction {
    /// What is measured.
    struct Plan: Sendable {
        /// The dimensions of the network with `depth` layers, ascending.
        var dimensions: [Int]
        /// The numbers of layers of the network with `width` units, ascending.
        var layerCounts: [Int]
        var width = 128
        var depth = 3
        var epochs: Int
        /// The epochs from one teleport to the next; the first one is before epoch 0.
        var interval = 10
        var teleportSteps = 10
        /// How many times each training is measured unless the user names seeds.
        var repetitions = 3
    }

    private let plans: ByScale<Plan>

    /// The figure.
    package init() {
        plans = ByScale(
            quick: Plan(dimensions: [16, 32, 64, 128, 256], layerCounts: [2, 3, 4, 5, 6], epochs: 50),
            paper: Plan(
                dimensions: [16, 32, 64, 128, 256, 512, 1024], layerCounts: [2, 3, 4, 5, 6, 7, 8], epochs: 300))
    }

    /// The figure of one plan.
    init(_ plan: Plan) { plans = ByScale(quick: plan, paper: plan) }

    /// `st22-figure-6`.
    package var name: String { "st22-figure-6" }
    /// ST22 Figure 6.
    package var paper: String { "ST22 Figure 6" }
    /// What is measured.
    package var title: String {
        "How the time of gradient descent with symmetry teleportation grows with dimension and number of layers."
    }
    /// A third of a minute.
    package var quickSeconds: Int { 20 }

    private static let learningRate = 1e-3
    /// A fixed eta would be too large where the inverse of an ill-conditioned matrix of data makes T long.
    private static let stepSize = StepSize.growth(0.01)

    /// The shape of a network whose matrices are all `dimension` by `dimension`.
    private struct Shape {
        let dimension: Int
        let layers: Int
    }

    /// One training.
    private struct Course {
        var seconds: Double
        var teleportSeconds = 0.0
        var teleports: [TeleportReport] = []
        var lastLoss: Double
    }

    /// The medians over all trainings of one shape.
    private struct Point {
        let x: Int
        let plain: Double
        let teleporting: Double
        /// The part of it that went into teleports.
        let teleports: Double
        /// Of all trainings with teleports.
        let reports: [TeleportReport]
        let hasDiverged: Bool
    }

    /// Trains all shapes without and with teleports, and measures.
    package func run(_ context: ReproductionContext) -> ReproductionResult {
        let plan = plans[context.scale]
        let seeds = context.seeds(else: plan.repetitions)
        let progress = context.progress(
            ProgressLine.Job(
                runs: 2 * seeds.count * (plan.dimensions.count + plan.layerCounts.count), epochs: plan.epochs,
                batches: 1))
        defer { progress.finish() }
        var finished = 0
        func points(_ values: [Int], _ shape: (Int) -> Shape) -> [Point] {
            values.compactMap { point($0, shape($0), plan, seeds: seeds, context, progress, &finished) }
        }
        let dimensions = points(plan.dimensions) { Shape(dimension: $0, layers: plan.depth) }
        let layers = points(plan.layerCounts) { Shape(dimension: plan.width, layers: $0) }
        return result(dimensions: dimensions, layers: layers, plan, seeds: seeds, context)
    }

    // MARK: Measuring

    /// Nil where the context asked to stop.
    private func point(
        _ x: Int, _ shape: Shape, _ plan: Plan, seeds: [Int], _ context: ReproductionContext, _ progress: ProgressLine,
        _ finished: inout Int
    ) -> Point? {
        if context.isCancelled() { return nil }
        // One teleport and the steps after it make ready what later ones find: threads, memory, kernels.
        for hasTeleports in [false, true] {
            _ = train(shape, plan, seed: seeds[0], hasTeleports: hasTeleports, epochs: plan.interval, context)
        }
        var courses: [Bool: [Course]] = [:]
        for seed in seeds {
            for hasTeleports in [false, true] {
                if context.isCancelled() { return nil }
                let arm = "\(shape.layers) x \(shape.dimension), " + (hasTeleports ? "with teleports" : "without")
                let run = finished
                let course = train(
                    shape, plan, seed: seed, hasTeleports: hasTeleports, epochs: plan.epochs, context,
                    epochFinished: { epoch, loss in
                        progress.update(
                            ProgressLine.Position(run: run, arm: arm, seed: seed, epoch: epoch, batch: 1),
                            loss: loss.item())
                    })
                courses[hasTeleports, default: []].append(course)
                finished += 1
            }
        }
        let (plain, teleporting) = (courses[false] ?? [], courses[true] ?? [])
        return Point(
            x: x, plain: plain.map(\.seconds).median, teleporting: teleporting.map(\.seconds).median,
            teleports: teleporting.map(\.teleportSeconds).median, reports: teleporting.flatMap(\.teleports),
            hasDiverged: !(plain + teleporting).allSatisfy(\.lastLoss.isFinite))
    }

    private func train(
        _ shape: Shape, _ plan: Plan, seed: Int, hasTeleports: Bool, epochs: Int, _ context: ReproductionContext,
        epochFinished: (_ epoch: Int, _ loss: Tensor) -> Void = { _, _ in }
    ) -> Course {
        let generator = Generator(seed: UInt64(seed))
        let size = shape.dimension
        let model = MLP(
            inputs: size, hidden: Array(repeating: size, count: shape.layers - 1), outputs: size,
            activation: .leakyReLU(slope: 0.1), bias: false, using: generator, dtype: context.dtype,
            device: context.device)
        func matrix() -> Tensor {
            Tensor.normal([size, size], using: generator).to(dtype: context.dtype, device: context.device)
        }
        let batch = Batch(inputs: matrix(), targets: matrix())
        // Without a cap: the same steps at each teleport, whatever the gradient.
        let teleporter = SymmetryTeleporter(
            Climb(steps: plan.teleportSteps, stepSize: Self.stepSize, cap: .none, tolerance: .infinity),
            element: .firstOrder)
        let optimizer = SGD(learningRate: Self.learningRate)
        let step = TrainingStep(model, MeanSquaredError(), optimizer)
        var clock = Stopwatch()
        var course = Course(seconds: 0, lastLoss: .nan)
        for epoch in 0..<epochs {
            clock.start()
            if hasTeleports, epoch.isMultiple(of: plan.interval) {
                let reports = teleporter.teleport(model, step.loss, on: [batch], before: optimizer)
                course.teleports += reports
                course.teleportSeconds += reports.map(\.seconds).reduce(0, +)
            }
            let loss = step(on: batch)
            // A device may still be at work; asking for the last loss waits for it.
            if epoch == epochs - 1 { course.lastLoss = loss.item() }
            clock.stop()
            epochFinished(epoch + 1, loss)
        }
        course.seconds = clock.seconds
        return course
    }

    // MARK: Reporting

    private func result(
        dimensions: [Point], layers: [Point], _ plan: Plan, seeds: [Int], _ context: ReproductionContext
    ) -> ReproductionResult {
        let threads = Libtorch.threadCount.counted("thread")
        var result = ReproductionResult(
            configuration: [
                "dimensions": .integers(plan.dimensions), "layer-counts": .integers(plan.layerCounts),
                "width": .integer(plan.width), "depth": .integer(plan.depth), "epochs": .integer(plan.epochs),
                "interval": .integer(plan.interval), "teleport-steps": .integer(plan.teleportSteps),
                "learning-rate": .number(Self.learningRate), "step-size": .string(Self.stepSize.text),
                "seeds": .integers(seeds), "threads": .integer(Libtorch.threadCount),
                "dtype": .string("\(context.dtype)"), "device": .string(context.device.description),
            ],
            sections: [
                .init(
                    "Seconds for \(plan.epochs.counted("epoch")), median of \(seeds.count), \(threads); \(plan.depth) layers",
                    Self.table("dimension", dimensions)),
                .init("The same for matrices of \(plan.width) x \(plan.width)", Self.table("layers", layers)),
            ],
            figures: [
                .init(
                    "runtime",
                    Figure(panels: [
                        Self.chart(
                            "\(plan.depth) layers: seconds (logarithmic)", "dimension (logarithmic)", dimensions,
                            isLogarithmic: true),
                        Self.chart("\(plan.width) x \(plan.width): seconds", "layers", layers, isLogarithmic: false),
                    ]))
            ],
            values: ["dimensions": Self.values(dimensions), "layers": Self.values(layers)],
            claim: "the time grows polynomially with the dimension and linearly with the number of layers, and most of "
                + "it goes into teleports.",
            findings: [])
        if let sentence = Self.finding(dimensions: dimensions, plan) { result.findings.append(sentence) }
        if let sentence = Self.finding(layers: layers, plan) { result.findings.append(sentence) }
        let reports = (dimensions + layers).flatMap(\.reports)
        if !reports.isEmpty {
            let complete = reports.count { $0.steps == plan.teleportSteps && $0.restored == nil }
            result.findings.append(
                "\(complete) of \(reports.count) teleports went all \(plan.teleportSteps) steps; measured on \(threads)."
            )
        }
        if (dimensions + layers).contains(where: \.hasDiverged) {
            result.divergence = "a loss stopped being finite, so that the times say little; take other --seeds"
        }
        return result
    }

    private static func table(_ title: String, _ points: [Point]) -> Table {
        Table(
            columns: [
                .init(title), .init("without (s)"), .init("with teleports (s)"), .init("times as long"),
                .init("spent in teleports"),
            ],
            rows: points.map { point in
                [
                    "\(point.x)", point.plain.significant(3), point.teleporting.significant(3),
                    (point.teleporting / point.plain).significant(3), (point.teleports / point.teleporting).percent(3),
                ]
            })
    }

    private static func chart(
        _ title: String, _ label: String, _ points: [Point], isLogarithmic: Bool
    ) -> LineChart {
        let x = points.map { Double($0.x) }
        return LineChart(
            title: title, horizontalLabel: label, isLogarithmic: isLogarithmic,
            isHorizontallyLogarithmic: isLogarithmic,
            series: [
                LineChart.Series(name: "without", x: x, y: points.map(\.plain)),
                LineChart.Series(name: "with teleports", x: x, y: points.map(\.teleporting)),
            ])
    }

    private static func growths(_ points: [Point]) -> (plain: Growth, teleporting: Growth)? {
        let x = points.map { Double($0.x) }
        guard let plain = Growth(of: points.map(\.plain), with: x),
            let teleporting = Growth(of: points.map(\.teleporting), with: x)
        else { return nil }
        return (plain, teleporting)
    }

    private static func values(_ points: [Point]) -> JSONValue {
        let growths = growths(points)
        return [
            "x": .integers(points.map(\.x)), "without": .numbers(points.map(\.plain)),
            "withTeleports": .numbers(points.map(\.teleporting)), "teleports": .numbers(points.map(\.teleports)),
            "growthWithout": growths?.plain.values ?? .null,
            "growthWithTeleports": growths?.teleporting.values ?? .null,
        ]
    }

    private static func finding(dimensions points: [Point], _ plan: Plan) -> String? {
        guard let (plain, teleporting) = growths(points), let first = points.first, let last = points.last else {
            return nil
        }
        return
            "From dimension \(first.x) to \(last.x), with \(plan.depth) layers, the time of \(plan.epochs.counted("epoch")) grows "
            + "with the power \(teleporting.exponent.significant(3)) of the dimension with teleports, "
            + "\(teleporting.lastExponent.significant(3)) between the last two; without, with "
            + "\(plain.exponent.significant(3)) and \(plain.lastExponent.significant(3)). At \(last.x) it is "
            + "\(last.teleporting.significant(3)) s instead of \(last.plain.significant(3)) s, of which teleports take "
            + "\((last.teleports / last.teleporting).percent(3))."
    }

    private static func finding(layers points: [Point], _ plan: Plan) -> String? {
        let x = points.map { Double($0.x) }
        guard let plain = StraightLine(x: x, y: points.map(\.plain)), let first = points.first, let last = points.last,
            let teleporting = StraightLine(x: x, y: points.map(\.teleporting))
        else { return nil }
        return "From \(first.x) to \(last.x) layers of \(plan.width) x \(plan.width), each layer adds "
            + "\((1000 * teleporting.slope).significant(3)) ms with teleports and "
            + "\((1000 * plain.slope).significant(3)) ms without; the points are no more than "
            + "\(teleporting.largestDeviation.percent(3)) and \(plain.largestDeviation.percent(3)) of their time off these "
            + "straight lines."
    }
}
