/// What was measured at the end of one epoch.
public struct EpochRecord: Codable, Equatable, Sendable {
    /// How many epochs were complete: 1 after the first. A record of the model before training has 0.
    public var epoch: Int
    /// The loss on the training data; not finite when training diverged.
    @JSONNumber public var trainLoss: Double
    /// The loss on the test data.
    @JSONNumber public var testLoss: Double
    /// The fraction of the test data classified correctly, between 0 and 1; nil for regression.
    @JSONNumber public var testAccuracy: Double?
    /// The squared norm, over all trainable parameters, of the gradient of the loss on the first 1,000 training samples.
    @JSONNumber public var gradientNormSquared: Double
    /// Wall-clock seconds of training so far, teleports included and evaluation left out.
    @JSONNumber public var seconds: Double
    /// The part of `seconds` that went into teleports, also counted from the start of training.
    @JSONNumber public var teleportSeconds: Double

    /// A record of its measurements.
    public init(
        epoch: Int, trainLoss: Double, testLoss: Double, testAccuracy: Double? = nil, gradientNormSquared: Double,
        seconds: Double, teleportSeconds: Double
    ) {
        self.epoch = epoch
        self.trainLoss = trainLoss
        self.testLoss = testLoss
        self.testAccuracy = testAccuracy
        self.gradientNormSquared = gradientNormSquared
        self.seconds = seconds
        self.teleportSeconds = teleportSeconds
    }
}
