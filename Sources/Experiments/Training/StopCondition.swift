import TextForms

/// When a training has done enough, before all its epochs are over.
package enum StopCondition: Hashable, Sendable {
    /// After an epoch whose training loss is no higher.
    case trainLoss(Double)
    /// After an epoch with a test loss that is no higher.
    case testLoss(Double)
    /// After so many training steps in all.
    case step(Int)

    /// Whether a run has come that far; on trial it has not yet.
    package func isReached(by run: TrainingRun) -> Bool {
        switch self {
        case .trainLoss(let loss): run.record.epochs.last.map { $0.trainLoss <= loss } ?? false
        case .testLoss(let loss): run.record.epochs.last.map { $0.testLoss <= loss } ?? false
        case .step(let step): run.step >= step && !run.isOnTrial
        }
    }
}

extension StopCondition: TextConvertible {
    /// `train-loss:0.1`, `test-loss:0.1` or `step:1000`.
    package init(text: String) throws(TextError) {
        let named = NamedText(text)
        switch (named.name, named.positiveNumber) {
        case ("train-loss", let loss?): self = .trainLoss(loss)
        case ("test-loss", let loss?): self = .testLoss(loss)
        case ("step", let step?) where Int(named.argument ?? "") != nil: self = .step(Int(step))
        default:
            throw TextError(
                text, "give train-loss:LOSS or test-loss:LOSS with a number above 0, or step:NUMBER, as test-loss:0.1")
        }
    }

    /// One of each kind.
    package static var offers: [String] { ["train-loss:0.1", "test-loss:0.1", "step:1000"] }

    /// `train-loss:0.1`, `test-loss:0.1` or `step:1000`.
    package var text: String {
        switch self {
        case .trainLoss(let loss): "train-loss:\(loss.shortText)"
        case .testLoss(let loss): "test-loss:\(loss.shortText)"
        case .step(let step): "step:\(step)"
        }
    }
}
