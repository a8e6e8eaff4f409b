import Experiments
import Foundation
import Reporting
import Teleportation
import Testing

@testable import Reproductions

@Suite struct GeneralizationReproductionTests {
    @Test("Each network is trained by itself, and its measures are those that the library computes (PS24 Table 1)")
    func correlation() throws {
        let plan = ValidationLossCorrelation.Plan(
            problems: [.init(dataset: .digits, hidden: [6, 5], learningRate: 0.02, published: (0.7, -0.1))],
            networks: 5,
            samples: 200, epochs: 2, directions: 3, sharpnessSamples: 50, curvatureSamples: 20)
        let reproduction = ValidationLossCorrelation(plan)
        let result = try reproduction.run(ReproductionContext(scale: .quick, dtype: .float64))
        #expect(reproduction.name == "ps24-table-1" && ValidationLossCorrelation(.curvature).name == "ps24-figure-10")
        #expect(result.figures.map(\.name) == ["digits-sharpness", "digits-sharpness-rise", "digits-curvature"])
        #expect(result.sections[0].table.rows.map { $0[2] } == ["5", "5", "5"])
        guard case .array(let networks)? = result.values["digits"] else { throw Missing() }
        #expect(networks.count == 5)
        func numbers(_ key: String) -> [Double] {
            networks.map {
                if case .object(let values) = $0, case .number(let number)? = values[key] { number } else { .nan }
            }
        }
        let (losses, sharpness) = (numbers("validationLoss"), numbers("sharpness"))
        #expect(Set(losses).count == 5 && numbers("curvature").allSatisfy { $0 > 0 })
        let correlation = Correlation(of: sharpness, with: losses)
        #expect(result.sections[0].table.rows[0][5] == correlation.text)
        // Each on a thread of its own, and the same as alone.
        let alone = try reproduction.run(
            ReproductionContext(scale: .quick, seeds: Seeds([3]), dtype: .float64))
        guard case .array(let one)? = alone.values["digits"] else { throw Missing() }
        #expect(one[0] == networks[3])
    }

    private struct Missing: Error {}

    @Test("Objectives go the way that their arm says (PS24 Figure 4)")
    func generalization() throws {
        let plan = GeneralizationWithSymmetry.Plan(
            size: .init(samples: 200, hidden: [8, 6], epochs: 3, seeds: 2), epoch: 1, batchSize: 40, learningRate: 0.02)
        let result = try GeneralizationWithSymmetry(plan).run(
            ReproductionContext(scale: .quick, dataset: .digits, dtype: .float64))
        #expect(result.values.count == 9 && result.findings.count == 8)
        let coder = (encoder: JSONEncoder(), decoder: JSONDecoder())
        for measure in ["sharpness", "curvature"] {
            for sense in ["increase", "decrease"] {
                let json = try #require(result.values["\(sense) \(measure)"])
                let arm = try coder.decoder.decode(ArmRecord.self, from: coder.encoder.encode(json))
                let teleports = arm.runs.flatMap(\.teleports).filter { !$0.isRestored && $0.steps > 0 }
                #expect(!teleports.isEmpty, "\(sense) \(measure)")
                for teleport in teleports {
                    let (before, after) = (
                        try #require(teleport.objectiveBefore), try #require(teleport.objectiveAfter)
                    )
                    #expect((after > before) == (sense == "increase"), "\(sense) \(measure): \(before) to \(after)")
                    #expect(teleport.epoch == 1 && teleport.relativeDrift < 0.01)
                }
            }
        }
    }

    @Test("What becomes of the velocity tells three runs apart only after the teleport (PS24 Figure 12)")
    func momentum() throws {
        let result = MomentumWithSymmetry(steps: 40).run(
            ReproductionContext(scale: .quick, seeds: Seeds([0, 1]), dtype: .float64))
        #expect(result.values.count == 7 && result.findings.count == 5)
        func losses(_ key: String) -> [JSONValue] {
            guard case .array(let runs)? = result.values[key], case .array(let losses)? = runs.first else { return [] }
            return losses
        }
        let ways = ["momentum-kept", "momentum-teleported", "momentum-reset"].map(losses)
        for way in ways {
            #expect(way.count == 40 && way.prefix(5) == losses("momentum").prefix(5))
            #expect(way[30] != losses("momentum")[30])
        }
        #expect(ways[0][30] != ways[1][30] && ways[1][30] != ways[2][30] && ways[0][30] != ways[2][30])
        #expect(losses("AdaGrad-gradient-norm")[30] != losses("AdaGrad-preconditioned-norm")[30])
    }
}
