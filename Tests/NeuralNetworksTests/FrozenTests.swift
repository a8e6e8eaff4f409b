import Testing
import Torch

@testable import NeuralNetworks

@Suite struct FrozenTests {
    /// A layer for each kind of derivative, with parameters.
    private func backbone(_ generator: Generator) -> Sequential {
        randomized(
            Sequential(
                Convolution(2, 3, kernel: 3, using: generator, dtype: .float64), BatchNormalization(3, dtype: .float64),
                Tanh(), Flatten(), Dense(12, 4, using: generator, dtype: .float64),
                LayerNormalization(4, dtype: .float64), Scale(using: generator, count: 4)), generator)
    }

    @Test(
        "A frozen layer passes through, names its tensors buffers, and has no gradients and no sites",
        arguments: [true, false])
    func frozen(isFirst: Bool) throws {
        let generator = Generator(seed: 1)
        let backbone = backbone(generator)
        let before = Convolution(2, 2, kernel: 1, using: generator, dtype: .float64)
        let head = Dense(4, 2, using: generator, dtype: .float64)
        let layers: [any Layer] = isFirst ? [] : [before]
        let (model, free) = (Sequential(layers + [Frozen(backbone), head]), Sequential(layers + [backbone, head]))
        #expect(
            (model.parameters + model.buffers).map(\.name).sorted()
                == (free.parameters + free.buffers).map(\.name).sorted())
        let trained = layers.flatMap(\.parameters) + head.parameters
        #expect(model.parameters.count == trained.count)
        #expect(zip(model.parameters, trained).allSatisfy { $0.value.isIdentical(to: $1.value) })

        let x = Tensor.normal([3, 2, 4, 4], using: generator, dtype: .float64)
        let (own, other) = withMode(.teleportation) { (model.linearize(x), free.linearize(x)) }
        #expect(relativeDifference(own.output, other.output) == 0)
        let cotangent = Tensor.normal(own.output.shape, using: generator, dtype: .float64)
        let (pulled, expected) = (own.linearization.pullback(cotangent), other.linearization.pullback(cotangent))
        #expect(relativeDifference(try #require(pulled.input), expected.input!) < 1e-14)
        #expect(pulled.collected.sites.count == (isFirst ? 1 : 2))
        #expect(backbone.parameters.allSatisfy { pulled.collected.gradients[$0.value] == nil })
        let parameters = trained.map(\.value)
        for parameter in parameters {
            let gradient = try #require(pulled.collected.gradients[parameter]).formed()
            #expect(relativeDifference(gradient, expected.collected.gradients[parameter]!.formed()) < 1e-14)
        }
        let directions = Gradients(
            parameters, parameters.map { .tensor(.normal($0.shape, using: generator, dtype: .float64)) })
        let pushed = own.linearization.pushforward(x, along: directions)
        #expect(
            relativeDifference(pushed.output!, other.linearization.pushforward(x, along: directions).output!) < 1e-14)
        #expect(pushed.collected.sites.count == (isFirst ? 1 : 2))
    }

    @Test("The parameters of a frozen layer are constants, its running statistics are none")
    func constants() {
        let generator = Generator(seed: 4)
        let model = Sequential(
            Frozen(Frozen(backbone(generator))), Residual(Frozen(Dense(4, 4, using: generator, dtype: .float64))),
            BatchNormalization(4, dtype: .float64))
        #expect(
            model.buffers.filter { !$0.isConstant }.map(\.name)
                == ["0.1.running_mean", "0.1.running_var", "2.running_mean", "2.running_var"])
        #expect(model.buffers.filter(\.isConstant).map(\.name).suffix(2) == ["1.weight", "1.bias"])
        #expect(model.parameters.allSatisfy { !$0.isConstant })
    }

    @Test("What comes before a head is not pulled back to where it is frozen")
    func costsNothing() {
        let generator = Generator(seed: 2)
        let model = Sequential(Frozen(Dense(3, 4, using: generator)), Tanh(), Dense(4, 2, using: generator))
        let linearization = model.linearize(.ones([2, 3])).linearization as? SequentialLinearization
        #expect(linearization?.stages.map(\.hasParameters) == [false, false, true])
    }

    @Test("A frozen embedding has no cotangent of its indices")
    func indices() {
        let generator = Generator(seed: 3)
        let model = Frozen(Embedding(4, 2, using: generator))
        let pulled = model.linearize(Tensor([0, 3] as [Int64], shape: [1, 2])).linearization.pullback(.ones([1, 2, 2]))
        #expect(pulled.input == nil && pulled.collected.gradients.isEmpty)
    }
}
