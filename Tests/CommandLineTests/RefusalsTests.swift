import NeuralNetworks
import Optimizers
import Teleportation
import Testing

@testable import teleport

@Suite struct RefusalsTests {
    @Test(
        "What the library refuses is said by options, without the names of types",
        arguments: [
            SymmetryRefusal.notAPerceptron(part: "Convolution at its place"), SymmetryRefusal.notBijective(.relu),
            SymmetryRefusal.publishedObjective, NullSpaceRefusal.coupledSamples(model: "ResidualNetwork"),
            RescalingRefusal.notHomogeneous(activation: "Tanh"), RescalingRefusal.layer("Attention"),
            RescalingRefusal.sequence("Convolution", "Dense"), RescalingRefusal.noHiddenUnits,
            RescalingRefusal.sharedWeights, ObjectiveRefusal.noPreconditioner(optimizer: "Muon"),
            ObjectiveRefusal.noOrbit(objective: "curvature"), ObjectiveRefusal.notBijective(.relu),
            TeleportPlanRefusal.loneTeleportSample(model: "Network"),
            TeleportPlanRefusal.loneControlSample(model: "Network"),
        ] as [any Error])
    func namesOptions(error: any Error) throws {
        let sentence = try #require(Refusals.sentence(for: error))
        #expect(sentence.hasPrefix("--") && sentence.contains("; take --"), "\(sentence)")
        for type in ["Convolution", "Network", "Tanh", "Attention", "Dense", "Muon", "Teleporter", "LeakyReLU"] {
            #expect(!sentence.contains(type), "\(sentence)")
        }
    }

    @Test("Other errors speak for themselves")
    func leavesOthersAlone() {
        #expect(Refusals.sentence(for: LossError.label(12, position: 3, classes: 10, ignored: -100)) == nil)
    }
}
