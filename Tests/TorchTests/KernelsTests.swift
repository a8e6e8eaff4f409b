import Foundation
import Testing

@testable import Torch

/// The derivatives that kernels compute, against those of autograd.
@Suite struct KernelsTests {
    /// Positive and negative numbers, none at the kink of an activation.
    let x = Tensor.normal([6, 5], using: Generator(seed: 4), dtype: .float64)
    let classes = Tensor([0, 4, 2, 2, 1, 3] as [Int64])

    @Test func activations() {
        expectPullback(of: { $0.relu() }, at: x) { Kernels.reluDerivative($0, output: $1) }
        expectPullback(of: { $0.leakyReLU(slope: 0.3) }, at: x) { cotangent, _ in
            Kernels.leakyReLUDerivative(cotangent, input: x, slope: 0.3)
        }
        // With a negative slope the sign of the output does not tell that of the input.
        expectPullback(of: { $0.leakyReLU(slope: -0.3) }, at: x) { cotangent, _ in
            Kernels.leakyReLUDerivative(cotangent, input: x, slope: -0.3)
        }
        expectPullback(of: { $0.tanh() }, at: x) { Kernels.tanhDerivative($0, output: $1) }
        expectPullback(of: { $0.sigmoid() }, at: x) { Kernels.sigmoidDerivative($0, output: $1) }
        expectPullback(of: { $0.gelu() }, at: x) { cotangent, _ in Kernels.geluDerivative(cotangent, input: x) }
    }

    @Test func logSoftmax() {
        expectPullback(of: Kernels.logSoftmax, at: x) { Kernels.logSoftmaxPullback($0, output: $1) }
        let sums = Kernels.logSoftmax(x).exponential().sum(along: [1]).doubles()
        #expect(difference(sums, Array(repeating: 1, count: 6)) < 1e-14)
    }

    @Test func crossEntropy() {
        func pullback(_ cotangent: Tensor) -> Tensor {
            let logProbabilities = Kernels.logSoftmax(x)
            let (value, totalWeight) = Kernels.negativeLogLikelihood(logProbabilities, targets: classes)
            #expect(abs(value.item() - Kernels.crossEntropy(x, targets: classes).item()) < 1e-15)
            let inner = Kernels.negativeLogLikelihoodPullback(
                cotangent, logProbabilities: logProbabilities, targets: classes, totalWeight: totalWeight)
            return Kernels.logSoftmaxPullback(inner, output: logProbabilities)
        }
        expectPullback(of: { Kernels.crossEntropy($0, targets: classes) }, at: x) { cotangent, _ in
            pullback(cotangent)
        }
    }

    @Test func crossEntropyIsTheMeanNegativeLogarithm() {
        let probabilities = Tensor([0.5, 0.25, 0.25, 0.125, 0.125, 0.75], shape: [2, 3])
        let loss = Kernels.crossEntropy(probabilities.logarithm(), targets: Tensor([1, 2] as [Int64]))
        #expect(abs(loss.item() - (log(4) + log(4.0 / 3)) / 2) < 1e-15)
    }

    @Test func meanSquaredError() {
        let targets = Tensor.normal([6, 5], using: Generator(seed: 5), dtype: .float64)
        expectPullback(of: { Kernels.meanSquaredError($0, targets: targets) }, at: x) { cotangent, _ in
            Kernels.meanSquaredErrorPullback(cotangent, predictions: x, targets: targets)
        }
        let error = Kernels.meanSquaredError(Tensor([1.0, 2]), targets: Tensor([0.0, 4]))
        #expect(error.item() == 2.5)
    }

    // MARK: Optimizer steps

    @Test func momentumStep() {
        let (parameter, velocity) = (Tensor([1.0, 2]), Tensor([0.0, 0]))
        func step(_ gradient: [Double], nesterov: Bool = false) {
            Kernels.momentumStep(
                [parameter], gradients: [Tensor(gradient)], velocities: [velocity], learningRate: 0.1, momentum: 0.5,
                nesterov: nesterov)
        }
        step([1, -1])
        #expect(difference(velocity.doubles(), [1, -1]) < 1e-15)
        #expect(difference(parameter.doubles(), [0.9, 2.1]) < 1e-15)
        step([2, 0])
        #expect(difference(velocity.doubles(), [2.5, -0.5]) < 1e-15)
        #expect(difference(parameter.doubles(), [0.65, 2.15]) < 1e-15)
        // Nesterov's step is g + momentum v = 1 + 0.5 * 2.25.
        step([1, 0], nesterov: true)
        #expect(difference(parameter.doubles(), [0.65 - 0.1 * 2.125, 2.15 + 0.1 * 0.125]) < 1e-15)
    }

    @Test func adamStep() {
        let (parameter, first, second) = (Tensor([1.0]), Tensor([0.2]), Tensor([0.3]))
        Kernels.adamStep(
            [parameter], gradients: [Tensor([0.5])], firstMoments: [first], secondMoments: [second],
            steps: [Tensor(2)], learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-3)
        let (m, v) = (0.9 * 0.2 + 0.1 * 0.5, 0.99 * 0.3 + 0.01 * 0.25)
        let step = 0.1 * (m / (1 - 0.81)) / ((v / (1 - 0.99 * 0.99)).squareRoot() + 1e-3)
        #expect(difference(first.doubles(), [m]) < 1e-15)
        #expect(difference(second.doubles(), [v]) < 1e-15)
        #expect(difference(parameter.doubles(), [1 - step]) < 1e-12)
    }

    @Test func adamStepWithDecay() {
        func step(weightDecay: Double) -> [Double] {
            let (parameter, first, second) = (Tensor([1.0, -3]), Tensor([0.2, 0]), Tensor([0.3, 0.1]))
            Kernels.adamStep(
                [parameter], gradients: [Tensor([0.5, 2])], firstMoments: [first], secondMoments: [second],
                steps: [Tensor(2)], learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weightDecay: weightDecay)
            return parameter.doubles()
        }
        // The decay takes its share of the parameter and leaves the rest of the step as it is.
        let plain = step(weightDecay: 0)
        #expect(difference(step(weightDecay: 0.5), [plain[0] - 0.1 * 0.5, plain[1] + 0.1 * 0.5 * 3]) < 1e-14)
    }

    @Test func adaGradStep() {
        let (parameter, sum) = (Tensor([1.0]), Tensor([0.75]))
        Kernels.adaGradStep(
            [parameter], gradients: [Tensor([0.5])], sums: [sum], steps: [Tensor(2)], learningRate: 0.1, epsilon: 1e-3)
        #expect(sum.item() == 1)
        #expect(abs(parameter.item() - (1 - 0.1 * 0.5 / 1.001)) < 1e-15)
    }
}
