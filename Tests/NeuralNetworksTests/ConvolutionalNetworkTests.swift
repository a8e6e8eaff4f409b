import NeuralNetworks
import Testing
import Torch

@Suite("Convolutional networks")
struct ConvolutionalNetworkTests {
    /// What a model makes of inputs, and its pull-back and pushforward there.
    private struct Look {
        let output: Tensor
        let gradients: [Tensor]
        let input: Tensor
        let tangent: Tensor

        init(at x: Tensor, _ model: some Layer, _ directions: [Tensor]) {
            let (output, linearization) = model.linearize(x)
            let (input, pulled) = linearization.pullback(output * output)
            let parameters = model.parameters.map(\.value)
            self.output = output
            self.input = input!
            gradients = pulled.gradients.values(of: parameters).map { $0.formed() }
            tangent = linearization.pushforward(nil, along: Gradients(parameters, directions.map { .tensor($0) }))
                .output!
        }

        var all: [Tensor] { [output, input, tangent] + gradients }
    }

    private static func copy(_ values: [Parameter], to model: some Layer) {
        for (mine, other) in zip(model.parameters, values) {
            mine.value.copy(from: other.value.to(dtype: mine.value.dtype))
        }
    }

    /// In single precision images lie with their channels last, in double precision with their planes one after the other.
    @Test("Single precision, whose images lie otherwise, agrees with double", arguments: [false, true])
    func layouts(isResidual: Bool) {
        func model(_ dtype: DType) -> any Layer {
            let generator = Generator(seed: 3)
            return isResidual
                ? ResidualNetwork(imageShape: [3, 9, 7], channels: [4, 6], outputs: 3, using: generator, dtype: dtype)
                : ConvolutionalNetwork(
                    imageShape: [3, 9, 7], channels: [4, 6], outputs: 3, using: generator, dtype: dtype)
        }
        let (exact, single) = (model(.float64), model(.float32))
        Self.copy(exact.parameters, to: single)
        let generator = Generator(seed: 4)
        let x = Tensor.normal([5, 3, 9, 7], using: generator, dtype: .float64)
        let directions = exact.parameters.map { Tensor.normal($0.value.shape, using: generator, dtype: .float64) }
        let expected = Look(at: x, exact, directions)
        let look = Look(at: x.to(dtype: .float32), single, directions.map { $0.to(dtype: .float32) })
        for (ours, theirs) in zip(look.all, expected.all) {
            let scale = max(theirs.norm().item(), 1)
            #expect((ours.to(dtype: .float64) - theirs).norm().item() < 2e-5 * scale)
        }
        #expect(look.gradients.allSatisfy { $0.contiguous().sharesStorage(with: $0) }, "gradients lie as weights do")
    }

    @Test("Pooling before ReLU is pooling after it, to the last bit", arguments: [DType.float32, .float64])
    func order(dtype: DType) {
        let model = ConvolutionalNetwork(
            imageShape: [2, 8, 8], channels: [4, 5], outputs: 3, using: Generator(seed: 1), dtype: dtype)
        #expect(model.body.layers[1] is MaxPooling && model.body.layers[2] is ReLU)
        let plain = Sequential(
            model.body.layers[0], ReLU(), MaxPooling(kernel: 2), model.body.layers[3], ReLU(), MaxPooling(kernel: 2),
            Flatten(), model.body.layers[7])
        let generator = Generator(seed: 2)
        let x = Tensor.normal([6, 2, 8, 8], using: generator, dtype: dtype)
        let directions = model.parameters.map { Tensor.normal($0.value.shape, using: generator, dtype: dtype) }
        let (ours, theirs) = (Look(at: x, model, directions), Look(at: x, plain, directions))
        for (a, b) in zip(ours.all, theirs.all) { #expect((a - b).norm().item() == 0) }
    }

    @Test(
        "Other activations are pooled after",
        arguments: [Activation.gelu, .leakyReLU(slope: 0.1), .leakyReLU(slope: -1), .tanh, .sigmoid])
    func orderOfOthers(activation: Activation) {
        let model = ConvolutionalNetwork(
            imageShape: [1, 4, 4], channels: [2], outputs: 2, activation: activation, using: Generator(seed: 1),
            dtype: .float64)
        #expect(model.body.layers[2] is MaxPooling)
    }
}
