import Experiments
import Foundation
import Reporting
import Teleportation
import TextForms

/// One teleport to where the loss is sharper or flatter, or the level set more or less curved, and what becomes of the validation loss;
/// PS24 Figure 4 with SGD and Figure 11 with AdaGrad.
///
/// The published teleports go along `I + T` by a learning rate; those of this project along `exp(T)`, by a share of the identity that is
/// halved until the objective moves as it should. Both are shown.
package struct GeneralizationWithSymmetry: Reproduction {
    /// How much is done.
    struct Plan: Sendable {
        var size: SymmetryStudy.Size
        /// The epoch, from 0, before which the teleport takes place.
        var epoch: Int
        /// Five batches of this size are teleported on.
        var batchSize: Int
        var learningRate: Double
    }

    private let optimizer: OptimizerOption
    private let plans: ByScale<Plan>

    /// The figure of an optimizer: SGD or AdaGrad.
    package init(with optimizer: OptimizerOption) {
        self.optimizer = optimizer
        plans = ByScale(
            quick: Plan(
                size: SymmetryStudy.Size(samples: 3000, hidden: [32, 10], epochs: 10, seeds: 3), epoch: 5,
                batchSize: 300,
                learningRate: 0.02),
            paper: Plan(
                size: SymmetryStudy.Size(hidden: [32, 10], epochs: 40, seeds: 5), epoch: 20, batchSize: 2000,
                learningRate: 0.02))
    }

    /// The figure of one plan, with SGD.
    init(_ plan: Plan) { (optimizer, plans) = (.sgd, ByScale(quick: plan, paper: plan)) }

    private var isOfSGD: Bool { optimizer == .sgd }
    private var optimizerName: String { isOfSGD ? "SGD" : "AdaGrad" }

    /// `ps24-figure-4` or `ps24-figure-11`.
    package var name: String { "ps24-figure-\(isOfSGD ? 4 : 11)" }
    /// PS24 Figure 4 or 11.
    package var paper: String { "PS24 Figure \(isOfSGD ? 4 : 11)" }
    /// What is compared.
    package var title: String {
        "Teleports that change sharpness or curvature, and the validation loss that follows with \(optimizerName)."
    }
    /// A minute and a half.
    package var quickSeconds: Int { 90 }
    /// CIFAR-10 in the paper.
    package var options: Set<ReproductionOption> { Set(ReproductionOption.allCases) }

    /// What a teleport changes.
    private enum Measure: String, CaseIterable {
        case sharpness
        case curvature
    }

    /// Whose steps it takes.
    private enum Steps: String, CaseIterable {
        case published
        case own
    }

    private static let batches = 5
    /// That of the ascent on T; PS24 appendix E.4.
    private static let ascentLearningRate = 5e-2
    /// The displacements for sharpness: the paper does not name those of its teleports, nor how many directions they look along.
    private static let displacements = [1.0, -1.0]
    private static let directions = 8

    private static func teleportPlan(
        _ measure: Measure, _ sense: Climb.Sense, _ steps: Steps, _ plan: Plan
    ) -> TeleportPlan {
        let sharpness = Sharpness(displacements: displacements, directions: directions)
        var climb: Climb
        switch measure {
        case .sharpness: climb = .sharpness(sharpness, sense: sense)
        case .curvature: climb = .curvature(sense: sense)
        }
        if steps == .published {
            climb.steps = measure == .sharpness ? 10 : 1
            climb.stepSize = .fixed(ascentLearningRate)
            climb.search = .none
            climb.tolerance = .infinity
        }
        return TeleportPlan(
            SymmetryTeleporter(climb, element: steps == .published ? .firstOrder : .exponential),
            schedule: TeleportSchedule(epochs: [plan.epoch], batchCount: batches, batchSize: plan.batchSize),
            trialSteps: 0)
    }

    private static func name(_ measure: Measure, _ sense: Climb.Sense, _ steps: Steps) -> String {
        "\(sense) \(measure)" + (steps == .published ? ", published steps" : "")
    }

    /// Trains all arms.
    ///
    /// - Throws: `DatasetError` if the data are missing or damaged, and `ArchitectureError` if no perceptron can be trained on them.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        let plan = plans[context.scale]
        let study = try SymmetryStudy(plan.size, on: .cifar10, context)
        func arm(_ name: String, _ teleports: TeleportPlan?) -> SymmetryStudy.Arm {
            SymmetryStudy.Arm(name: name, optimizer: optimizer, learningRate: plan.learningRate, plan: teleports)
        }
        let changes = Measure.allCases.flatMap { measure in
            Steps.allCases.flatMap { steps in
                Climb.Sense.allCases.map { (measure: measure, sense: $0, steps: steps) }
            }
        }
        let results = try study.run(
            [arm("without", nil)]
                + changes.map {
                    arm(
                        Self.name($0.measure, $0.sense, $0.steps),
                        Self.teleportPlan($0.measure, $0.sense, $0.steps, plan))
                })
        var configuration = study.configuration
        configuration["optimizer"] = .string(optimizer.text)
        configuration["learning-rate"] = .number(plan.learningRate)
        configuration["schedule"] = .integers([plan.epoch])
        configuration["teleport-batches"] = .integer(Self.batches)
        configuration["teleport-batch-size"] = .integer(plan.batchSize)
        configuration["step-size"] = .number(Self.ascentLearningRate)
        configuration["displacements"] = .numbers(Self.displacements)
        configuration["random-directions"] = .integer(Self.directions)
        configuration["curves"] = 1
        return ReproductionResult(
            configuration: configuration,
            sections: [
                .init(
                    "After \(plan.size.epochs.counted("epoch")) with \(optimizerName); the teleport before epoch \(plan.epoch + 1)",
                    Self.table(results))
            ],
            figures: [.init("generalization", Self.figure(results, changes.map(\.measure)))],
            values: try SymmetryStudy.values(results), claim: claim,
            findings: zip(changes, results.dropFirst()).compactMap { change, result in
                Self.finding(result, plain: results[0], change.measure, change.sense)
            }, divergence: SymmetryStudy.divergence(results))
    }

    private var claim: String {
        isOfSGD
            ? "teleports to flatter points slightly improve the validation loss, those to sharper points do nothing; those to larger "
                + "curvatures find minima of a lower validation loss, those to smaller ones of a higher."
            : "changing sharpness has negligible effects; teleports to larger curvatures lead to slightly lower validation losses, those to "
                + "smaller ones widen the gap between training and validation loss."
    }

    private static func table(_ results: [SymmetryStudy.Runs]) -> Table {
        Table(
            columns: [
                .init("teleport", alignment: .left), .init("the objective becomes"), .init("loss drifts by"),
                .init("train loss"), .init("validation loss"), .init("of the same seed less"), .init("undone"),
            ],
            rows: results.map { result in
                let kept = result.kept
                let ratios = kept.compactMap { teleport -> Double? in
                    guard let before = teleport.objectiveBefore, let after = teleport.objectiveAfter else { return nil }
                    return after / before
                }
                return [
                    result.arm.name, ratios.isEmpty ? "-" : "\(ratios.median.significant(4)) of itself",
                    kept.isEmpty ? "-" : result.largestDrift.significant(2), result.trainLoss.text(),
                    result.validationLoss.text(),
                    result.arm.plan == nil ? "-" : gain(result, plain: results[0]).text(),
                    "\(result.teleports.count - kept.count) of \(result.teleports.count)",
                ]
            })
    }

    /// How much lower the last validation loss is than that without the teleport, seed by seed.
    private static func gain(_ result: SymmetryStudy.Runs, plain: SymmetryStudy.Runs) -> Statistic {
        let losses = Dictionary(zip(plain.seeds, plain.runs), uniquingKeysWith: { first, _ in first })
        return Statistic(
            of: zip(result.seeds, result.runs).compactMap { seed, run in
                guard let own = run.epochs.last, let other = losses[seed]?.epochs.last else { return nil }
                return other.testLoss - own.testLoss
            })
    }

    private static func figure(_ results: [SymmetryStudy.Runs], _ measures: [Measure]) -> Figure {
        Figure(
            panels: Measure.allCases.map { measure in
                let runs = [results[0]] + zip(measures, results.dropFirst()).filter { $0.0 == measure }.map(\.1)
                return SymmetryStudy.chart(
                    "\(measure): loss",
                    runs.enumerated().map {
                        $1.series("\($1.arm.name), training", \.trainLoss, color: $0, isDashed: true)
                    }
                        + runs.enumerated().map { $1.series("\($1.arm.name), validation", \.testLoss, color: $0) })
            })
    }

    private static func finding(
        _ result: SymmetryStudy.Runs, plain: SymmetryStudy.Runs, _ measure: Measure, _ sense: Climb.Sense
    ) -> String? {
        guard !result.runs.isEmpty, !plain.runs.isEmpty else { return nil }
        let gain = gain(result, plain: plain)
        let error = gain.standardDeviation.map { $0 / Double(result.runs.count).squareRoot() } ?? .infinity
        let verdict =
            gain.mean.magnitude <= 2 * error
            ? "no difference within two standard errors"
            : gain.mean > 0 ? "the validation loss is lower" : "the validation loss is higher"
        let undone = result.teleports.count - result.kept.count
        return
            "\(result.arm.name): \(verdict), \(result.validationLoss.text()) instead of \(plain.validationLoss.text())"
            + (undone == 0 ? "." : "; \(undone) of \(result.teleports.count) batches were undone.")
    }
}
