import Datasets
import Experiments
import Foundation
import NeuralNetworks
import Reporting
import Teleportation
import Testing

@testable import Reproductions

@Suite struct TeleportSettingsTests {
    private typealias Setting = TeleportSettings.Setting

    private static let problem = TeleportSettings.Problem(
        training: .init(
            name: "tiny", architecture: .mlp(hidden: [40, 30], activation: .relu), dataset: .digits, samples: 640,
            epochs: 5, optimizers: [(.sgd, [0.01, 0.1])]),
        middle: Setting(steps: 2, batches: 2, samples: 8),
        values: [.steps: [1, 2], .batches: [4, 8], .samples: [16, 64]])

    @Test("Each quantity is varied by itself around the middle, once, beside NS25's setting")
    func settings() {
        let texts = Self.problem.settings.map(\.text)
        #expect(
            texts == ["2 x 2 x 8", "1 x 2 x 8", "2 x 4 x 8", "2 x 8 x 8", "2 x 2 x 16", "2 x 2 x 64", "8 x 32 x 32"])
        #expect(Self.problem.settings(of: .samples).map(\.samples) == [8, 16, 64])
    }

    @Test("Ratios are those of trainings run by hand; a setting of more than the data is left out")
    func ratios() throws {
        let study = TeleportSettings(TeleportSettings.Plan(problems: [Self.problem], seeds: 2))
        let result = try study.run(ReproductionContext(scale: .quick, dtype: .float64))
        guard case .object(let scores)? = result.values["tiny on digits, sgd"] else {
            throw CocoaError(.coderValueNotFound)
        }
        #expect(Set(scores.keys) == ["2 x 2 x 8", "1 x 2 x 8", "2 x 4 x 8", "2 x 8 x 8", "2 x 2 x 16", "2 x 2 x 64"])
        #expect(result.figures.map(\.name) == ["loss-at-equal-work", "loss-at-equal-time"])
        #expect(result.sections.first?.table.rows.count == 6 && result.findings.count == 1)

        let setting = Setting(steps: 1, batches: 2, samples: 8)
        let all = try Catalog().dataset(.digits)
        let data = Split(name: all.name, train: all.train.thinned(to: 640), test: all.test)
        var ratios: [(epochs: Double, work: Double)] = []
        for seed in 0..<2 {
            var logarithms = (epochs: 0.0, work: 0.0)
            for rate in [0.01, 0.1] {
                let training = Training(
                    TrainingConfiguration(
                        architecture: Self.problem.training.architecture, optimizer: .sgd, learningRate: rate,
                        batchSize: 32, epochs: 5, dtype: .float64, device: .cpu), on: data)
                let plain = try training.run(seed: seed, plan: nil).epochs
                let run = try training.run(seed: seed, plan: setting.plan).epochs
                #expect(plain.last?.gradientEvaluations == 100)
                let places = run.compactMap(\.gradientEvaluations)
                let after = try #require(places.firstIndex { $0 >= 100 })
                #expect(after > 0)
                let share = (100 - places[after - 1]) / (places[after] - places[after - 1])
                let atWork = run[after - 1].trainLoss + share * (run[after].trainLoss - run[after - 1].trainLoss)
                logarithms.epochs += log(run[4].trainLoss / plain[4].trainLoss) / 2
                logarithms.work += log(atWork / plain[4].trainLoss) / 2
            }
            ratios.append((exp(logarithms.epochs), exp(logarithms.work)))
        }
        guard
            case .object(let score)? = scores[setting.text],
            case .number(let atEqualEpochs)? = score["lossAtEqualEpochs"],
            case .number(let atEqualWork)? = score["lossAtEqualWork"], case .number(let work)? = score["work"]
        else { throw CocoaError(.coderValueNotFound) }
        #expect(abs(atEqualEpochs - (ratios[0].epochs + ratios[1].epochs) / 2) < 1e-12)
        #expect(abs(atEqualWork - (ratios[0].work + ratios[1].work) / 2) < 1e-12)
        #expect(work > 1)
    }

    @Test("A setting that is still in its first epoch at as many gradients is no training that diverged")
    func dearSetting() throws {
        var problem = Self.problem
        problem.training.optimizers = [(.sgd, [0.01])]
        problem.training.epochs = 1
        problem.values = [:]
        let study = TeleportSettings(TeleportSettings.Plan(problems: [problem], seeds: 1))
        let table = try study.run(ReproductionContext(scale: .quick, dtype: .float64)).sections[0].table
        #expect(table.rows.count == 1 && table.rows[0][0] == "2 x 2 x 8")
        // Whether teleports help so small a training is not what is asked.
        #expect(Double(table.rows[0][1]) != nil, "\(table.rows[0])")
        #expect(table.rows[0][2] == "before its first epoch")
    }

    @Test("On a data set are the problems that have it, or else the first")
    func otherData() {
        typealias Problem = RateStudy<TeleportSettings.Arm>.Problem
        func problem(_ name: String, _ dataset: DatasetName) -> Problem {
            Problem(
                name: name, architecture: Self.problem.training.architecture, dataset: dataset, epochs: 1,
                optimizers: [])
        }
        let all = [problem("a", .digits), problem("b", .mnist), problem("c", .mnist)]
        func names(_ dataset: DatasetName?) -> [String] {
            RateStudy<TeleportSettings.Arm>.problems(all, on: dataset).map { "\($0.name) \($0.dataset.rawValue)" }
        }
        #expect(names(nil) == ["a digits", "b mnist", "c mnist"])
        #expect(names(.mnist) == ["b mnist", "c mnist"])
        #expect(names(.fashionMNIST) == ["a fashion-mnist"])
    }
}
