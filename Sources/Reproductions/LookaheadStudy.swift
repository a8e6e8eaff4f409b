import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Reporting
import Teleportation
import TextForms
import Torch

/// Teleports that lower the loss after the optimizer's next step, beside those that raise the gradient norm and training
/// without any, over learning rates of several decades. No paper has this objective.
package struct LookaheadStudy: Reproduction {
    typealias Problem = RateStudy<Arm>.Problem

    /// How much is trained.
    struct Plan: Sendable {
        var problems: [Problem]
        /// The epochs, from the first, before which teleports take place.
        var teleportEpochs: Int
        /// The batches of each teleport.
        var teleportBatches: Int
        /// The steps of training for which guarded teleports are on trial.
        var trialSteps = 64
        /// How many seeds are run unless the user names some.
        var seeds: Int
    }

    private let plans: ByScale<Plan>

    /// The study.
    package init() {
        let decades = [2e-4, 2e-3, 2e-2, 0.1, 0.3]
        let adaptive = [1e-5, 1e-4, 1e-3, 3e-3, 1e-2]
        func all(_ sgd: [Double], _ adam: [Double]) -> [(optimizer: OptimizerOption, rates: [Double])] {
            [
                (.sgd, sgd), (.momentum, sgd.map { $0 / 10 }), (.adam, adam), (.adamw, adam),
                (.muon, sgd.map { $0 / 10 }),
            ]
        }
        let perceptron = Architecture.mlp(hidden: [512, 512], activation: .relu)
        let small = TransformerSize(heads: 4, headSize: 16, layers: 2)
        plans = ByScale(
            quick: Plan(
                problems: [
                    Problem(
                        name: "MLP", architecture: .mlp(hidden: [128, 128], activation: .relu), dataset: .digits,
                        samples: 6000, epochs: 5, optimizers: [(.sgd, [1e-3, 1e-2, 0.1, 0.5]), (.adam, [1e-4, 1e-3])])
                ], teleportEpochs: 5, teleportBatches: 4, trialSteps: 32, seeds: 2),
            paper: Plan(
                problems: [
                    Problem(
                        name: "MLP", architecture: perceptron, dataset: .mnist, samples: 20_000, epochs: 4,
                        optimizers: all(decades, adaptive)),
                    Problem(
                        name: "CNN", architecture: .cnn(channels: [16, 32, 64], activation: .relu), dataset: .cifar10,
                        samples: 4000, epochs: 4, optimizers: [(.sgd, decades), (.adam, adaptive)]),
                    Problem(
                        name: "ResNet", architecture: .resnet(channels: [16, 32]), dataset: .cifar10, samples: 4000,
                        epochs: 4, optimizers: [(.sgd, decades), (.adam, adaptive)]),
                    Problem(
                        name: "Transformer", architecture: .transformer(small), dataset: .ettH1, samples: 1600,
                        epochs: 4, optimizers: [(.sgd, decades), (.adam, adaptive)]),
                    Problem(
                        name: "Transformer", architecture: .transformer(small), dataset: .pennTreebank, samples: 1600,
                        epochs: 4, optimizers: [(.sgd, decades), (.adam, adaptive)]),
                ], teleportEpochs: 4, teleportBatches: 8, seeds: 3))
    }

    /// The study of one plan.
    init(_ plan: Plan) { plans = ByScale(quick: plan, paper: plan) }

    /// `lookahead`.
    package var name: String { "lookahead" }
    /// None.
    package var paper: String { "This project's own" }
    /// What is compared.
    package var title: String {
        "Lowering the loss after the optimizer's next step, against raising the gradient norm, over learning rates."
    }
    /// Three minutes.
    package var quickSeconds: Int { 180 }
    /// One data set of those at the scale, too.
    package var options: Set<ReproductionOption> { [.scale, .dataset, .data, .seeds, .dtype, .device] }

    /// Series and texts among them.
    package var takesAnyDataset: Bool { true }

    /// Each that came to its end.
    package var keepsRuns: Bool { true }

    // MARK: Training

    /// A way to teleport, or none.
    enum Arm: String, CaseIterable {
        case without
        case published = "gradient norm, as published"
        case gradientNorm = "gradient norm"
        case lookahead
        case unguarded = "lookahead, no guards"
        case otherStep = "lookahead, the step taken otherwise"
        case others = "lookahead at other samples"
        case gauge = "lookahead, gauge"
        case sequence = "lookahead, null space and gauge"

        func teleportPlan(_ plan: Plan, before optimizer: OptimizerOption) -> TeleportPlan? {
            let schedule = TeleportSchedule(epochs: 0..<plan.teleportEpochs, batchCount: plan.teleportBatches)
            func guarded(_ teleporter: some Teleporter) -> TeleportPlan {
                TeleportPlan(teleporter, schedule: schedule, trialSteps: plan.trialSteps)
            }
            func unguarded(_ teleporter: some Teleporter) -> TeleportPlan {
                TeleportPlan(teleporter, schedule: schedule, controlSamples: 0, trialSteps: 0)
            }
            switch self {
            case .without: return nil
            case .published:
                return unguarded(
                    NullSpaceTeleporter(Climb(stepSize: .fixed(0.2), cap: .fixed(5), tolerance: .infinity)))
            case .gradientNorm: return guarded(NullSpaceTeleporter(Climb()))
            case .lookahead: return guarded(NullSpaceTeleporter(.lookahead()))
            case .unguarded: return unguarded(NullSpaceTeleporter(.lookahead()))
            case .otherStep:
                let isFollowed = optimizer.make(learningRate: 1).scalesElements
                return guarded(NullSpaceTeleporter(.lookahead(optimizerStep: isFollowed ? .held : .followed)))
            case .others: return guarded(NullSpaceTeleporter(.lookahead(samples: .others)))
            case .gauge: return guarded(GaugeTeleporter(.lookahead()))
            case .sequence: return guarded(TeleporterSequence(NullSpaceTeleporter(), GaugeTeleporter()))
            }
        }

        /// Whether the arm can move a model; there are some without exact symmetries.
        func canMove(_ model: any Layer, _ plan: Plan) -> Bool {
            do {
                try teleportPlan(plan, before: .sgd)?.teleporter.check(
                    model, before: OptimizerOption.sgd.make(learningRate: 1))
                return true
            } catch {
                return false
            }
        }
    }

    private typealias Runs = RateStudy<Arm>.Runs
    private typealias Case = RateStudy<Arm>.Case

    /// Trains everything.
    ///
    /// - Throws: As `RateStudy.run(_:)`.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        var plan = plans[context.scale]
        plan.problems = RateStudy<Arm>.problems(plan.problems, on: context.dataset)
        let seeds = context.seeds(else: plan.seeds)
        let study = RateStudy<Arm>(
            name: "lookahead", problems: plan.problems, seeds: seeds,
            arms: { [plan] _, training in
                let model = training.makeModel(seed: 0)
                return Arm.allCases.filter { $0.canMove(model, plan) }
            }, text: \.rawValue, plan: { [plan] in $0.teleportPlan(plan, before: $1) })
        return try result(try study.run(context), plan, seeds: seeds, context)
    }

    // MARK: Measuring

    /// How an arm does over all learning rates of a case.
    private struct Score {
        let arm: Arm
        /// The mean over seeds of the last training loss at each rate; not finite where a run diverged.
        let losses: [(rate: Double, loss: Statistic)]
        /// The same at as many gradient evaluations as the runs without teleports have.
        let lossesAtEqualWork: [Double]
        /// The geometric mean over the rates of the loss over the best one without teleports.
        let regret: Double
        let regretAtEqualWork: Double
        /// The place of the best rate.
        let best: Int
        /// For each seed the loss at the best rate, at equal work, over that without teleports at its best.
        let bestAgainstBest: [Double]
        /// The gradient evaluations of a run at the best rate, over those without teleports.
        let work: Double
        /// The seconds at each rate until the best loss without teleports is first there; nil where it never is.
        let secondsToBest: [Double?]
        /// The share of the time at the best rate that is in teleports.
        let teleportShare: Double
    }

    private static func scores(_ problem: Case) -> [Score] {
        let plain = problem.runs(of: .without)
        let plainLosses = plain.map { Statistic(of: $0.runs.map { problem.loss(of: $0) }).mean }
        guard
            let bestPlain = plainLosses.indices.filter({ plainLosses[$0].isFinite }).min(by: {
                plainLosses[$0] < plainLosses[$1]
            })
        else { return [] }
        let worst =
            problem.arms.flatMap { problem.runs(of: $0).flatMap(\.runs) }
            .map { problem.loss(of: $0) }.filter(\.isFinite).max() ?? .nan
        func regret(_ losses: [Double]) -> Double {
            Regret.of(losses, best: plainLosses[bestPlain], worst: worst)
        }
        let target = plainLosses[bestPlain]
        return problem.arms.map { arm in
            let runs = problem.runs(of: arm)
            let losses = runs.map { ($0.rate, Statistic(of: $0.runs.map { problem.loss(of: $0) })) }
            let atEqualWork = runs.map { $0.runs.map { problem.lossAtEqualWork(of: $0) } }
            let means = atEqualWork.map { Statistic(of: $0).mean }
            let best = means.indices.filter { means[$0].isFinite }.min { means[$0] < means[$1] } ?? 0
            let cost = problem.cost(of: runs[best].runs)
            return Score(
                arm: arm, losses: losses, lossesAtEqualWork: means, regret: regret(losses.map(\.1.mean)),
                regretAtEqualWork: regret(means), best: best,
                bestAgainstBest: zip(atEqualWork[best], plain[bestPlain].runs).map {
                    $0 / problem.loss(of: $1)
                },
                work: cost.work,
                secondsToBest: runs.map {
                    MeanCurve(of: \.trainLoss, overSecondsOf: $0.runs).firstReach(of: target)?.x
                },
                teleportShare: cost.teleportShare)
        }
    }

    /// `0.93 (0.90 to 0.96)`: the mean and its 95 % interval by Student's distribution.
    private static func interval(_ values: [Double]) -> String {
        let statistic = Statistic(of: values)
        guard let interval = statistic.interval(of: values.count) else { return statistic.mean.significant(3) }
        return "\(statistic.mean.significant(3)) (\(interval.lowerBound.significant(3)) to "
            + "\(interval.upperBound.significant(3)))"
    }

    // MARK: Reporting

    private func result(
        _ cases: [Case], _ plan: Plan, seeds: [Int], _ context: ReproductionContext
    ) throws -> ReproductionResult {
        var result = ReproductionResult(
            configuration: [
                "seeds": .integers(seeds), "teleport-epochs": .integer(plan.teleportEpochs),
                "teleport-batches": .integer(plan.teleportBatches), "trial-steps": .integer(plan.trialSteps),
                "own-progress": .number(TeleportPlan().largestOwnProgress),
                "threads": .integer(Libtorch.threadCount), "dtype": .string("\(context.dtype)"),
                "device": .string(context.device.description),
                "problems": .array(
                    plan.problems.map { .object($0.configuration) }),
            ],
            sections: [], figures: [], values: [:],
            claimant: "The goal",
            claim:
                "no paper has this objective. It shall have a regret of a tenth of that without teleports, and best against "
                + "best a training loss that is 5 % lower at the same number of gradient evaluations.",
            findings: [])
        let scored = cases.map { (problem: $0, scores: Self.scores($0)) }
        for (problem, scores) in scored {
            guard let plain = scores.first else { continue }
            result.sections += [
                .init(
                    "\(problem.name): training loss after \(problem.problem.epochs.counted("epoch"))",
                    Self.losses(scores)),
                .init(
                    "\(problem.name): over all learning rates", Self.summary(scores),
                    note:
                        "regret: the geometric mean, over the learning rates, of the loss over that of the best one without "
                        + "teleports"),
            ]
            result.findings += scores.dropFirst().map { Self.finding(problem, $0, plain) }
            let arms = try problem.rates.map { rate, arms in
                (rate.significant(6), JSONValue.object(try Self.values(arms)))
            }
            result.values[problem.name] = [
                "rates": .object(Dictionary(uniqueKeysWithValues: arms)),
                "scores": .object(Dictionary(uniqueKeysWithValues: scores.map { ($0.arm.rawValue, Self.values($0)) })),
            ]
        }
        if !cases.isEmpty {
            result.figures = [
                .init("loss-over-rates", Figure(panels: cases.map(Self.rateChart))),
                .init("loss-over-work", Figure(panels: scored.map(Self.workChart))),
                .init("seconds-over-rates", Figure(panels: scored.map(Self.secondsChart))),
            ]
        }
        return result
    }

    private static func values(_ arms: [Runs]) throws -> [String: JSONValue] {
        Dictionary(
            try arms.map { ($0.arm.rawValue, try ArmRecord(seeds: $0.seeds, runs: $0.runs).json) },
            uniquingKeysWith: { first, _ in first })
    }

    private static func values(_ score: Score) -> JSONValue {
        [
            "regret": .number(score.regret), "regretAtEqualWork": .number(score.regretAtEqualWork),
            "lossesAtEqualWork": .numbers(score.lossesAtEqualWork), "bestRate": .number(score.losses[score.best].rate),
            "bestAgainstBest": .numbers(score.bestAgainstBest), "work": .number(score.work),
            "secondsToBest": .array(score.secondsToBest.map { $0.map { .number($0) } ?? .null }),
            "teleportShare": .number(score.teleportShare),
        ]
    }

    /// A row for each arm, a column for each learning rate.
    private static func losses(_ scores: [Score]) -> Table {
        Table(
            columns: [.init("teleports", alignment: .left)]
                + (scores.first?.losses ?? []).map { .init($0.rate.significant(2)) },
            rows: scores.map { score in
                [score.arm.rawValue] + score.losses.map { $0.loss.mean.isFinite ? $0.loss.text() : "diverged" }
            })
    }

    private static func summary(_ scores: [Score]) -> Table {
        Table(
            columns: [
                .init("teleports", alignment: .left), .init("regret"), .init("at equal work"), .init("best rate"),
                .init("best against best, at equal work"), .init("work"), .init("s to the best loss without"),
                .init("time in teleports"),
            ],
            rows: scores.map { score in
                [
                    score.arm.rawValue, score.regret.significant(3), score.regretAtEqualWork.significant(3),
                    score.losses[score.best].rate.significant(2), interval(score.bestAgainstBest),
                    score.work.significant(3), score.secondsToBest[score.best].map { $0.significant(3) } ?? "-",
                    score.arm == .without ? "-" : score.teleportShare.percent(3),
                ]
            })
    }

    private static func finding(_ problem: Case, _ score: Score, _ plain: Score) -> String {
        "\(problem.name), \(score.arm.rawValue): a regret of \(score.regret.significant(3)) "
            + "(\(score.regretAtEqualWork.significant(3)) at equal work) where it is \(plain.regret.significant(3)) without "
            + "teleports; best against best, at equal work, \(interval(score.bestAgainstBest)) of the loss."
    }

    /// The last training loss against the learning rate.
    private static func rateChart(_ problem: Case) -> LineChart {
        LineChart(
            title: "\(problem.name): training loss", horizontalLabel: "learning rate (logarithmic)",
            isLogarithmic: true, isHorizontallyLogarithmic: true,
            series: problem.arms.map { arm in
                let runs = problem.runs(of: arm)
                return LineChart.Series(
                    name: arm.rawValue, x: runs.map(\.rate),
                    y: runs.map { Statistic(of: $0.runs.map { problem.loss(of: $0) }).mean })
            })
    }

    /// The seconds to the best loss without teleports against the learning rate; nothing where it is not reached.
    private static func secondsChart(_ problem: Case, _ scores: [Score]) -> LineChart {
        LineChart(
            title: "\(problem.name): seconds to the best loss without teleports",
            horizontalLabel: "learning rate (logarithmic)", isLogarithmic: true, isHorizontallyLogarithmic: true,
            series: scores.map { score in
                LineChart.Series(
                    name: score.arm.rawValue, x: score.losses.map(\.rate), y: score.secondsToBest.map { $0 ?? .nan })
            })
    }

    /// The training loss against the work, at each arm's best rate.
    private static func workChart(_ problem: Case, _ scores: [Score]) -> LineChart {
        LossCurves.chart(
            "\(problem.name), at the best rate: training loss", horizontalLabel: "gradients of a training batch",
            markers: [],
            curves: scores.map { score in
                let runs = problem.runs(of: score.arm)[score.best].runs
                return (score.arm.rawValue, MeanCurve(of: \.trainLoss, over: Case.work, of: runs))
            })
    }
}
