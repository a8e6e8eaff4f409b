import Reporting

/// When each arm first has a loss as low as the baseline's final one.
///
/// Both arms are read off their mean curves over seeds, the ones that the figures show, linear between epochs, and by the
/// same rule: a baseline that overfits passes its final test loss long before it ends, and that earlier moment counts.
package struct Reach: Codable, Equatable, Sendable {
    /// The loss to reach: the mean over seeds of the baseline's loss after its last epoch.
    @JSONNumber package var loss: Double
    /// Epochs that the baseline needs.
    @JSONNumber package var baselineEpochs: Double
    /// Epochs that training with teleportation needs.
    @JSONNumber package var teleportEpochs: Double
    /// Wall-clock seconds that the baseline needs.
    @JSONNumber package var baselineSeconds: Double
    /// Wall-clock seconds that training with teleportation needs, teleports included.
    @JSONNumber package var teleportSeconds: Double
    /// Whether the first record with teleportation is already there: the true moment is earlier, the speed-ups larger.
    package var isUpperBound: Bool

    /// How many times fewer epochs teleportation needs; below 1 when it needs more.
    package var epochSpeedUp: Double { baselineEpochs / teleportEpochs }
    /// How many times less time teleportation needs; below 1 when it needs more.
    package var timeSpeedUp: Double { baselineSeconds / teleportSeconds }

    /// Reads the moments off the curves of some loss; nil when teleportation never gets there, or when there is no
    /// finite loss to get to.
    package init?(of value: (EpochRecord) -> Double, baseline: [Run], teleport: [Run]) {
        let baselineCurve = MeanCurve(of: value, overEpochsOf: baseline)
        let teleportCurve = MeanCurve(of: value, overEpochsOf: teleport)
        let target = Statistic(of: baseline.map { $0.epochs.last.map(value) ?? .nan }).mean
        guard target.isFinite,
            let there = baselineCurve.firstReach(of: target), let here = teleportCurve.firstReach(of: target)
        else { return nil }
        loss = target
        baselineEpochs = there.x
        teleportEpochs = here.x
        baselineSeconds = MeanCurve(of: \.seconds, overEpochsOf: baseline).mean(at: there.x)
        teleportSeconds = MeanCurve(of: \.seconds, overEpochsOf: teleport).mean(at: here.x)
        isUpperBound = here.isFirstPoint
    }

    private enum CodingKeys: String, CodingKey {
        case loss, baselineEpochs, teleportEpochs, baselineSeconds, teleportSeconds, isUpperBound
        case epochSpeedUp, timeSpeedUp
    }

    /// Decodes what was measured; the speed-ups follow from it.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        _loss = try container.decode(JSONNumber<Double>.self, forKey: .loss)
        _baselineEpochs = try container.decode(JSONNumber<Double>.self, forKey: .baselineEpochs)
        _teleportEpochs = try container.decode(JSONNumber<Double>.self, forKey: .teleportEpochs)
        _baselineSeconds = try container.decode(JSONNumber<Double>.self, forKey: .baselineSeconds)
        _teleportSeconds = try container.decode(JSONNumber<Double>.self, forKey: .teleportSeconds)
        isUpperBound = try container.decode(Bool.self, forKey: .isUpperBound)
    }

    /// Encodes what was measured, and the speed-ups for those who read the file.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(_loss, forKey: .loss)
        try container.encode(_baselineEpochs, forKey: .baselineEpochs)
        try container.encode(_teleportEpochs, forKey: .teleportEpochs)
        try container.encode(_baselineSeconds, forKey: .baselineSeconds)
        try container.encode(_teleportSeconds, forKey: .teleportSeconds)
        try container.encode(isUpperBound, forKey: .isUpperBound)
        try container.encode(JSONNumber(wrappedValue: epochSpeedUp), forKey: .epochSpeedUp)
        try container.encode(JSONNumber(wrappedValue: timeSpeedUp), forKey: .timeSpeedUp)
    }
}
