import Optimizers
import TextForms

/// The optimizers that training can be asked for.
package enum OptimizerName: String, CaseIterable, Sendable {
    case sgd
    case momentum
    case adagrad
    case rmsprop
    case adam
    case adamw
    /// `Muon` for the matrices, embeddings among them, and `AdamW` for all other parameters.
    case muon

    /// An optimizer of this name with its default hyperparameters.
    func make(learningRate: Double) -> any Optimizer {
        switch self {
        case .sgd: SGD(learningRate: learningRate)
        case .momentum: Momentum(learningRate: learningRate)
        case .adagrad: AdaGrad(learningRate: learningRate)
        case .rmsprop: RMSProp(learningRate: learningRate)
        case .adam: Adam(learningRate: learningRate)
        case .adamw: AdamW(learningRate: learningRate)
        case .muon:
            // There is one learning rate for both: the adjustment that makes Muon's steps as long as those of AdamW.
            PartitionedOptimizer(
                matrices: Muon(learningRate: learningRate, adjustment: .matchRMSAdamW),
                others: AdamW(learningRate: learningRate))
        }
    }

    /// What can be given in a text beside the name.
    var hyperparameters: [Setting<any Optimizer>] {
        switch self {
        case .sgd: []
        case .momentum: [.share("mu", \Momentum.momentum), .flag("nesterov", \Momentum.nesterov)]
        case .adagrad: [.positive("epsilon", \AdaGrad.epsilon)]
        case .rmsprop: [.share("alpha", \RMSProp.alpha), .positive("epsilon", \RMSProp.epsilon)]
        case .adam:
            [.share("beta1", \Adam.beta1), .share("beta2", \Adam.beta2), .positive("epsilon", \Adam.epsilon)]
        case .adamw:
            [
                .share("beta1", \AdamW.beta1), .share("beta2", \AdamW.beta2), .positive("epsilon", \AdamW.epsilon),
                .notNegative("weight-decay", \AdamW.weightDecay),
            ]
        case .muon:
            [
                .share("momentum", \Muon.momentum), .flag("nesterov", \Muon.nesterov),
                .notNegative("weight-decay", \Muon.weightDecay), .count("iterations", \Muon.iterations, upTo: 99),
                .choice("adjustment", \Muon.adjustment),
            ]
        }
    }

    /// A learning rate that many models train with.
    package var usualLearningRate: Double {
        switch self {
        case .sgd, .momentum, .adagrad: 0.01
        case .rmsprop, .adam, .adamw: 0.001
        // The elements of Muon's steps have a mean square of 0.2^2, those of Adam's first ones are near to 1.
        case .muon: 0.003
        }
    }
}
