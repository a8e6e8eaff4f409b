/// The optimizers, by the names that the command line knows them under.
public enum OptimizerKind: String, CaseIterable, Sendable {
    case sgd
    case momentum
    case adagrad
    case rmsprop
    case adam
    case adamw

    /// An optimizer of this kind with the default hyperparameters.
    public func make(learningRate: Double) -> any Optimizer {
        switch self {
        case .sgd: SGD(learningRate: learningRate)
        case .momentum: Momentum(learningRate: learningRate)
        case .adagrad: AdaGrad(learningRate: learningRate)
        case .rmsprop: RMSProp(learningRate: learningRate)
        case .adam: Adam(learningRate: learningRate)
        case .adamw: AdamW(learningRate: learningRate)
        }
    }
}
