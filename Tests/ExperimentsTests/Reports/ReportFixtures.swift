import Foundation
import Teleportation

@testable import Experiments

/// A run whose epochs have the given losses and take ten seconds each.
func run(
    _ trainLosses: [Double], test: [Double]? = nil, accuracy: Double? = nil, perplexity: Double? = nil,
    secondsPerEpoch: Double = 10,
    teleportShare: Double = 0, teleports: [TeleportRecord] = []
) -> Run {
    Run(
        epochs: trainLosses.enumerated().map { index, loss in
            let seconds = Double(index + 1) * secondsPerEpoch
            return EpochRecord(
                epoch: index + 1, trainLoss: loss, testLoss: test?[index] ?? loss, testAccuracy: accuracy,
                testPerplexity: perplexity,
                gradientNormSquared: 0.5, seconds: seconds, teleportSeconds: teleportShare * seconds)
        }, teleports: teleports)
}

/// An arm with the seeds 0, 1, ...
func arm(_ runs: Run...) -> ArmRecord {
    ArmRecord(seeds: Array(runs.indices), runs: runs)
}

/// One teleport.
func teleport(
    epoch: Int = 0, lossBefore: Double = 2, lossAfter: Double = 2, restored: Bool = false, reason: String? = nil
) -> TeleportRecord {
    var report = TeleportReport(lossBefore: lossBefore)
    report.steps = 8
    report.lossAfter = lossAfter
    report.gradientNormSquaredBefore = 0.25
    report.gradientNormSquaredAfter = 0.75
    report.freeDimensions = ["layers.1": 993]
    report.restored = restored ? .recorded(reason ?? "") : nil
    report.seconds = 0.5
    return TeleportRecord(report, epoch: epoch, step: 0, batch: 0)
}

/// A summary of two arms.
func summary(_ baseline: ArmRecord, _ teleport: ArmRecord) -> Summary {
    Summary(
        configuration: ["model": "mlp:1024,1024", "learningRate": 0.1, "epochs": 5, "seeds": [0, 1], "tau": nil],
        environment: Summary.Environment(
            version: "0.1.0", libtorchVersion: "2.13.0", threads: 2, device: "cpu", dtype: "float32",
            processor: "a processor", date: Date(timeIntervalSince1970: 1_700_000_000)),
        baseline: baseline, teleport: teleport)
}
