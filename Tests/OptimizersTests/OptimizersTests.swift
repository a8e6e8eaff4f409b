import Foundation
import NeuralNetworks
import Optimizers
import Testing
import Torch

/// The optimizers of the tests: those of the command line, and settings other than the defaults.
enum Case: String, CaseIterable, Sendable {
    case sgd
    case momentum
    case nesterov
    case adagrad
    case rmsprop
    case rmspropAlpha = "rmsprop-alpha"
    case adam
    case adamBetas = "adam-betas"

    static let stateful = allCases.filter { $0 != .sgd }

    func make(learningRate: Double = 0.05) -> any Optimizer {
        switch self {
        case .sgd: SGD(learningRate: learningRate)
        case .momentum: Momentum(learningRate: learningRate)
        case .nesterov: Momentum(learningRate: learningRate, momentum: 0.8, nesterov: true)
        case .adagrad: AdaGrad(learningRate: learningRate)
        case .rmsprop: RMSProp(learningRate: learningRate)
        case .rmspropAlpha: RMSProp(learningRate: learningRate, alpha: 0.9, epsilon: 1e-3)
        case .adam: Adam(learningRate: learningRate)
        case .adamBetas: Adam(learningRate: learningRate, beta1: 0.8, beta2: 0.95, epsilon: 1e-3)
        }
    }
}

/// A matrix and a vector of random numbers.
private func parameters(_ generator: Generator, dtype: DType = .float64) -> [Tensor] {
    [.normal([5, 7], using: generator, dtype: dtype), .normal([5], using: generator, dtype: dtype)]
}

/// A factored gradient of the matrix and one of elements of the vector.
private func gradients(_ generator: Generator, dtype: DType = .float64) -> [ParameterGradient] {
    [
        .product(
            delta: .normal([3, 5], using: generator, dtype: dtype),
            input: Representation(rows: .normal([3, 7], using: generator, dtype: dtype))),
        .tensor(.normal([5], using: generator, dtype: dtype)),
    ]
}

/// The largest difference between elements, relative to the largest element expected.
private func relativeDifference(_ actual: Tensor, _ expected: [Double]) -> Double {
    let scale = expected.map(abs).max()!
    return zip(actual.doubles(), expected).map { abs($0 - $1) / scale }.max()!
}

@Suite struct Trajectories {
    /// What make-optimizers.py writes.
    struct Fixture: Decodable {
        let shapes: [[Int]]
        let start: [[Double]]
        let gradients: [[[Double]]]
        let trajectories: [String: [String: [[[Double]]]]]

        static func load() throws -> Fixture {
            let url = try #require(
                Bundle.module.url(forResource: "optimizers", withExtension: "json", subdirectory: "Fixtures"))
            return try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
        }

        func tensors(_ elements: [[Double]], _ dtype: DType) -> [Tensor] {
            zip(elements, shapes).map { Tensor($0, shape: $1).to(dtype: dtype) }
        }
    }

    @Test(arguments: Case.allCases, [DType.float64, .float32])
    func arePyTorchs(_ optimizer: Case, dtype: DType) throws {
        let fixture = try Fixture.load()
        let expected = try #require(fixture.trajectories[optimizer.rawValue]?["\(dtype)"])
        #expect(expected.count == 10)
        let tolerance = dtype == .float64 ? 1e-12 : 1e-6
        let parameters = fixture.tensors(fixture.start, dtype)
        let optimizer = optimizer.make()
        for (gradients, expected) in zip(fixture.gradients, expected) {
            let gradients = fixture.tensors(gradients, dtype)
            optimizer.update(parameters, with: gradients.map { .tensor($0) })
            for (parameter, expected) in zip(parameters, expected) {
                #expect(relativeDifference(parameter, expected) <= tolerance)
            }
        }
    }

    @Test(arguments: Case.allCases)
    func leaveTheGradientsAlone(_ optimizer: Case) {
        let generator = Generator(seed: 1)
        let (w, g) = (parameters(generator), parameters(generator))
        let before = g.map { $0.clone() }
        let optimizer = optimizer.make()
        for _ in 0..<2 { optimizer.update(w, with: g.map { .tensor($0) }) }
        for (g, before) in zip(g, before) { #expect(g.doubles() == before.doubles()) }
    }

    @Test(arguments: Case.allCases)
    func areTheSameForFactoredGradients(_ optimizer: Case) {
        let generator = Generator(seed: 2)
        let factored = parameters(generator)
        let formed = factored.map { $0.clone() }
        let (first, second) = (optimizer.make(), optimizer.make())
        for _ in 0..<4 {
            let gradients = gradients(generator)
            first.update(factored, with: gradients)
            second.update(formed, with: gradients.map { .tensor($0.formed()) })
        }
        for (a, b) in zip(factored, formed) { #expect(relativeDifference(a, b.doubles()) <= 1e-13) }
    }

    @Test(arguments: Case.allCases)
    func areTheSameForGradientsThatAreViews(_ optimizer: Case) {
        let generator = Generator(seed: 3)
        let view = Tensor.normal([7, 5], using: generator, dtype: .float64).transposed()
        let w = Tensor.normal([5, 7], using: generator, dtype: .float64)
        let copy = w.clone()
        optimizer.make().update([w], with: [.tensor(view)])
        optimizer.make().update([copy], with: [.tensor(view.contiguous())])
        #expect(w.doubles() == copy.doubles())
    }

    @Test(arguments: Case.allCases)
    func followTheLearningRate(_ optimizer: Case) {
        let generator = Generator(seed: 4)
        let w = parameters(generator)
        let before = w.map { $0.clone() }
        let optimizer = optimizer.make()
        optimizer.learningRate = 0
        optimizer.update(w, with: gradients(generator))
        for (w, before) in zip(w, before) { #expect(w.doubles() == before.doubles()) }
    }

    @Test func kindsMakeTheOptimizersOfTheirNames() {
        let types = OptimizerKind.allCases.map { "\($0.rawValue) \(type(of: $0.make(learningRate: 0.5)))" }
        #expect(types == ["sgd SGD", "momentum Momentum", "adagrad AdaGrad", "rmsprop RMSProp", "adam Adam"])
        #expect(OptimizerKind.allCases.allSatisfy { $0.make(learningRate: 0.5).learningRate == 0.5 })
    }
}

@Suite struct PredictedDecrease {
    @Test(arguments: Case.allCases, [0, 1, 3])
    func isWhatTheNextStepDoes(_ optimizer: Case, stepsBefore: Int) {
        let generator = Generator(seed: 5)
        let w = parameters(generator)
        let optimizer = optimizer.make()
        for _ in 0..<stepsBefore { optimizer.update(w, with: gradients(generator)) }
        let g = gradients(generator)
        let predicted = optimizer.predictedDecrease(of: w, with: g)
        let before = w.map { $0.clone() }
        optimizer.update(w, with: g)
        let actual = zip(g, zip(before, w)).map { ($0.formed() * ($1.0 - $1.1)).sum().item() }.reduce(0, +)
        #expect(abs(predicted - actual) <= 1e-10 * abs(actual))
    }

    @Test(arguments: Case.allCases)
    func isTheDecreaseOfTheLossForASmallStep(_ optimizer: Case) {
        // L(w) = 1/2 |w|^2, of which w is the gradient.
        let w = parameters(Generator(seed: 6))
        let loss = { w.map { 0.5 * $0.squaredNorm().item() }.reduce(0, +) }
        let optimizer = optimizer.make(learningRate: 1e-7)
        for _ in 0..<3 { optimizer.update(w, with: w.map { .tensor($0.clone()) }) }
        let g = w.map { ParameterGradient.tensor($0.clone()) }
        let predicted = optimizer.predictedDecrease(of: w, with: g)
        let before = loss()
        optimizer.update(w, with: g)
        #expect(abs(predicted - (before - loss())) <= 1e-4 * predicted)
    }

    @Test(arguments: Case.allCases, [0, 2])
    func changesNothing(_ optimizer: Case, stepsBefore: Int) {
        let generator = Generator(seed: 7)
        let w = parameters(generator)
        let asked = optimizer.make()
        for _ in 0..<stepsBefore { asked.update(w, with: gradients(generator)) }
        let (parametersBefore, stateBefore) = (w.map { $0.clone() }, asked.state)
        let g = gradients(generator)
        let formed = g.map { $0.formed().clone() }
        _ = asked.predictedDecrease(of: w, with: g)
        #expect(zip(w, parametersBefore).allSatisfy { $0.doubles() == $1.doubles() })
        #expect(zip(g, formed).allSatisfy { $0.formed().doubles() == $1.doubles() })
        #expect(asked.state.mapValues { $0.map { $0.doubles() } } == stateBefore.mapValues { $0.map { $0.doubles() } })
    }

    @Test func isInClosedFormForTheFirstStep() {
        let generator = Generator(seed: 8)
        let w = parameters(generator)
        let g = gradients(generator)
        let squared = g.squaredNorm()
        let absolute = g.map { $0.formed().absolute().sum().item() }.reduce(0, +)
        let expected: [OptimizerKind: Double] = [
            .sgd: 0.1 * squared, .momentum: 0.1 * squared, .adagrad: 0.1 * absolute,
            .rmsprop: 0.1 * absolute / 0.1,  // sqrt(v) = sqrt(1 - alpha) |g|
            .adam: 0.1 * absolute,
        ]
        for kind in OptimizerKind.allCases {
            let predicted = kind.make(learningRate: 0.1).predictedDecrease(of: w, with: g)
            #expect(abs(predicted - expected[kind]!) <= 1e-5 * predicted, "\(kind)")
        }
    }
}

@Suite struct State {
    @Test(arguments: Case.allCases)
    func restoresToTheSameContinuation(_ optimizer: Case) throws {
        let generator = Generator(seed: 9)
        let w = parameters(generator)
        let first = optimizer.make()
        for _ in 0..<3 { first.update(w, with: gradients(generator)) }
        let (saved, copy) = (first.state, w.map { $0.clone() })
        let continuation = (0..<3).map { _ in gradients(generator) }
        for g in continuation { first.update(w, with: g) }

        // Twice, so that the steps after the first restoration must not have changed what was saved.
        let second = optimizer.make()
        for _ in 0..<2 {
            let again = copy.map { $0.clone() }
            try second.restore(saved, for: again)
            for g in continuation { second.update(again, with: g) }
            for (a, b) in zip(again, w) { #expect(a.doubles() == b.doubles()) }
        }
    }

    @Test(arguments: Case.stateful)
    func isForgottenByReset(_ optimizer: Case) {
        let generator = Generator(seed: 10)
        let w = parameters(generator)
        let used = optimizer.make()
        #expect(used.state.isEmpty)
        for _ in 0..<3 { used.update(w, with: gradients(generator)) }
        #expect(!used.state.isEmpty)
        used.reset()
        #expect(used.state.isEmpty)
        let copy = w.map { $0.clone() }
        let g = gradients(generator)
        used.update(w, with: g)
        optimizer.make().update(copy, with: g)
        for (a, b) in zip(w, copy) { #expect(a.doubles() == b.doubles()) }

        // Other shapes are welcome after a reset.
        used.reset()
        used.update([w[1]], with: [g[1]])
    }

    @Test func hasPyTorchsNames() {
        let names = OptimizerKind.allCases.map { kind in
            let optimizer = kind.make(learningRate: 0.1)
            let generator = Generator(seed: 11)
            optimizer.update(parameters(generator), with: gradients(generator))
            return optimizer.state.keys.sorted().joined(separator: " ")
        }
        #expect(
            names == ["", "momentum_buffer step", "step sum", "square_avg step", "exp_avg exp_avg_sq step"])
    }

    @Test func ofAnotherOptimizerOrOtherParametersIsRefused() throws {
        let generator = Generator(seed: 12)
        let w = parameters(generator)
        let adam = Adam()
        adam.update(w, with: gradients(generator))
        let state = adam.state
        for kind in OptimizerKind.allCases where kind != .adam {
            #expect(throws: OptimizerStateError.self) { try kind.make(learningRate: 1).restore(state, for: w) }
        }
        #expect(throws: OptimizerStateError.self) { try adam.restore(state, for: [w[0]]) }
        #expect(throws: OptimizerStateError.self) { try adam.restore(state, for: [w[1], w[0]]) }
        #expect(throws: OptimizerStateError.self) { try adam.restore(state, for: w.map { $0.to(dtype: .float32) }) }
        // What was there is still there.
        #expect(adam.state["step"]?[0].item() == 1)
        #expect(adam.state["exp_avg"]?.map(\.shape) == w.map(\.shape))
    }
}

@Suite struct Mistakes {
    @Test func otherShapesThanBeforeTrap() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let optimizer = Adam()
            optimizer.update([.zeros([2, 3])], with: [.tensor(.ones([2, 3]))])
            optimizer.update([.zeros([3, 2])], with: [.tensor(.ones([3, 2]))])
        }
        let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(message.contains("parameter 0 is [3, 2] float32 on cpu, but the optimizer's state of it is [2, 3]"))
    }

    @Test func anotherNumberOfParametersTraps() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let optimizer = Momentum()
            optimizer.update([.zeros([2])], with: [.tensor(.ones([2]))])
            optimizer.update([.zeros([2]), .zeros([2])], with: [.tensor(.ones([2])), .tensor(.ones([2]))])
        }
        let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(message.contains("2 parameters, but the optimizer's state is of 1"))
    }

    @Test func gradientsThatDoNotFitTrap() async {
        await #expect(processExitsWith: .failure) { SGD().update([.zeros([4])], with: []) }
        await #expect(processExitsWith: .failure) { SGD().update([.zeros([4])], with: [.tensor(.ones([1]))]) }
        await #expect(processExitsWith: .failure) { AdaGrad().update([.zeros([4])], with: [.tensor(.ones([1]))]) }
        await #expect(processExitsWith: .failure) {
            RMSProp().update(
                [.zeros([4, 4])], with: [.product(delta: .ones([2, 3]), input: Representation(rows: .ones([2, 3])))])
        }
    }

    @Test func parametersThatAreViewsTrap() async {
        await #expect(processExitsWith: .failure) {
            Adam().update([.zeros([4, 2]).transposed()], with: [.tensor(.ones([2, 4]))])
        }
    }
}
