import Datasets
import Experiments
import Foundation
import Reporting
import Testing

@testable import Reproductions

@Suite struct LookaheadStudyTests {
    private static let study = LookaheadStudy(
        LookaheadStudy.Plan(
            problems: [
                LookaheadStudy.Problem(
                    name: "tiny", architecture: .mlp(hidden: [40, 30], activation: .relu), dataset: .digits,
                    samples: 320, epochs: 3, optimizers: [(.sgd, [0.01, 0.2])]),
                LookaheadStudy.Problem(
                    name: "curved", architecture: .mlp(hidden: [20], activation: .tanh), dataset: .digits, samples: 96,
                    epochs: 2, optimizers: [(.adam, [1e-3])]),
            ], teleportEpochs: 2, teleportBatches: 1, trialSteps: 4, seeds: 2))

    private func value(_ result: ReproductionResult, _ path: [String]) -> JSONValue? {
        path.reduce(JSONValue.object(result.values)) { value, name in
            if case .object(let object)? = value { object[name] } else { nil }
        }
    }

    private func number(_ value: JSONValue?) -> Double {
        switch value {
        case .number(let number): number
        case .integer(let number): Double(number)
        default: .nan
        }
    }

    @Test("All arms start from the same weights, and what they cost and what they come to follows from their records")
    func scores() throws {
        let result = try Self.study.run(ReproductionContext(scale: .quick, dtype: .float64))
        let (name, curved) = ("tiny on digits, sgd", "curved on digits, adam")
        #expect(Set(result.values.keys) == [name, curved])
        #expect(
            result.sections.count == 4
                && result.figures.map(\.name) == ["loss-over-rates", "loss-over-work", "seconds-over-rates"])
        // Units before tanh cannot be rescaled.
        #expect(result.sections[1].table.rows.count == 9 && result.sections[3].table.rows.count == 7)
        #expect(result.findings.count == 8 + 6)
        let coder = (encoder: JSONEncoder(), decoder: JSONDecoder())
        func arm(_ rate: String, _ arm: String) throws -> ArmRecord {
            let json = try #require(value(result, [name, "rates", rate, arm]))
            return try coder.decoder.decode(ArmRecord.self, from: coder.encoder.encode(json))
        }
        var plain: [Double] = []
        for rate in ["0.0100000", "0.200000"] {
            let without = try arm(rate, "without")
            #expect(without.seeds == [0, 1] && without.runs.allSatisfy { $0.teleports.isEmpty })
            // Ten batches an epoch.
            for run in without.runs { #expect(run.epochs.map(\.gradientEvaluations) == [10, 20, 30]) }
            plain.append(without.runs.map { $0.epochs[2].trainLoss }.reduce(0, +) / 2)
            for other in ["lookahead, no guards", "gradient norm, as published"] {
                for run in try arm(rate, other).runs {
                    let teleports = run.teleports.map(\.gradientEvaluations)
                    #expect(run.teleports.map(\.epoch) == [0, 1] && teleports.allSatisfy { $0 > 1 })
                    let work = try #require(run.epochs[2].gradientEvaluations)
                    #expect(abs(work - 30 - teleports.reduce(0, +)) < 1e-9)
                }
            }
        }
        let regret = number(value(result, [name, "scores", "without", "regret"]))
        let best = try #require(plain.min())
        #expect(abs(regret - (plain[0] / best * plain[1] / best).squareRoot()) < 1e-12)
        #expect(number(value(result, [name, "scores", "without", "work"])) == 1)
        #expect(number(value(result, [name, "scores", "lookahead", "work"])) > 1)
        // At the work of 30 gradients, between two epochs of the run.
        let runs = try arm("0.0100000", "lookahead, no guards").runs
        let losses = try runs.map { run in
            let points = try run.epochs.map { (try #require($0.gradientEvaluations), $0.trainLoss) }
            let after = try #require(points.firstIndex { $0.0 >= 30 })
            let (a, b) = (points[after - 1], points[after])
            return a.1 + (30 - a.0) / (b.0 - a.0) * (b.1 - a.1)
        }
        guard
            case .array(let equal)? = value(result, [name, "scores", "lookahead, no guards", "lossesAtEqualWork"])
        else { throw CocoaError(.coderValueNotFound) }
        #expect(abs(number(equal[0]) - losses.reduce(0, +) / 2) < 1e-12)
    }

    @Test("Finished runs are kept, and not run again")
    func keepsRuns() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lookahead-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var context = ReproductionContext(scale: .quick, seeds: Seeds([0]), dtype: .float64, runs: folder)
        let (name, rate) = ("tiny on digits, sgd", "0.0100000")
        // Ended after some runs: of the rate there is nothing to compare yet, and what was run is kept.
        var asked = 0
        context.isCancelled = {
            asked += 1
            return asked > 150
        }
        let begun = try Self.study.run(context)
        #expect(value(begun, [name, "rates", "0.200000"]) == nil)
        let kept = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        #expect(!kept.isEmpty && kept.allSatisfy { $0.hasPrefix("lookahead, tiny on digits, sgd 0.010/") }, "\(kept)")
        context.isCancelled = { false }
        let whole = try Self.study.run(context)
        // Times tell a run from its repetition.
        let again = try Self.study.run(context)
        let first = try #require(value(whole, [name, "rates", rate, "lookahead"]))
        #expect(value(again, [name, "rates", rate, "lookahead"]) == first)
        context.dtype = .float32
        #expect(throws: CheckpointError.self) { try Self.study.run(context) }
    }

    @Test("One data set of the scale's can be named")
    func oneDataset() throws {
        var context = ReproductionContext(scale: .quick)
        context.dataset = .digits
        context.isCancelled = { true }
        let result = try Self.study.run(context)
        #expect(result.values.isEmpty && result.figures.isEmpty)
    }
}
