import Testing

@testable import Experiments

@Suite struct EpochRecordTests {
    private let record = EpochRecord(
        epoch: 3, trainLoss: 0.0716, testLoss: 0.25, testAccuracy: 0.9786, testPerplexity: 1.284,
        gradientNormSquared: 1, seconds: 12.34, teleportSeconds: 0)

    @Test func saysWhatIsKnown() {
        #expect("\(record)" == "train loss 0.07160, test loss 0.2500, perplexity 1.284, accuracy 97.86 %, 12.3 s")
        var record = record
        record.testLoss = .nan
        record.testPerplexity = nil
        record.testAccuracy = nil
        #expect("\(record)" == "train loss 0.07160, 12.3 s")
    }
}
