import Testing
import Torch

@testable import NeuralNetworks

@Suite struct BatchNormalizationTests {
    @Test("Two training steps and an evaluation are PyTorch's", arguments: [false, true])
    func steps(byAutograd: Bool) throws {
        let fixture = try ResidualFixture.load().normalization
        let layer = BatchNormalization(3, epsilon: 1e-3, momentum: 0.3, dtype: .float64)
        fixture.parameters.load(into: layer.parameters)
        var x = Tensor.zeros(fixture.shape)
        for step in fixture.steps {
            x = Tensor(step.input, shape: fixture.shape)
            let cotangent = Tensor(step.cotangent, shape: fixture.shape)
            let (output, linearization) = byAutograd ? AutogradLinearization.of(layer, at: x) : layer.linearize(x)
            let pulled = linearization.pullback(cotangent)
            #expect(relativeDifference(output, step.output) < 1e-12)
            let gradients = pulled.collected.gradients.values(of: layer.parameters.map(\.value))
            for (own, expected) in zip([pulled.input!] + gradients.map { $0.formed() }, step.gradients) {
                #expect(relativeDifference(own, expected) < 1e-12)
            }
            step.buffers.expect(layer.buffers, within: 1e-14)
        }
        #expect(relativeDifference(withMode(.evaluation) { layer(x) }, fixture.evaluated) < 1e-12)
        #expect(relativeDifference(withMode(.evaluation) { layer.linearize(x).output }, fixture.evaluated) < 1e-12)
    }

    @Test("Only training moves the running statistics", arguments: [Mode.teleportation, .evaluation])
    func runningStatisticsStay(mode: Mode) {
        let generator = Generator(seed: 1)
        let layer = randomized(BatchNormalization(3, dtype: .float64), generator)
        let before = layer.buffers.map { $0.value.clone() }
        let x = Tensor.normal([6, 3], using: generator, dtype: .float64)
        withMode(mode) {
            _ = layer(x)
            _ = layer.linearize(x)
            _ = AutogradLinearization.of(layer, at: x)
        }
        for (buffer, value) in zip(layer.buffers, before) { #expect(buffer.value.doubles() == value.doubles()) }
    }

    @Test("In teleportation as in training a channel comes out with the weight's deviation and the bias's mean")
    func batchStatistics() {
        let generator = Generator(seed: 2)
        let layer = BatchNormalization(3, epsilon: 0, dtype: .float64)
        layer.weight.copy(from: Tensor([1, 2, 3] as [Double]))
        layer.bias.copy(from: Tensor([-1, 0, 5] as [Double]))
        let x = Tensor.normal([50, 3], using: generator, dtype: .float64) * 4 + 2
        for mode in [Mode.training, .teleportation] {
            let output = withMode(mode) { layer(x) }
            let mean = output.sum(along: [0]) / 50
            #expect(relativeDifference(mean, [-1, 0, 5]) < 1e-14)
            #expect(relativeDifference((output - mean).power(2).sum(along: [0]) / 50, [1, 4, 9]) < 1e-13)
        }
    }

    @Test("A linearization keeps the mode and the statistics with which it was made")
    func keepsStatistics() {
        let generator = Generator(seed: 3)
        let layer = randomized(BatchNormalization(3, dtype: .float64), generator)
        let x = Tensor.normal([6, 3], using: generator, dtype: .float64)
        let tangent = Tensor.normal([6, 3], using: generator, dtype: .float64)
        let linearization = withMode(.evaluation) { layer.linearize(x).linearization }
        let scale = layer.weight / (layer.runningVariance + layer.epsilon).squareRoot()
        _ = layer(x)
        #expect(relativeDifference(linearization.pullback(tangent).input!, tangent * scale) < 1e-14)
        #expect(
            relativeDifference(linearization.pushforward(tangent, along: Gradients()).output!, tangent * scale) < 1e-14)
    }

    @Test("Autograd's third derivative is that of finite differences", arguments: [Mode.teleportation, .evaluation])
    func thirdDerivative(mode: Mode) {
        let generator = Generator(seed: 4)
        let layer = randomized(BatchNormalization(3, dtype: .float64), generator)
        func draw() -> Tensor { .normal([4, 3], using: generator, dtype: .float64) }
        let (x, weights, directions) = (draw(), draw(), [draw(), draw(), draw()])
        /// The derivative along the first directions, one after the other.
        func derivative(_ order: Int, at point: Tensor) -> Double {
            let leaf = point.clone()
            return withMode(mode) {
                withGradients(of: [leaf]) {
                    var value = (layer(leaf).tanh() * weights).sum()
                    for direction in directions.prefix(order) {
                        value = (gradient(of: value, with: [leaf], createGraph: true)[0] * direction).sum()
                    }
                    return value.item()
                }
            }
        }
        let h = 1e-5
        for order in 1...3 {
            let step = h * directions[order - 1]
            let difference = (derivative(order - 1, at: x + step) - derivative(order - 1, at: x - step)) / (2 * h)
            #expect(abs(derivative(order, at: x) / difference - 1) < 1e-7, "order \(order)")
        }
    }

    @Test("A mean far larger than the deviation costs the derivative no more than the digits of the data")
    func largeMean() {
        let generator = Generator(seed: 5)
        let layer = BatchNormalization(3, dtype: .float64)
        let x = Tensor.normal([8, 3], using: generator, dtype: .float64)
        let directions = Gradients(
            layer.parameters.map(\.value),
            layer.parameters.map { .tensor(.normal($0.value.shape, using: generator, dtype: .float64)) })
        let pushed = [x, x + 1e5].map { layer.linearize($0).linearization.pushforward(nil, along: directions) }
        #expect(relativeDifference(pushed[1].output!, pushed[0].output!) < 1e-9)
    }

    @Test("One value in a channel has no variance, and traps where it is asked for")
    func oneValue() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = BatchNormalization(2).linearize(.zeros([1, 2, 1, 1]))
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("shape [1, 2, 1, 1] has one value in each channel"), "\(message)")
        #expect(withMode(.evaluation) { BatchNormalization(2)(.ones([1, 2])) }.shape == [1, 2])
    }

    @Test("Another number of channels traps")
    func otherChannels() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = BatchNormalization(2)(.zeros([4, 3]))
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("2 channels for an input of shape [4, 3]"), "\(message)")
    }

    @Test("Buffers have the names of PyTorch's, behind the path of the layer")
    func bufferNames() {
        let model = Sequential(Dense(2, 2, using: Generator(seed: 0)), Residual(BatchNormalization(2), ReLU()))
        #expect(model.buffers.map(\.name) == ["1.0.running_mean", "1.0.running_var"])
        #expect(model.parameters.map(\.name) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"])
    }
}

@Suite struct DropoutTests {
    @Test("Nothing is dropped but in training", arguments: [Mode.teleportation, .evaluation])
    func isOff(mode: Mode) {
        let generator = Generator(seed: 1)
        let x = Tensor.normal([5, 4], using: generator)
        let dropout = Dropout(0.5, using: generator)
        let state = generator.state
        withMode(mode) {
            #expect(dropout(x).sharesStorage(with: x))
            let (output, linearization) = dropout.linearize(x)
            #expect(output.sharesStorage(with: x))
            #expect(linearization.pullback(x).input!.sharesStorage(with: x))
            #expect(linearization.pushforward(x, along: Gradients()).output!.sharesStorage(with: x))
        }
        #expect(generator.state.elements(as: UInt8.self) == state.elements(as: UInt8.self))
    }

    @Test("The share dropped is the rate, and the mean stays", arguments: [0.1, 0.5, 0.8])
    func isUnbiased(rate: Double) {
        let count = 200_000
        let output = Dropout(rate, using: Generator(seed: 2))(.ones([count], dtype: .float64))
        // Five standard deviations.
        let bound = 5 * (rate * (1 - rate) / Double(count)).squareRoot()
        #expect(abs(Double(output.doubles().filter { $0 == 0 }.count) / Double(count) - rate) < bound)
        #expect(abs(output.mean().item() - 1) < bound / (1 - rate))
        #expect(output.doubles().allSatisfy { $0 == 0 || abs($0 - 1 / (1 - rate)) < 1e-15 })
    }

    @Test("The same state of the generator drops the same elements, another one others")
    func mask() {
        let generator = Generator(seed: 3)
        let dropout = Dropout(0.4, using: generator)
        let x = Tensor.ones([30, 20])
        let state = generator.state
        let (output, linearization) = dropout.linearize(x)
        let next = dropout(x)
        generator.state = state
        #expect(dropout(x).doubles() == output.doubles())
        #expect(next.doubles() != output.doubles())
        // Of ones the output is the mask.
        #expect(linearization.pullback(x).input!.doubles() == output.doubles())
        #expect(linearization.pushforward(x, along: Gradients()).output!.doubles() == output.doubles())
    }

    @Test("A rate of 0 drops nothing, and one of 1 traps")
    func rates() async {
        let x = Tensor.ones([3])
        #expect(Dropout(0, using: Generator(seed: 0))(x).sharesStorage(with: x))
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Dropout(1, using: Generator(seed: 0))
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("Dropout: a rate of 1.0"), "\(message)")
    }
}
