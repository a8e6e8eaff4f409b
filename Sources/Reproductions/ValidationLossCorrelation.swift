import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Reporting
import Synchronization
import Teleportation
import TextForms
import Torch

/// How sharpness and curvature of trained networks go with their validation loss; PS24 Table 1, and Figures 9 and 10, which show its
/// networks.
package struct ValidationLossCorrelation: Reproduction {
    /// What is shown.
    package enum Part: Sendable {
        /// Both measures, as in Table 1.
        case table
        /// phi, as in Figure 9.
        case sharpness
        /// psi, as in Figure 10.
        case curvature
    }

    /// What is trained on one data set, and what the paper found there.
    struct Problem: Sendable {
        var dataset: DatasetName
        var hidden: [Int]
        var learningRate: Double
        /// The paper's coefficients; nil for data that it does not have.
        var published: (sharpness: Double, curvature: Double)?
    }

    /// How much is done.
    struct Plan: Sendable {
        var problems: [Problem]
        /// How many networks are trained unless the user names seeds.
        var networks: Int
        /// The samples to train on; nil for all of them.
        var samples: Int?
        var epochs: Int
        /// `|D|`.
        var directions: Int
        /// The training samples whose loss phi looks at.
        var sharpnessSamples: Int
        /// The training samples on which the curves of psi lie.
        var curvatureSamples: Int
    }

    private let part: Part
    private let plans: ByScale<Plan>

    /// The table or one of the figures.
    package init(_ part: Part) {
        self.part = part
        plans = ByScale(
            quick: Plan(
                problems: [Problem(dataset: .digits, hidden: [16, 10], learningRate: 0.02, published: nil)],
                networks: 40, samples: 3000, epochs: 12, directions: 50, sharpnessSamples: 500, curvatureSamples: 200),
            paper: Plan(
                problems: [
                    Problem(dataset: .mnist, hidden: [16, 10], learningRate: 0.01, published: (0.704, -0.050)),
                    Problem(dataset: .fashionMNIST, hidden: [16, 10], learningRate: 0.01, published: (0.790, -0.232)),
                    Problem(dataset: .cifar10, hidden: [128, 32], learningRate: 0.02, published: (0.899, -0.167)),
                ], networks: 100, epochs: 40, directions: 200, sharpnessSamples: 2000, curvatureSamples: 200))
    }

    /// The table of one plan.
    init(_ plan: Plan) { (part, plans) = (.table, ByScale(quick: plan, paper: plan)) }

    /// `ps24-table-1`, `ps24-figure-9` or `ps24-figure-10`.
    package var name: String { paper.lowercased().replacing(" ", with: "-") }
    /// PS24 Table 1, Figure 9 or Figure 10.
    package var paper: String {
        switch part {
        case .table: "PS24 Table 1"
        case .sharpness: "PS24 Figure 9"
        case .curvature: "PS24 Figure 10"
        }
    }
    /// What is correlated.
    package var title: String {
        switch part {
        case .table: "How sharpness and curvature of trained networks go with their validation loss."
        case .sharpness: "The validation loss of trained networks against their sharpness."
        case .curvature: "The validation loss of trained networks against the curvature of their minima."
        }
    }
    /// A minute, most of it for sharpness.
    package var quickSeconds: Int { part == .curvature ? 15 : 60 }
    /// A network for each seed.
    package var options: Set<ReproductionOption> { Set(ReproductionOption.allCases) }

    /// T of PS24 appendix E.3.
    private static let displacements = (0..<20).map { 0.001 + 0.01 * Double($0) }
    private static let batchSize = 20

    /// A trained network.
    private struct Network: Sendable {
        let seed: Int
        let trainLoss: Double
        let validationLoss: Double
        /// phi; nil where nobody asks for it.
        let sharpness: Double?
        /// psi, likewise.
        let curvature: Double?

        /// `phi - L`, the mean change of the loss, in which networks of different losses can be compared.
        var rise: Double? { sharpness.map { $0 - lossThere } }
        /// The loss of the samples that phi looks at.
        let lossThere: Double
    }

    /// What can be correlated with the validation loss.
    private struct Measure {
        let name: String
        let key: String
        let value: (Network) -> Double?
        let published: (Problem) -> Double?
    }

    private var measures: [Measure] {
        let sharpness = [
            Measure(
                name: "sharpness φ", key: "sharpness", value: \.sharpness, published: { $0.published?.sharpness }),
            Measure(name: "φ - L", key: "sharpness-rise", value: \.rise, published: { $0.published?.sharpness }),
        ]
        let curvature = [
            Measure(name: "curvature ψ", key: "curvature", value: \.curvature, published: { $0.published?.curvature })
        ]
        return switch part {
        case .table: sharpness + curvature
        case .sharpness: sharpness
        case .curvature: curvature
        }
    }

    /// Trains all networks, several at a time.
    ///
    /// - Throws: `DatasetError` if the data are missing or damaged, and `ArchitectureError` if no perceptron can be trained on them.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        var plan = plans[context.scale]
        if let dataset = context.dataset {
            let known = plan.problems.filter { $0.dataset == dataset }
            plan.problems = known.isEmpty ? Array(plan.problems.prefix(1)) : known
            if known.isEmpty { plan.problems[0].dataset = dataset; plan.problems[0].published = nil }
        }
        let seeds = context.seeds(else: plan.networks)
        var table = Table(
            columns: [
                .init("data", alignment: .left), .init("measure", alignment: .left), .init("networks"),
                .init("least"), .init("greatest"), .init("correlation (95 %)"), .init("the paper's"),
            ])
        var result = ReproductionResult(
            configuration: configuration(plan, seeds: seeds, context), sections: [], figures: [], values: [:],
            claim:
                "sharpness has a strong positive correlation with the validation loss (0.70 to 0.90), curvature a weak negative one "
                + "(-0.05 to -0.23).", findings: [])
        var missing: DatasetError?
        for problem in plan.problems where !context.isCancelled() {
            let networks: [Network]
            do {
                networks = try train(problem, plan, seeds: seeds, context)
            } catch let error as DatasetError where plan.problems.count > 1 {
                // Not all of the paper's data are at hand everywhere; what there is can be looked at all the same.
                context.warn("\(error)")
                missing = error
                continue
            }
            let name = problem.dataset.rawValue
            for measure in measures {
                let pairs = networks.compactMap { network -> (Double, Double)? in
                    guard let value = measure.value(network), value.isFinite, network.validationLoss.isFinite else {
                        return nil
                    }
                    return (value, network.validationLoss)
                }
                let values = pairs.map(\.0)
                let correlation = Correlation(of: values, with: pairs.map(\.1))
                let published = measure.published(problem)
                table.rows.append([
                    name, measure.name, "\(pairs.count)", (values.min() ?? .nan).significant(),
                    (values.max() ?? .nan).significant(), correlation.text, published.map { "\($0)" } ?? "-",
                ])
                result.figures.append(
                    .init("\(name)-\(measure.key)", Self.figure(measure.name, pairs, name, correlation)))
                result.findings.append(
                    Self.finding(
                        "\(name), \(measure.name)", correlation, of: networks.count, measured: pairs.count,
                        isPositive: measure.key != "curvature"))
            }
            result.values[name] = .array(networks.map { Self.values($0) })
        }
        if let missing, result.values.isEmpty { throw missing }
        result.sections = [
            .init(
                "\(seeds.count.counted("network")), \(plan.epochs.counted("epoch")) each", table,
                note: "φ - L is what Figure 9 shows: how much the loss rises around the weights.")
        ]
        return result
    }

    private func train(
        _ problem: Problem, _ plan: Plan, seeds: [Int], _ context: ReproductionContext
    ) throws -> [Network] {
        let data = try context.validationSplit(problem.dataset, samples: plan.samples)
        let architecture = Architecture.mlp(hidden: problem.hidden, activation: .leakyReLU(slope: 0.1))
        try architecture.check(inputShape: data.inputShape, task: data.task)
        let configuration = TrainingConfiguration(
            architecture: architecture, learningRate: problem.learningRate, batchSize: Self.batchSize,
            epochs: plan.epochs, dtype: context.dtype, device: context.device)
        // Each thread only reads them, and what it writes is its own.
        nonisolated(unsafe) let training = Training(configuration, on: data)
        func batch(_ count: Int) -> Batch {
            let samples = data.train.to(dtype: context.dtype, device: context.device)
            return samples.thinned(to: min(count, samples.count)).batch(.range(min(count, samples.count)))
        }
        nonisolated(unsafe) let sharpnessBatch = batch(plan.sharpnessSamples)
        nonisolated(unsafe) let curvatureBatch = batch(plan.curvatureSamples)
        nonisolated(unsafe) let isCancelled = context.isCancelled
        let part = part
        let progress = context.progress(ProgressLine.Job(runs: 1, epochs: 1, batches: seeds.count))
        defer { progress.finish() }
        let done = Mutex(0)
        return try ConcurrentWork.map(seeds.count) { index -> Network? in
            let run = try TrainingRun(training, seed: seeds[index])
            while !isCancelled(), run.next() != nil {}
            guard let epoch = run.record.epochs.last, epoch.epoch == plan.epochs else { return nil }
            let landscape = BatchLoss(run.model, CrossEntropy(), on: sharpnessBatch)
            // All networks are looked at along the same directions and curves.
            let network = withoutGradients {
                withMode(.evaluation) {
                    Network(
                        seed: seeds[index], trainLoss: epoch.trainLoss, validationLoss: epoch.testLoss,
                        sharpness: part == .curvature
                            ? nil
                            : Sharpness(displacements: Self.displacements, directions: plan.directions).value(
                                of: landscape),
                        curvature: part == .sharpness
                            ? nil : try? Curvature().value(of: run.model, on: curvatureBatch.inputs),
                        lossThere: landscape.value())
                }
            }
            let count = done.withLock { done in
                done += 1
                return done
            }
            progress.finishEpoch(
                ProgressLine.Position(
                    run: 0, arm: "network \(count) of \(seeds.count)", seed: seeds[index], epoch: 1, batch: count),
                loss: epoch.trainLoss, text: "\(epoch)")
            return network
        }.compactMap(\.self)
    }

    private static func figure(
        _ measure: String, _ pairs: [(Double, Double)], _ name: String, _ correlation: Correlation
    ) -> Figure {
        Figure(panels: [
            LineChart(
                title: "\(name): correlation \(correlation.text)", horizontalLabel: measure,
                verticalLabel: "validation loss", series: [],
                points: [
                    LineChart.Points(
                        name: "networks", x: pairs.map(\.0), y: pairs.map(\.1), symbol: .circle, color: 0)
                ])
        ])
    }

    private static func finding(
        _ name: String, _ correlation: Correlation, of networks: Int, measured: Int, isPositive: Bool
    ) -> String {
        let verdict =
            !correlation.isSignificant
            ? "no correlation can be told from none"
            : (correlation.coefficient > 0) == isPositive ? "holds" : "does not hold, the sign is the other one"
        let left = networks - measured
        return "\(name): \(verdict): \(correlation.text)"
            + (left == 0 ? "." : "; \(left.counted("network")) of \(networks) had no finite value.")
    }

    private func configuration(
        _ plan: Plan, seeds: [Int], _ context: ReproductionContext
    ) -> [String: JSONValue] {
        [
            "problems": .array(
                plan.problems.map {
                    [
                        "dataset": .string($0.dataset.rawValue),
                        "model": .string(
                            Architecture.mlp(hidden: $0.hidden, activation: .leakyReLU(slope: 0.1)).text),
                        "learning-rate": .number($0.learningRate),
                    ]
                }),
            "training-samples": plan.samples.map { .integer($0) } ?? .null, "batch-size": .integer(Self.batchSize),
            "epochs": .integer(plan.epochs), "seeds": .integers(seeds), "displacements": .numbers(Self.displacements),
            "random-directions": .integer(plan.directions), "sharpness-samples": .integer(plan.sharpnessSamples),
            "curves": 1, "curvature-samples": .integer(plan.curvatureSamples), "dtype": .string("\(context.dtype)"),
            "device": .string(context.device.description),
        ]
    }

    private static func values(_ network: Network) -> JSONValue {
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        return [
            "seed": .integer(network.seed), "trainLoss": .number(network.trainLoss),
            "validationLoss": .number(network.validationLoss), "sharpness": number(network.sharpness),
            "sharpnessRise": number(network.rise), "curvature": number(network.curvature),
        ]
    }
}
