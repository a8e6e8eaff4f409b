import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Reporting
import Teleportation
import Torch

/// What the steps, the batches and the samples of a teleport are worth (t, b and n of NS25 Algorithm 1): each varied by itself
/// around a middle, by the loss that training comes to at as many gradients as without teleports, and in the same time.
///
/// The objective and the guards are the defaults. NS25's 8 steps on 32 batches of 32 samples stand beside the others, where the data
/// have as many. No paper has this study.
package struct TeleportSettings: Reproduction {
    /// How much a teleport does.
    struct Setting: Hashable, Sendable {
        var steps = Climb.lookahead().steps
        var batches: Int
        var samples = 32

        /// `4 x 9 x 32`: steps, batches and samples.
        var text: String { "\(steps) x \(batches) x \(samples)" }

        var plan: TeleportPlan {
            var climb = Climb.lookahead()
            climb.steps = steps
            return TeleportPlan(
                NullSpaceTeleporter(climb),
                schedule: TeleportSchedule(epochs: 0..<5, batchCount: batches, batchSize: samples))
        }
    }

    /// What is varied.
    enum Quantity: String, CaseIterable, Sendable {
        case steps
        case batches
        case samples

        var path: WritableKeyPath<Setting, Int> & Sendable {
            switch self {
            case .steps: \.steps
            case .batches: \.batches
            case .samples: \.samples
            }
        }
    }

    /// Training without teleports, or with those of a setting.
    enum Arm: Hashable, Sendable {
        case without
        case setting(Setting)

        var text: String {
            switch self {
            case .without: "without"
            case .setting(let setting): setting.text
            }
        }
    }

    /// What is trained, and around which setting others are.
    struct Problem: Sendable {
        var training: RateStudy<Arm>.Problem
        var middle: Setting
        /// The values of each quantity, ascending.
        var values: [Quantity: [Int]]

        /// All settings, each once: the middle, those around it, and NS25's.
        var settings: [Setting] {
            var seen: Set<Setting> = []
            let all =
                [middle] + Quantity.allCases.flatMap(settings(of:)) + [Setting(steps: 8, batches: 32, samples: 32)]
            return all.filter { seen.insert($0).inserted }
        }

        /// The settings that vary in one quantity alone, the middle among them, ascending.
        func settings(of quantity: Quantity) -> [Setting] {
            var values = Set(self.values[quantity] ?? [])
            values.insert(middle[keyPath: quantity.path])
            return values.sorted().map { value in
                var setting = middle
                setting[keyPath: quantity.path] = value
                return setting
            }
        }
    }

    /// How much is trained.
    struct Plan: Sendable {
        var problems: [Problem]
        /// How many seeds are run unless the user names some.
        var seeds: Int
    }

    private let plans: ByScale<Plan>

    /// The study.
    package init() {
        plans = ByScale(quick: Plan(problems: [Self.digits], seeds: 1), paper: Plan(problems: Self.families, seeds: 3))
    }

    private static func problem(
        _ name: String, _ architecture: Architecture, on dataset: DatasetName, samples: Int, rates: [Double],
        middle: Setting, _ values: [Quantity: [Int]]
    ) -> Problem {
        Problem(
            training: .init(
                name: name, architecture: architecture, dataset: dataset, samples: samples, epochs: 4,
                optimizers: [(.sgd, rates)]),
            middle: middle, values: values)
    }

    private static var digits: Problem {
        problem(
            "MLP", .mlp(hidden: [128, 128], activation: .relu), on: .digits, samples: 6000, rates: [1e-2, 0.1],
            middle: Setting(batches: 3),
            [.steps: [1, 2, 4, 8, 16], .batches: [1, 3, 9], .samples: [8, 32, 128]])
    }

    private static var families: [Problem] {
        let rates = [2e-3, 2e-2, 0.1]
        let images: [Quantity: [Int]] = [.steps: [1, 2, 4, 8, 16], .batches: [1, 2, 4, 8], .samples: [8, 32, 128]]
        let tokens: [Quantity: [Int]] = [
            .steps: [1, 2, 4, 8, 16], .batches: [1, 2, 4, 8], .samples: [2, 4, 8, 16, 32],
        ]
        let transformer = Architecture.transformer(TransformerSize(heads: 4, headSize: 16, layers: 2))
        return [
            problem(
                "MLP", .mlp(hidden: [512, 512], activation: .relu), on: .mnist, samples: 20_000, rates: rates,
                middle: Setting(batches: 9),
                [
                    .steps: [1, 2, 4, 8, 16, 32], .batches: [1, 2, 4, 9, 18, 32],
                    .samples: [4, 8, 16, 32, 64, 128, 256],
                ]),
            problem(
                "CNN", .cnn(channels: [16, 32, 64], activation: .relu), on: .cifar10, samples: 4000, rates: rates,
                middle: Setting(batches: 2), images),
            problem(
                "transformer", transformer, on: .ettH1, samples: 640, rates: rates,
                middle: Setting(batches: 2, samples: 8), tokens),
            // The slowest of them, by fewer values.
            problem(
                "ResNet", .resnet(channels: [16, 32]), on: .cifar10, samples: 4000, rates: rates,
                middle: Setting(batches: 2), [.steps: [2, 8, 16], .batches: [1, 2, 4], .samples: [8, 32, 128]]),
            problem(
                "transformer", transformer, on: .pennTreebank, samples: 640, rates: rates,
                middle: Setting(batches: 2, samples: 4),
                [.steps: [2, 8, 16], .batches: [1, 2, 4], .samples: [2, 4, 16]]),
        ]
    }

    /// The study of one plan.
    init(_ plan: Plan) { plans = ByScale(quick: plan, paper: plan) }

    /// `teleport-settings`.
    package var name: String { "teleport-settings" }
    /// None.
    package var paper: String { "This project's own" }
    /// What is varied.
    package var title: String { "What steps, batches and samples of a teleport are worth, at equal work and time." }
    /// A minute.
    package var quickSeconds: Int { 60 }
    /// One data set of those at the scale, too.
    package var options: Set<ReproductionOption> { [.scale, .dataset, .data, .seeds, .dtype, .device] }

    /// Series and texts among them.
    package var takesAnyDataset: Bool { true }

    /// Each that came to its end.
    package var keepsRuns: Bool { true }

    private typealias Case = RateStudy<Arm>.Case

    /// Trains everything.
    ///
    /// - Throws: As `RateStudy.run(_:)`.
    package func run(_ context: ReproductionContext) throws -> ReproductionResult {
        let plan = plans[context.scale]
        let seeds = context.seeds(else: plan.seeds)
        let trainings = RateStudy<Arm>.problems(plan.problems.map(\.training), on: context.dataset)
        let study = RateStudy<Arm>(
            name: name, problems: trainings, seeds: seeds,
            arms: { problem, training in
                let count = training.trainingSamples.count
                let settings = plan.problem(of: problem)?.settings ?? []
                return [.without] + settings.filter { $0.batches * $0.samples <= count }.map(Arm.setting)
            }, text: \.text,
            plan: { arm, _ in
                switch arm {
                case .without: nil
                case .setting(let setting): setting.plan
                }
            })
        return result(try study.run(context), plan, seeds: seeds, context)
    }

    // MARK: Measuring

    /// How a setting does, over the learning rates of a case: losses over those without teleports, as geometric means.
    private struct Score {
        let setting: Setting
        /// After as many epochs.
        let atEqualEpochs: Statistic
        /// After as many gradients.
        let atEqualWork: Statistic
        /// In the same time.
        let atEqualTime: Statistic
        /// The gradients of a run over those without teleports.
        let work: Double
        /// The share of the time that is in teleports.
        let teleportShare: Double
    }

    private static func scores(_ problem: Case) -> [Score] {
        let plain = problem.runs(of: .without)
        return problem.arms.compactMap { arm -> Score? in
            guard case .setting(let setting) = arm else { return nil }
            let runs = problem.runs(of: arm)
            // Of each seed over the rates, so that the spread is that of what is compared.
            func ratios(_ loss: (_ run: Run, _ plain: Run) -> Double) -> Statistic {
                let seeds = runs.map(\.runs.count).min() ?? 0
                return Statistic(
                    of: (0..<seeds).map { seed in
                        let logarithms = zip(runs, plain).map { run, plain in
                            log(loss(run.runs[seed], plain.runs[seed]) / problem.loss(of: plain.runs[seed]))
                        }
                        return exp(logarithms.reduce(0, +) / Double(logarithms.count))
                    })
            }
            let cost = problem.cost(of: runs.flatMap(\.runs))
            return Score(
                setting: setting, atEqualEpochs: ratios { run, _ in problem.loss(of: run) },
                atEqualWork: ratios { run, _ in problem.lossAtEqualWork(of: run) },
                atEqualTime: ratios { run, plain in
                    run.loss(
                        at: plain.epochs.last?.seconds ?? .nan, of: \.seconds, ofEpochs: problem.problem.epochs)
                },
                work: cost.work,
                teleportShare: cost.teleportShare)
        }
    }

    // MARK: Reporting

    private func result(
        _ cases: [Case], _ plan: Plan, seeds: [Int], _ context: ReproductionContext
    ) -> ReproductionResult {
        let scored = cases.map { (problem: $0, scores: Self.scores($0)) }
        var result = ReproductionResult(
            configuration: [
                "seeds": .integers(seeds), "threads": .integer(Libtorch.threadCount),
                "dtype": .string("\(context.dtype)"), "device": .string(context.device.description),
                "problems": .array(
                    cases.map { problem in
                        var configuration = problem.problem.configuration
                        configuration["optimizer"] = .string(problem.optimizer.text)
                        configuration["learning-rates"] = .numbers(problem.rates.map(\.rate))
                        configuration["teleports"] = .string(plan.problem(of: problem.problem)?.middle.text ?? "")
                        return .object(configuration)
                    }),
            ],
            sections: scored.map { problem, scores in
                .init(
                    "\(problem.name): training loss over that without teleports", Self.table(scores),
                    note:
                        "geometric means over the learning rates \(problem.rates.map { $0.rate.significant(2) }.joined(separator: ", ")); "
                        + "a setting is steps x batches x samples, no more than the data; at as many gradients one may still be in its first epoch"
                )
            },
            figures: [], values: [:], claimant: "NS25",
            claim: "8 steps on 32 batches of 32 samples, whose cost is negligible.",
            findings: scored.compactMap { Self.finding($0.problem, $0.scores, plan) })
        for (problem, scores) in scored {
            result.values[problem.name] = .object(
                Dictionary(uniqueKeysWithValues: scores.map { ($0.setting.text, Self.value($0)) }))
        }
        if !scored.isEmpty {
            result.figures = [
                .init(
                    "loss-at-equal-work",
                    Figure(panels: Quantity.allCases.map { Self.chart($0, scored, plan, \.atEqualWork) })),
                .init(
                    "loss-at-equal-time",
                    Figure(panels: Quantity.allCases.map { Self.chart($0, scored, plan, \.atEqualTime) })),
            ]
        }
        return result
    }

    private static func value(_ score: Score) -> JSONValue {
        [
            "lossAtEqualEpochs": .number(score.atEqualEpochs.mean), "lossAtEqualWork": .number(score.atEqualWork.mean),
            "lossAtEqualTime": .number(score.atEqualTime.mean), "work": .number(score.work),
            "teleportShare": .number(score.teleportShare),
        ]
    }

    private static func table(_ scores: [Score]) -> Table {
        func text(_ ratio: Statistic, of score: Score) -> String {
            if ratio.mean.isFinite { return ratio.text() }
            return score.atEqualEpochs.mean.isFinite ? "before its first epoch" : "diverged"
        }
        return Table(
            columns: [
                .init("setting", alignment: .left), .init("after as many epochs"), .init("as many gradients"),
                .init("in the same time"), .init("gradients"), .init("time in teleports"),
            ],
            rows: scores.map { score in
                [
                    score.setting.text, text(score.atEqualEpochs, of: score), text(score.atEqualWork, of: score),
                    text(score.atEqualTime, of: score),
                    score.work.significant(3), score.teleportShare.percent(2),
                ]
            })
    }

    private static func finding(_ problem: Case, _ scores: [Score], _ plan: Plan) -> String? {
        let finite = scores.filter { $0.atEqualWork.mean.isFinite }
        guard
            let best = finite.min(by: { $0.atEqualWork.mean < $1.atEqualWork.mean }),
            let middle = scores.first(where: { $0.setting == plan.problem(of: problem.problem)?.middle })
        else { return nil }
        return "\(problem.name): at as many gradients \(middle.setting.text) comes to "
            + "\(middle.atEqualWork.mean.significant(3)) of the loss without teleports, with "
            + "\(middle.teleportShare.percent(2)) of the time in them; the best of all is \(best.setting.text), with "
            + "\(best.atEqualWork.mean.significant(3)) and \(best.teleportShare.percent(2))."
    }

    /// The loss over that without teleports against one quantity, a line for each case.
    private static func chart(
        _ quantity: Quantity, _ scored: [(problem: Case, scores: [Score])], _ plan: Plan,
        _ ratio: (Score) -> Statistic
    ) -> LineChart {
        LineChart(
            title: "loss over that without teleports", horizontalLabel: "\(quantity.rawValue) (logarithmic)",
            isHorizontallyLogarithmic: true,
            series: scored.map { problem, scores in
                let settings = plan.problem(of: problem.problem)?.settings(of: quantity) ?? []
                let known = settings.compactMap { setting in scores.first { $0.setting == setting } }
                return LineChart.Series(
                    name: problem.name, x: known.map { Double($0.setting[keyPath: quantity.path]) },
                    y: known.map(ratio))
            })
    }
}

extension TeleportSettings.Plan {
    /// What is varied where something is trained, on whatever data.
    fileprivate func problem(
        of training: RateStudy<TeleportSettings.Arm>.Problem
    ) -> TeleportSettings.Problem? {
        problems.first { $0.training.name == training.name && $0.training.dataset == training.dataset }
            ?? problems.first { $0.training.name == training.name }
    }
}
