import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct DataTransformationTests {
    @Test("No output changes while the gradient grows, for any sample", arguments: [Activation.relu, .gelu])
    func invariance(activation: Activation) throws {
        let instance = Instance(hidden: [14, 9], samples: 40, activation: activation)
        let (model, batch) = (instance.model(), instance.batch())
        var others = instance
        others.seed = 7
        let samples = others.batch().inputs
        let before = model(samples)
        let transformation = DataTransformation(features: 12, dtype: .float64)
        #expect(relativeDifference(model(transformation(samples)), before) < 1e-14)
        for teleport in 1...2 {
            let report = try transformation.teleport(
                model, CrossEntropy(), on: batch, climb: Climb(steps: 3, stepSize: .growth(0.2), cap: .none),
                before: SGD(learningRate: 0.1))
            #expect(report.steps == 3 && report.restored == nil && report.relativeDrift < 1e-10)
            #expect(report.gradientNormSquaredAfter > 1.5 * report.gradientNormSquaredBefore)
            #expect(relativeDifference(model(transformation(samples)), before) < 1e-10, "teleport \(teleport)")
        }
        #expect(relativeDifference(model(samples), before) > 0.01)
        #expect(relativeDifference(model.parameters[2].value, instance.model().parameters[2].value) == 0)
    }

    @Test("A short step grows the squared gradient norm by its rate")
    func direction() throws {
        let instance = Instance(hidden: [14], samples: 6)
        let report = try DataTransformation(features: 12, dtype: .float64).teleport(
            instance.model(), CrossEntropy(), on: instance.batch(),
            climb: Climb(steps: 1, stepSize: .growth(1e-4), cap: .none),
            before: SGD(learningRate: 0.1))
        #expect(abs((report.gradientNormSquaredAfter / report.gradientNormSquaredBefore - 1) / 1e-4 - 1) < 1e-3)
    }

    @Test("What is not finite is undone, and the data with it")
    func restores() throws {
        let instance = Instance(hidden: [14], samples: 6)
        let model = instance.model()
        let transformation = DataTransformation(features: 12, dtype: .float64)
        let report = try transformation.teleport(
            model, CrossEntropy(), on: instance.batch(),
            climb: Climb(steps: 10, stepSize: .fixed(1e9), cap: .none),
            before: SGD(learningRate: 0.1))
        #expect(report.restored != nil)
        #expect(relativeDifference(transformation.matrix, .identity(12, dtype: .float64)) == 0)
        #expect(relativeDifference(model.parameters[0].value, instance.model().parameters[0].value) == 0)
    }
}
