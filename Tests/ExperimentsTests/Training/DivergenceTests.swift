import Datasets
import NeuralNetworks
import Testing
import Torch

@testable import Experiments

@Suite struct DivergenceTests {
    @Test(
        "A loss that is no number, or a thousand times that of the untrained model, is one of a training that diverged")
    func kinds() {
        #expect(Divergence(of: [run([2, 1]), run([2, 0.1])], from: 2.3) == nil)
        #expect(Divergence(of: [run([1e20, 1])], from: 2.3) == nil, "what it came down from does not count")
        #expect(Divergence(of: [run([2, 1]), run([2, 1e20])], from: 2.3) == .risen(to: 1e20, from: 2.3))
        #expect(Divergence(of: [run([1], test: [4000])], from: 2.3) == .risen(to: 4000, from: 2.3))
        #expect(Divergence(of: [run([1], test: [2000])], from: 2.3) == nil)
        #expect(Divergence(of: [run([1e30])], from: 1e28) == nil, "large losses of large data")
        for loss in [Double.nan, .infinity] { #expect(Divergence(of: [run([1, loss])], from: 2.3) == .notFinite) }
        #expect(Divergence(of: [Run()], from: 2.3) == nil, "stopping is not diverging")
    }

    @Test("Outputs that are no numbers have no accuracy")
    func accuracy() {
        let training = training(epochs: 1)
        let model = training.makeModel(seed: 0)
        #expect(Evaluation(of: model, CrossEntropy(), on: training.testSamples).accuracy != nil)
        model.parameters[0].value.fill(.nan)
        #expect(Evaluation(of: model, CrossEntropy(), on: training.testSamples).accuracy == nil)
    }

    @Test("What the untrained model has already is not for the training to answer for")
    func blame() {
        for loss in [Double.nan, .infinity, 3000] { #expect(Divergence.risen(to: 1e9, from: 2).isReached(by: loss)) }
        #expect(!Divergence.risen(to: 1e9, from: 2).isReached(by: 5))
        #expect(Divergence.notFinite.isReached(by: .nan) && !Divergence.notFinite.isReached(by: 1e9))
    }

    @Test("Data on which no model has a loss are to blame, and not the learning rate")
    func startingLoss() throws {
        let training = training(epochs: 1)
        let model = training.makeModel(seed: 0)
        #expect(abs(try training.startingLoss(of: model, on: "digits") - 2.3) < 0.3)
        model.parameters[0].value.fill(.infinity)
        let error = #expect(throws: StartingLossError.self) { try training.startingLoss(of: model, on: "digits") }
        #expect(error?.description.hasPrefix("'digits': the loss of the untrained model is nan") == true)
    }
}
