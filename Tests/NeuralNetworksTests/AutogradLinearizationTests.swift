import Foundation
import Testing
import Torch

@testable import NeuralNetworks

@Suite struct AutogradLinearizationTests {
    /// A user's own embedding, of which only the forward pass is written.
    struct Vectors: Layer {
        let table: Tensor
        var parameters: [Parameter] { [Parameter("table", table)] }
        func callAsFunction(_ x: Tensor) -> Tensor {
            table.gathered(0, x.flattened()).reshaped(x.shape + [table.size(1)])
        }
    }

    /// Noise and state of a user's own.
    struct Noisy: Layer {
        let factor: Tensor
        let count: Tensor
        let generator: Generator
        var parameters: [Parameter] { [Parameter("factor", factor)] }
        var buffers: [Parameter] { [Parameter("count", count)] }
        var generators: [Generator] { [generator] }
        func callAsFunction(_ x: Tensor) -> Tensor {
            if Mode.current == .training { count.addInPlace(1) }
            let noise = Tensor.normal(x.shape, using: generator, dtype: .float64)
            return (x * factor * factor) + noise * factor
        }
    }

    @Test("A parameter that is written to after the forward pass does not stop the pull-back")
    func writtenInPlace() throws {
        let generator = Generator(seed: 1)
        let layer = Scale(using: generator, count: 4)
        let x = Tensor.normal([3, 4], using: generator, dtype: .float64)
        let cotangent = Tensor.normal([3, 4], using: generator, dtype: .float64)
        let linearization = layer.linearize(x).linearization
        func pulled(_ linearization: any Linearization) throws -> (Tensor, Tensor, Tensor) {
            let (input, collected) = linearization.pullback(cotangent)
            let along = Gradients([layer.factor], [.tensor(.ones([4], dtype: .float64))])
            return (
                try #require(input), try #require(collected.gradients[layer.factor]).formed(),
                try #require(linearization.pushforward(x, along: along).output)
            )
        }
        let before = try pulled(linearization)
        // Away and back, to the last bit.
        let copy = layer.factor.clone()
        layer.factor.addInPlace(1)
        layer.factor.copy(from: copy)
        let after = try pulled(linearization)
        #expect(relativeDifference(after.0, before.0) == 0 && relativeDifference(after.1, before.1) == 0)
        #expect(relativeDifference(after.2, before.2) == 0)
        // To somewhere else: the derivative there.
        layer.factor.multiplyInPlace(by: 1.5)
        let (moved, anew) = (try pulled(linearization), try pulled(layer.linearize(x).linearization))
        #expect(relativeDifference(moved.0, anew.0) == 0 && relativeDifference(moved.1, anew.1) == 0)
        #expect(relativeDifference(moved.2, anew.2) == 0 && relativeDifference(moved.1, before.1) > 1e-3)
    }

    @Test("The forward pass is run again with the same noise, and counts once")
    func noiseAndState() throws {
        let layer = Noisy(
            factor: .ones([4], dtype: .float64), count: .zeros([1], dtype: .float64), generator: Generator(seed: 2))
        let x = Tensor.ones([3, 4], dtype: .float64)
        let linearization = withMode(.training) { layer.linearize(x).linearization }
        let state = layer.generator.state
        func gradient() -> Tensor {
            linearization.pullback(.ones([3, 4], dtype: .float64)).collected.gradients[layer.factor]!.formed()
        }
        let before = gradient()
        layer.factor.copy(from: layer.factor.clone())
        let after = withMode(.evaluation) { gradient() }
        #expect(relativeDifference(after, before) == 0)
        #expect(layer.count.item() == 1)
        #expect(layer.generator.state.elements(as: UInt8.self) == state.elements(as: UInt8.self))
    }

    @Test("A layer of a user's own on indices has gradients of its parameters, and none of its input")
    func indices() throws {
        let generator = Generator(seed: 3)
        let embedding = Embedding(5, 3, using: generator, dtype: .float64)
        let x = Tensor([0, 4, 4, 2, 0, 4] as [Int64], shape: [2, 3])
        let cotangent = Tensor.normal([2, 3, 3], using: generator, dtype: .float64)
        let direction = Gradients([embedding.weight], [.tensor(.normal([5, 3], using: generator, dtype: .float64))])
        let models: [any Layer] = [
            Vectors(table: embedding.weight), Sequential(Vectors(table: embedding.weight), Residual(Tanh())),
        ]
        let references: [any Layer] = [embedding, Sequential(embedding, Residual(Tanh()))]
        for (model, reference) in zip(models, references) {
            let (own, other) = (model.linearize(x), reference.linearize(x))
            #expect(relativeDifference(own.output, other.output) < 1e-15)
            let (pulled, expected) = (own.linearization.pullback(cotangent), other.linearization.pullback(cotangent))
            #expect(pulled.input == nil)
            let gradient = try #require(pulled.collected.gradients[embedding.weight]).formed()
            #expect(relativeDifference(gradient, expected.collected.gradients[embedding.weight]!.formed()) < 1e-14)
            let pushed = try #require(own.linearization.pushforward(nil, along: direction).output)
            #expect(relativeDifference(pushed, other.linearization.pushforward(nil, along: direction).output!) < 1e-14)
        }
    }

    @Test("One model is linearized in several threads")
    func threads() {
        let generator = Generator(seed: 4)
        nonisolated(unsafe) let model = Sequential(
            Scale(using: generator, count: 4), Dense(4, 4, using: generator, dtype: .float64),
            Scale(using: generator, count: 4))
        nonisolated(unsafe) let x = Tensor.normal([3, 4], using: generator, dtype: .float64)
        @Sendable func gradients() -> [[Double]] {
            let parameters = model.parameters.map(\.value)
            return model.linearize(x).linearization.pullback(x).collected.gradients.values(of: parameters)
                .map { $0.formed().doubles() }
        }
        let expected = gradients()
        let count = 400
        let failures = UnsafeMutableBufferPointer<Bool>.allocate(capacity: count)
        defer { failures.deallocate() }
        nonisolated(unsafe) let results = failures
        DispatchQueue.concurrentPerform(iterations: count) { results[$0] = gradients() != expected }
        #expect(!failures.contains(true))
        #expect(model.parameters.allSatisfy { !$0.value.requiresGradient })
    }
}
