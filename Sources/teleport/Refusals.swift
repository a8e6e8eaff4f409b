import Experiments
import NeuralNetworks
import Optimizers
import Teleportation
import TextForms

/// What the library refuses, in the words of the command line: the option that is to blame, and options to give instead.
enum Refusals {
    /// The sentence for an error; nil for one whose own is about options already, or about no option.
    static func sentence(for error: any Error) -> String? {
        switch error {
        case let refusal as SymmetryRefusal: sentence(refusal)
        case let refusal as NullSpaceRefusal: sentence(refusal)
        case let refusal as RescalingRefusal: sentence(refusal)
        case let refusal as ObjectiveRefusal: sentence(refusal)
        case let refusal as TeleportPlanRefusal: sentence(refusal)
        case let refusal as SettingRefusal: "--\(refusal.setting) \(refusal.value): \(refusal.remedy)"
        default: nil
        }
    }

    private static func sentence(_ refusal: SymmetryRefusal) -> String {
        switch refusal {
        case .notAPerceptron:
            "--method symmetry: moves perceptrons alone; take --model mlp:SIZES:leaky-relu, or \(methodsForAllModels)"
        case .notBijective(let activation):
            "--method symmetry: the exact group action inverts the activation, and \(activation.text) is not bijective; take "
                + "--model mlp:SIZES:leaky-relu, --group-action approximate, or \(methodsForAllModels)"
        case .publishedObjective:
            "--derivative published: raises the gradient norm and nothing else; take --objective gradient-norm, or "
                + "--derivative closed-form"
        }
    }

    private static func sentence(_ refusal: NullSpaceRefusal) -> String {
        switch refusal {
        case .coupledSamples:
            "--scope dataset: holds the loss of each sample by itself, and batch normalization makes it depend on the others "
                + "of its batch; take --scope batch, or a --model without batch normalization"
        }
    }

    private static func sentence(_ refusal: RescalingRefusal) -> String {
        switch refusal {
        case .notHomogeneous:
            "--method gauge, random or equalize: cannot rescale units before an activation that is not positively homogeneous; take "
                + "--method random:hidden-units=permute, a --model with relu or leaky-relu, or \(methodsForAllModels)"
        case .layer, .sequence, .sharedWeights:
            "--method gauge, random or equalize: knows no symmetry of a layer of this model; take --model mlp:SIZES, or \(methodsForAllModels)"
        case .noHiddenUnits:
            "--method gauge, random or equalize: moves hidden units between two dense layers or convolutions, and this model has none; take "
                + "--model mlp:SIZES, or \(methodsForAllModels)"
        }
    }

    private static func sentence(_ refusal: TeleportPlanRefusal) -> String {
        switch refusal {
        case .loneTeleportSample:
            "--teleport-batch-size 1: with batch normalization a sample needs others beside it; take --teleport-batch-size 2 or "
                + "more"
        case .loneControlSample:
            "--control-samples 1: with batch normalization a sample needs others beside it; take --control-samples 2 or more, or "
                + "0 to go without"
        case .velocityStays:
            "--optimizer-state teleport: is for methods that act on the weights by a group; what is only added to weights leaves a "
                + "velocity as it is: take --optimizer-state keep, or --method symmetry or gauge"
        case .noVelocity:
            "--optimizer-state teleport: moves the velocity of momentum, and this optimizer has none; take --optimizer-state keep or "
                + "reset, or --optimizer momentum"
        }
    }

    private static func sentence(_ refusal: ObjectiveRefusal) -> String {
        switch refusal {
        case .noOrbit(let objective):
            "--objective \(objective): is that of the curves of a group of symmetries, along which this method does not move; take "
                + "--method symmetry, or another objective"
        case .notBijective(let activation):
            "--objective curvature: takes the inverse of the activation, and \(activation.text) is not bijective; take "
                + "--model mlp:SIZES:leaky-relu, or another objective"
        case .noPreconditioner:
            "--objective preconditioned-norm: takes an optimizer that scales each element of the gradient, and this one does "
                + "not; take --objective gradient-norm, or --optimizer \(scalingOptimizers)"
        }
    }

    private static let methodsForAllModels = "--method null-space or level-set"

    /// The optimizers that have a preconditioned norm.
    private static var scalingOptimizers: String {
        OptimizerName.allCases.map(OptimizerOption.init).filter { option in
            do throws(ObjectiveRefusal) {
                try PreconditionedNorm().check(option.make(learningRate: option.name.usualLearningRate))
                return true
            } catch {
                return false
            }
        }.map(\.text).alternatives
    }
}
