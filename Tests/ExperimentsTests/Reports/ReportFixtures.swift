import Foundation

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
func arm(_ runs: Run...) -> Arm {
    Arm(seeds: Array(runs.indices), runs: runs)
}

/// One teleport.
func teleport(
    epoch: Int = 0, lossBefore: Double = 2, lossAfter: Double = 2, restored: Bool = false, reason: String? = nil
) -> TeleportRecord {
    TeleportRecord(
        epoch: epoch, batch: 0, steps: 8, lossBefore: lossBefore, lossAfter: lossAfter, gradientNormSquaredBefore: 0.25,
        gradientNormSquaredAfter: 0.75, freeDimensions: ["layers.1": 993], restored: restored, reason: reason,
        seconds: 0.5)
}

/// A summary of two arms.
func summary(_ baseline: Arm, _ teleport: Arm) -> Summary {
    Summary(
        configuration: ["model": "mlp:1024,1024", "learningRate": 0.1, "epochs": 5, "seeds": [0, 1], "tau": nil],
        environment: Summary.Environment(
            version: "0.1.0", libtorchVersion: "2.13.0", threads: 2, device: "cpu", dtype: "float32",
            processor: "a processor", date: Date(timeIntervalSince1970: 1_700_000_000)),
        baseline: baseline, teleport: teleport)
}
