import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// Layers of a user's own, of which only the forward pass is written, among those that move.
@Suite struct ForwardOnlyLayerTests {
    private struct Scale: Layer {
        let factor: Tensor
        var parameters: [Parameter] { [Parameter("factor", factor)] }
        func callAsFunction(_ x: Tensor) -> Tensor { x * factor }
    }

    /// Uses a weight that belongs to another layer as well.
    private struct Shrinkage: Layer {
        let weight: Tensor
        var parameters: [Parameter] { [Parameter("weight", weight)] }
        func callAsFunction(_ x: Tensor) -> Tensor { x * (weight * weight).sum() * 0.01 }
    }

    @Test("A look at control samples, which writes to parameters, does not stop the next pull-back")
    func controlSamples() {
        let generator = Generator(seed: 1)
        let model = Sequential(
            Dense(6, 20, using: generator, dtype: .float64), Tanh(), Scale(factor: .ones([20], dtype: .float64)),
            Dense(20, 30, using: generator, dtype: .float64), Tanh(), Dense(30, 3, using: generator, dtype: .float64))
        func batch(_ count: Int) -> Batch {
            Batch(
                inputs: .normal([count, 6], using: generator, dtype: .float64),
                targets: .integers([count], in: 0..<3, using: generator))
        }
        let reports = ControlledTeleporter(NullSpaceTeleporter(Climb(cap: .none)), by: batch(40)).teleport(
            model, CrossEntropy(), on: [batch(5), batch(5)], before: SGD(learningRate: 10))
        #expect(reports.allSatisfy { $0.gradientNormSquaredBefore.isFinite && $0.relativeDrift < 1e-9 })
    }

    @Test("A layer that uses the weight of one that moves is differentiated where it moved to")
    func sharedWeight() {
        let generator = Generator(seed: 2)
        let moving = Dense(20, 30, using: generator, dtype: .float64)
        let model = Sequential(
            Dense(6, 20, using: generator, dtype: .float64), Tanh(), moving, Tanh(), Shrinkage(weight: moving.weight),
            Dense(30, 3, using: generator, dtype: .float64))
        let batch = Batch(
            inputs: .normal([5, 6], using: generator, dtype: .float64),
            targets: .integers([5], in: 0..<3, using: generator))
        let start = model.parameters.map { $0.value.clone() }
        let report = NullSpaceTeleporter(Climb(cap: .none)).teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1))[0]
        if report.restored != nil {
            for (parameter, value) in zip(model.parameters, start) {
                #expect(parameter.value.doubles() == value.doubles())
            }
        }
        #expect(report.restored != nil || report.relativeDrift < 0.01)
    }
}
