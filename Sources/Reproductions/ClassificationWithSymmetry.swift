import Experiments
import Foundation
import Reporting
import TextForms

/// Symmetry teleportation of a classifier, trained by SGD and AdaGrad; ST22 Figure 4.
package struct ClassificationWithSymmetry: Reproduction {
    /// The sizes of both scales.
    private let sizes: ByScale<SymmetryStudy.Size>

    /// The figure.
    package init() {
        sizes = ByScale(
            quick: SymmetryStudy.Size(samples: 6000, width: 128, epochs: 8),
            paper: SymmetryStudy.Size(epochs: 80, seeds: 5))
    }

    /// The figure at one size.
    init(_ size: SymmetryStudy.Size) { sizes = ByScale(quick: size, paper: size) }

    /// `st22-figure-4`.
    package var name: String { "st22-figure-4" }
    /// ST22 Figure 4.
    package var paper: String { "ST22 Figure 4" }
    /// What is compared.
    package var title: String {
        "Symmetry teleportation after the first epoch changes the training of an MNIST classifier."
    }
    /// A third of a minute.
    package var quickSeconds: Int { 20 }
    /// MNIST in the paper.
    package var options: Set<ReproductionOption> { Set(ReproductionOption.allCases) }

    /// The ways to teleport.
    private static let ways = ["without", "first order", "exponential"]
    private static let optimizers: [(kind: OptimizerOption, name: String)] = [(.sgd, "SGD"), (.adagrad, "AdaGrad")]

    /// Trains all arms.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        let study = try SymmetryStudy(sizes[context.scale], context)
        let arms = Self.optimizers.flatMap { kind, name in
            [
                SymmetryStudy.Arm(name: "\(name), \(Self.ways[0])", optimizer: kind),
                SymmetryStudy.Arm(
                    name: "\(name), \(Self.ways[1])", optimizer: kind, plan: SymmetryStudy.published([1])),
                SymmetryStudy.Arm(
                    name: "\(name), \(Self.ways[2])", optimizer: kind, plan: SymmetryStudy.exponential([1])),
            ]
        }
        let results = try study.run(arms)
        func plain(_ result: SymmetryStudy.Runs) -> SymmetryStudy.Runs? {
            results.first { $0.arm.optimizer == result.arm.optimizer && $0.arm.plan == nil }
        }
        var configuration = study.configuration
        configuration["schedule"] = .integers([1])
        configuration["teleport-batches"] = 4
        configuration["teleport-steps"] = 10
        return ReproductionResult(
            configuration: configuration,
            sections: [
                .init(
                    "After \(study.size.epochs.counted("epoch")); teleports before the second",
                    study.table(results, plain: plain)
                )
            ],
            figures: [.init("classification", figure(results))], values: try SymmetryStudy.values(results),
            claim:
                "teleportation makes the training loss of SGD fall much faster; it does little for the validation loss, "
                + "and with AdaGrad it harms it.",
            findings: results.compactMap { result in plain(result).flatMap { finding(result, plain: $0) } },
            divergence: SymmetryStudy.divergence(results))
    }

    private func figure(_ results: [SymmetryStudy.Runs]) -> Figure {
        func panels(_ panel: (String, [(Int, SymmetryStudy.Runs)]) -> LineChart) -> [LineChart] {
            Self.optimizers.map { kind, name in
                panel(name, Array(results.filter { $0.arm.optimizer == kind }.enumerated().map { ($0, $1) }))
            }
        }
        return Figure(
            panels: panels { name, results in
                SymmetryStudy.chart(
                    "\(name): loss",
                    results.map { $1.series(Self.ways[$0] + ", training", \.trainLoss, color: $0) }
                        + results.map {
                            $1.series(Self.ways[$0] + ", validation", \.testLoss, color: $0, isDashed: true)
                        })
            }
                + panels { name, results in
                    SymmetryStudy.chart(
                        "\(name): squared gradient norm",
                        results.map { $1.series(Self.ways[$0], \.gradientNormSquared) })
                })
    }

    private func finding(_ result: SymmetryStudy.Runs, plain: SymmetryStudy.Runs) -> String? {
        guard result.arm.plan != nil, !result.runs.isEmpty, !plain.runs.isEmpty else { return nil }
        func loss(_ runs: SymmetryStudy.Runs, _ epoch: Int, _ value: (EpochRecord) -> Double) -> String {
            Statistic(of: runs.runs.compactMap { $0.epochs.count > epoch ? value($0.epochs[epoch]) : nil }).mean
                .significant(3)
        }
        let last = result.runs.map(\.epochs.count).min().map { $0 - 1 } ?? 0
        var sentence = "\(result.arm.name): "
        if last > 0 {
            sentence +=
                "the training loss of the epoch after the teleports is \(loss(result, 1, \.trainLoss)) instead of "
                + "\(loss(plain, 1, \.trainLoss)), that of the last epoch \(loss(result, last, \.trainLoss)) instead of "
                + "\(loss(plain, last, \.trainLoss)), the validation loss \(loss(result, last, \.testLoss)) instead of "
                + "\(loss(plain, last, \.testLoss)); "
        }
        let undone = result.teleports.count - result.kept.count
        return sentence + "of \(result.teleports.count) teleports \(undone == 0 ? "none was" : "\(undone) were") undone"
            + (result.kept.isEmpty
                ? "."
                : "; the loss of a teleport batch moved by up to \(result.largestDrift.significant(2)) of itself.")
    }
}
