import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Reporting
import Teleportation
import TextForms

/// Ways to train beside each other, from the same weights on the same batches, on several problems, with several optimizers, over
/// their learning rates.
struct RateStudy<Arm: Equatable> {
    /// What is trained.
    struct Problem: Sendable {
        /// For people.
        var name: String
        var architecture: Architecture
        var dataset: DatasetName
        /// The samples to train on; nil for all of them.
        var samples: Int?
        var batchSize = 32
        var epochs: Int
        /// Each optimizer with its learning rates, ascending.
        var optimizers: [(optimizer: OptimizerOption, rates: [Double])]

        /// What a record says of it.
        var configuration: [String: JSONValue] {
            [
                "name": .string(name), "model": .string(architecture.text), "dataset": .string(dataset.rawValue),
                "training-samples": samples.map { .integer($0) } ?? .string("all"), "batch-size": .integer(batchSize),
                "epochs": .integer(epochs),
            ]
        }
    }

    /// The runs of an arm at one learning rate.
    typealias Runs = Study<Arm>.Result<Run>

    /// The runs of one problem with one optimizer.
    struct Case {
        let problem: Problem
        let optimizer: OptimizerOption
        /// The gradients of a run without teleports.
        let work: Double
        /// The arms at each learning rate, ascending.
        var rates: [(rate: Double, arms: [Runs])] = []

        /// For people.
        var name: String { "\(problem.name) on \(problem.dataset.rawValue), \(optimizer.text)" }

        /// The arms that there are.
        var arms: [Arm] { rates.first?.arms.map(\.arm) ?? [] }

        /// The runs of an arm at each learning rate.
        func runs(of arm: Arm) -> [(rate: Double, runs: [Run])] {
            rates.compactMap { rate, arms in arms.first { $0.arm == arm }.map { (rate, $0.runs) } }
        }

        /// The last training loss of a run.
        func loss(of run: Run) -> Double { run.lastLoss(ofEpochs: problem.epochs) }

        /// The training loss of a run after as many gradients as one without teleports computes.
        func lossAtEqualWork(of run: Run) -> Double {
            run.loss(at: work, of: Self.work, ofEpochs: problem.epochs)
        }

        /// What runs cost: their gradients over those of one without teleports, and the share of their time that is in teleports.
        func cost(of runs: [Run]) -> (work: Double, teleportShare: Double) {
            let ends = runs.compactMap(\.epochs.last)
            return (Statistic(of: ends.map(Self.work)).mean / work, ends.teleportShare)
        }

        /// The work of a run, in gradients of a training batch.
        static func work(_ record: EpochRecord) -> Double { record.gradientEvaluations ?? .nan }
    }

    /// What the runs are called that a folder keeps.
    let name: String
    let problems: [Problem]
    let seeds: [Int]
    /// The arms of a problem's training.
    let arms: (Problem, Training) -> [Arm]
    /// The name of an arm.
    let text: (Arm) -> String
    /// The teleports of an arm before an optimizer; nil for none.
    let plan: (Arm, OptimizerOption) -> TeleportPlan?

    /// The problems of a data set alone, or the first one on it where it is that of none.
    static func problems(_ all: [Problem], on dataset: DatasetName?) -> [Problem] {
        guard let dataset else { return all }
        let known = all.filter { $0.dataset == dataset }
        return (known.isEmpty ? Array(all.prefix(1)) : known).map { problem in
            var problem = problem
            problem.dataset = dataset
            return problem
        }
    }

    /// Trains everything. Of a rate at which the study was stopped there is nothing to compare, and no case.
    ///
    /// - Throws: `DatasetError` if the data are missing or damaged, `ArchitectureError` if a model cannot be trained on
    ///   them, and `CheckpointError` if a kept run is another one.
    func run(_ context: ReproductionContext) throws -> [Case] {
        let trainings = try trainings(context)
        guard var job = trainings.map({ $0.training.job(runs: 1) }).max(by: { $0.batches < $1.batches }) else {
            return []
        }
        let studies = trainings.map {
            Study(arms($0.problem, $0.training), seeds: seeds, alternates: true)
        }
        job.runs = studies.map(\.runCount).reduce(0, +)
        let progress = context.progress(job)
        defer { progress.finish() }
        var cases: [Case] = []
        var finished = 0
        for ((problem, optimizer, rate, data, training), study) in zip(trainings, studies) where !context.isCancelled()
        {
            let at = "\(optimizer.text) \(rate.significant(2))"
            var isWarm = false
            let arms = try study.run(isCancelled: context.isCancelled) { arm, seed, number -> Run? in
                let teleports = plan(arm, optimizer)
                return try context.run(
                    text(arm), of: "\(name), \(problem.name) on \(data.name), \(at)", seed: seed,
                    epochs: problem.epochs,
                    options: training.configuration.options(teleports ?? Self.noTeleports, on: data), on: progress
                ) {
                    if !isWarm { training.warmUp() }
                    isWarm = true
                    return try training.run(
                        seed: seed, plan: teleports, arm: "\(at), \(text(arm))", number: finished + number,
                        on: progress,
                        isCancelled: context.isCancelled)
                }
            }
            finished += arms.map(\.runs.count).reduce(0, +)
            let next = Case(
                problem: problem, optimizer: optimizer, work: Double(problem.epochs * training.batchesPerEpoch))
            if cases.last?.name != next.name { cases.append(next) }
            guard arms.allSatisfy({ $0.runs.count == seeds.count }) else { continue }
            cases[cases.count - 1].rates.append((rate, arms))
        }
        return cases.filter { !$0.rates.isEmpty }
    }

    /// What stands in the options of a run without teleports; none of it is heeded.
    private static var noTeleports: TeleportPlan {
        TeleportPlan(
            NullSpaceTeleporter(Climb()), schedule: TeleportSchedule(epochs: 0..<0, batchCount: 1), controlSamples: 0,
            trialSteps: 0)
    }

    private typealias OneTraining = (
        problem: Problem, optimizer: OptimizerOption, rate: Double, data: Split<any Dataset>, training: Training
    )

    private func trainings(_ context: ReproductionContext) throws -> [OneTraining] {
        var data: [DatasetName: Split<any Dataset>] = [:]
        for problem in problems {
            let all = try data[problem.dataset] ?? context.data(problem.dataset)
            try problem.architecture.check(inputShape: all.inputShape, task: all.task)
            data[problem.dataset] = all
        }
        return problems.flatMap { problem -> [OneTraining] in
            guard let all = data[problem.dataset] else { return [] }
            let split =
                problem.samples.map { Split(name: all.name, train: all.train.thinned(to: $0), test: all.test) } ?? all
            return problem.optimizers.flatMap { optimizer, rates in
                rates.map { rate in
                    let configuration = TrainingConfiguration(
                        architecture: problem.architecture, optimizer: optimizer, learningRate: rate,
                        batchSize: problem.batchSize, epochs: problem.epochs, dtype: context.dtype,
                        device: context.device)
                    return (problem, optimizer, rate, split, Training(configuration, on: split))
                }
            }
        }
    }
}
