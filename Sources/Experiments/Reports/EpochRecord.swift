import Reporting

/// What was measured at the end of one epoch.
package struct EpochRecord: Codable, Equatable, Sendable {
    /// How many epochs were complete: 1 after the first. A record of the model before training has 0.
    package var epoch: Int
    /// The loss on the training data; not finite when training diverged.
    @JSONNumber package var trainLoss: Double
    /// The loss on the test data.
    @JSONNumber package var testLoss: Double
    /// The fraction of the test data's classes or tokens predicted correctly, between 0 and 1; nil for regression.
    @JSONNumber package var testAccuracy: Double?
    /// The perplexity of the test data, `exp(testLoss)`; nil, and absent from the JSON, where the model is none of language
    /// or training diverged.
    package var testPerplexity: Double?
    /// The squared norm, over all trainable parameters, of the gradient of the loss on 1,000 training samples, or all
    /// if there are fewer.
    @JSONNumber package var gradientNormSquared: Double
    /// Wall-clock seconds of training so far, teleports included and evaluation left out.
    @JSONNumber package var seconds: Double
    /// The part of `seconds` that went into teleports, also counted from the start of training.
    @JSONNumber package var teleportSeconds: Double
    /// What training has computed so far, in gradients of a training batch: steps, those of trials too, and what teleports and
    /// their guards passed through the model; see ``TeleportReport/gradientEvaluations``. Nil in records of a time that did not
    /// count.
    package var gradientEvaluations: Double?

    /// A record of its measurements.
    package init(
        epoch: Int, trainLoss: Double, testLoss: Double, testAccuracy: Double? = nil, testPerplexity: Double? = nil,
        gradientNormSquared: Double,
        seconds: Double, teleportSeconds: Double, gradientEvaluations: Double? = nil
    ) {
        self.epoch = epoch
        self.trainLoss = trainLoss
        self.testLoss = testLoss
        self.testAccuracy = testAccuracy
        self.testPerplexity = testPerplexity.flatMap { $0.isFinite ? $0 : nil }
        self.gradientNormSquared = gradientNormSquared
        self.seconds = seconds
        self.teleportSeconds = teleportSeconds
        self.gradientEvaluations = gradientEvaluations
    }
}

extension Collection<EpochRecord> {
    /// The share of the time that is in teleports, over the runs up to these records.
    package var teleportShare: Double { map(\.teleportSeconds).reduce(0, +) / map(\.seconds).reduce(0, +) }
}

extension EpochRecord: CustomStringConvertible {
    /// The losses, what else is known of the test data, and the seconds, in one line.
    package var description: String {
        var text = "train loss \(trainLoss.significant())"
        if testLoss.isFinite { text += ", test loss \(testLoss.significant())" }
        if let testPerplexity { text += ", perplexity \(testPerplexity.significant())" }
        if let testAccuracy { text += ", accuracy \(testAccuracy.percent())" }
        return text + ", \(seconds.significant(3)) s"
    }
}
