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
    case adamW = "adamw"
    /// Muon for the matrix, AdamW for the vector.
    case muon

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
        case .adamW: AdamW(learningRate: learningRate, weightDecay: 0.1)
        case .muon:
            PartitionedOptimizer(
                matrices: Muon(learningRate: learningRate), others: AdamW(learningRate: learningRate))
        }
    }
}

/// A matrix and a vector of random numbers.
func parameters(_ generator: Generator, dtype: DType = .float64) -> [Tensor] {
    [.normal([5, 7], using: generator, dtype: dtype), .normal([5], using: generator, dtype: dtype)]
}

/// A factored gradient of the matrix and one of elements of the vector.
func gradients(_ generator: Generator, dtype: DType = .float64) -> [ParameterGradient] {
    [
        .product(
            delta: .normal([3, 5], using: generator, dtype: dtype),
            input: Representation(rows: .normal([3, 7], using: generator, dtype: dtype))),
        .tensor(.normal([5], using: generator, dtype: dtype)),
    ]
}

extension OptimizerState {
    /// All numbers, in the order of the names.
    var numbers: [[[Double]]] {
        entries.map { entry in
            [[Double(entry.stepCount)]] + entry.tensors.sorted { $0.key < $1.key }.map { $0.value.doubles() }
        }
    }
}

/// The largest difference between elements, relative to the largest element expected.
func relativeDifference(_ actual: Tensor, _ expected: [Double]) -> Double {
    let scale = expected.map(abs).max()!
    return zip(actual.doubles(), expected).map { abs($0 - $1) / scale }.max()!
}

@Suite struct Trajectories {
    @Test(arguments: Case.allCases, [DType.float64, .float32])
    func arePyTorchs(_ optimizer: Case, dtype: DType) throws {
        try expectPyTorchs(
            optimizer.rawValue, in: "optimizers", dtype, tolerance: dtype == .float64 ? 1e-12 : 1e-6,
            by: optimizer.make())
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
        let (parametersBefore, stateBefore) = (w.map { $0.clone() }, asked.state(of: w).numbers)
        let g = gradients(generator)
        let formed = g.map { $0.formed().clone() }
        _ = asked.predictedDecrease(of: w, with: g)
        _ = asked.displacement(of: w, with: g)
        _ = asked.preconditioned(g, of: w)
        #expect(zip(w, parametersBefore).allSatisfy { $0.doubles() == $1.doubles() })
        #expect(zip(g, formed).allSatisfy { $0.formed().doubles() == $1.doubles() })
        #expect(asked.state(of: w).numbers == stateBefore)
    }

    @Test func isInClosedFormForTheFirstStep() {
        let generator = Generator(seed: 8)
        let w = parameters(generator)
        let g = gradients(generator)
        let squared = g.squaredNorm()
        let absolute = g.map { $0.formed().absolute().sum().item() }.reduce(0, +)
        let alongWeights = zip(g, w).map { $0.formed().dot($1).item() }.reduce(0, +)
        let expected: [Case: Double] = [
            .sgd: 0.1 * squared, .momentum: 0.1 * squared, .adagrad: 0.1 * absolute,
            .rmsprop: 0.1 * absolute / 0.1,  // sqrt(v) = sqrt(1 - alpha) |g|
            .adam: 0.1 * absolute, .adamW: 0.1 * absolute + 0.1 * 0.1 * alongWeights,
        ]
        for (optimizer, expected) in expected {
            let predicted = optimizer.make(learningRate: 0.1).predictedDecrease(of: w, with: g)
            #expect(abs(predicted - expected) <= 1e-5 * predicted, "\(optimizer)")
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
        let (saved, copy) = (first.state(of: w), w.map { $0.clone() })
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
        #expect(used.state(of: w).isEmpty)
        for _ in 0..<3 { used.update(w, with: gradients(generator)) }
        #expect(!used.state(of: w).isEmpty)
        used.reset()
        #expect(used.state(of: w).isEmpty)
        let copy = w.map { $0.clone() }
        let g = gradients(generator)
        used.update(w, with: g)
        optimizer.make().update(copy, with: g)
        for (a, b) in zip(w, copy) { #expect(a.doubles() == b.doubles()) }

        // Other shapes are welcome after a reset.
        used.reset()
        used.update([w[1]], with: [g[1]])
    }

    @Test(arguments: Case.allCases)
    func isForgottenOfSomeParameters(_ optimizer: Case) {
        let generator = Generator(seed: 15)
        let (first, second) = (parameters(generator), parameters(generator))
        let (shared, alone) = (optimizer.make(), optimizer.make())
        let twins = second.map { $0.clone() }
        for _ in 0..<3 {
            let g = gradients(generator)
            shared.update(first, with: g)
            shared.update(second, with: g)
            alone.update(twins, with: g)
        }
        shared.reset(first)
        #expect(shared.state(of: first).isEmpty)
        let copy = first.map { $0.clone() }
        let g = gradients(generator)
        shared.update(first, with: g)
        optimizer.make().update(copy, with: g)
        for (a, b) in zip(first, copy) { #expect(a.doubles() == b.doubles()) }
        // The other model goes on as if nothing had been.
        shared.update(second, with: g)
        alone.update(twins, with: g)
        for (a, b) in zip(second, twins) { #expect(a.doubles() == b.doubles()) }
    }

    @Test func afterLessThanNoStepsIsRefused() {
        let generator = Generator(seed: 16)
        let w = parameters(generator)
        let adam = Adam()
        adam.update(w, with: gradients(generator))
        let damaged = OptimizerState(
            adam.state(of: w).entries.map { OptimizerState.Entry(stepCount: -3, tensors: $0.tensors) })
        let error = #expect(throws: OptimizerStateError.self) { try adam.restore(damaged, for: w) }
        #expect(error?.description.contains("-3 steps") == true)
        #expect(adam.state(of: w).entries.map(\.stepCount) == [1, 1])
    }

    @Test func hasPyTorchsNames() {
        let expected: [Case: [String]] = [
            .sgd: ["", ""], .momentum: ["momentum_buffer", "momentum_buffer"], .adagrad: ["sum", "sum"],
            .rmsprop: ["square_avg", "square_avg"], .adam: ["exp_avg exp_avg_sq", "exp_avg exp_avg_sq"],
            .adamW: ["exp_avg exp_avg_sq", "exp_avg exp_avg_sq"], .muon: ["momentum_buffer", "exp_avg exp_avg_sq"],
        ]
        for (optimizer, expected) in expected {
            let optimizer = optimizer.make()
            let generator = Generator(seed: 11)
            let w = parameters(generator)
            optimizer.update(w, with: gradients(generator))
            let names = optimizer.state(of: w).entries.map { $0.tensors.keys.sorted().joined(separator: " ") }
            #expect(names == expected)
        }
    }

    @Test func ofAnotherOptimizerOrOtherParametersIsRefused() throws {
        let generator = Generator(seed: 12)
        let w = parameters(generator)
        let adam = Adam()
        adam.update(w, with: gradients(generator))
        let state = adam.state(of: w)
        // AdamW remembers what Adam does.
        for other in Case.allCases where ![.adam, .adamBetas, .adamW].contains(other) {
            #expect(throws: OptimizerStateError.self) { try other.make().restore(state, for: w) }
        }
        #expect(throws: OptimizerStateError.self) { try adam.restore(state, for: [w[0]]) }
        #expect(throws: OptimizerStateError.self) { try adam.restore(state, for: [w[1], w[0]]) }
        #expect(throws: OptimizerStateError.self) { try adam.restore(state, for: w.map { $0.to(dtype: .float32) }) }
        // What was there is still there.
        #expect(adam.state(of: w).entries.map(\.stepCount) == [1, 1])
        #expect(adam.state(of: w).entries.map { $0.tensors["exp_avg"]?.shape } == w.map(\.shape))
    }
}

@Suite struct Subsets {
    @Test(arguments: Case.allCases)
    func eachParameterHasTheStateOfItsOwnSteps(_ optimizer: Case) {
        let generator = Generator(seed: 13)
        let w = parameters(generator)
        let alone = w.map { $0.clone() }
        let (together, first, second) = (optimizer.make(), optimizer.make(), optimizer.make())
        func step(_ indices: [Int]) {
            let g = gradients(generator)
            together.update(indices.map { w[$0] }, with: indices.map { g[$0] })
            for index in indices {
                (index == 0 ? first : second).update([alone[index]], with: [g[index]])
            }
        }
        for indices in [[0], [1, 0], [0, 1], [1], [0, 1]] { step(indices) }
        for (a, b) in zip(w, alone) { #expect(a.doubles() == b.doubles()) }
    }

    @Test func stateIsThatOfTheParametersAskedFor() throws {
        let generator = Generator(seed: 14)
        let w = parameters(generator)
        let adam = Adam()
        for _ in 0..<2 { adam.update([w[1]], with: [gradients(generator)[1]]) }
        #expect(adam.state(of: w).entries.map(\.stepCount) == [0, 2])
        #expect(adam.state(of: [w[1], w[0]]).entries.map(\.stepCount) == [2, 0])
        let saved = adam.state(of: w)
        adam.update(w, with: gradients(generator))
        try adam.restore(saved, for: w)
        #expect(adam.state(of: w).numbers == saved.numbers)
    }
}

@Suite struct Displacements {
    @Test(arguments: Case.allCases, [0, 3])
    func areWhatTheNextStepDoes(_ optimizer: Case, stepsBefore: Int) {
        let generator = Generator(seed: 15)
        let w = parameters(generator)
        let optimizer = optimizer.make()
        for _ in 0..<stepsBefore { optimizer.update(w, with: gradients(generator)) }
        let g = gradients(generator)
        let displacements = optimizer.displacement(of: w, with: g).map { $0.formed() }
        let displaced = optimizer.displaced(w, with: g, by: 3)
        let before = w.map { $0.clone() }
        optimizer.update(w, with: g)
        for (index, (before, after)) in zip(before, w).enumerated() {
            #expect(displacements[index].contiguous().sharesStorage(with: displacements[index]))
            #expect(relativeDifference(displacements[index], (after - before).doubles()) <= 1e-13)
            #expect(relativeDifference(displaced[index], (before + (after - before) * 3).doubles()) <= 1e-14)
        }
    }

    /// Looks at large parameters go from part to part; the last part is a smaller one.
    @Test(arguments: Case.allCases, [0, 2])
    func thoseOfLargeParametersAreThoseOfTheirParts(_ optimizer: Case, stepsBefore: Int) throws {
        let generator = Generator(seed: 25)
        let (rows, columns) = (410, 200)
        let w = [Tensor.normal([rows, columns], using: generator), .normal([70_000], using: generator)].map {
            $0.to(dtype: .float64)
        }
        func draw() -> [ParameterGradient] {
            [
                .product(
                    delta: .normal([3, rows], using: generator, dtype: .float64),
                    input: Representation(rows: .normal([3, columns], using: generator, dtype: .float64))),
                .tensor(.normal([70_000], using: generator, dtype: .float64)),
            ]
        }
        let optimizer = optimizer.make()
        for _ in 0..<stepsBefore { optimizer.update(w, with: draw()) }
        let (g, v) = (draw(), draw())
        let displacements = optimizer.displacement(of: w, with: g).map { $0.formed() }
        let displaced = optimizer.displaced(w, with: g, by: -2)
        let decrease = optimizer.predictedDecrease(of: w, with: g)
        let scaled = optimizer.preconditioned(v, at: g, of: w)?.map { $0.formed() }
        let before = w.map { $0.clone() }
        let state = optimizer.state(of: w)
        optimizer.update(w, with: g)
        let moves = zip(w, before).map { $0 - $1 }
        for (displacement, move) in zip(displacements, moves) {
            // The difference of two parameters has fewer digits than the displacement.
            #expect(relativeDifference(displacement, move.doubles()) <= 1e-12)
        }
        for (displaced, (start, displacement)) in zip(displaced, zip(before, displacements)) {
            #expect(relativeDifference(displaced, (start - displacement * 2).doubles()) <= 1e-14)
        }
        let expected = -zip(moves, g).map { $0.dot($1.formed()) }.total()
        #expect(abs(decrease - expected) <= 1e-10 * abs(expected))
        guard let scaled else { return }
        // Twenty rows by themselves, as another optimizer in the same state sees them.
        let some = [before[0].narrowed(0, to: 155..<175).clone()]
        func few(_ gradient: ParameterGradient) -> [ParameterGradient] {
            [.tensor(gradient.formed().narrowed(0, to: 155..<175).clone())]
        }
        if stepsBefore > 0, let entry = state.entries.first {
            let tensors = entry.tensors.mapValues { $0.narrowed(0, to: 155..<175).clone() }
            let part = OptimizerState([OptimizerState.Entry(stepCount: entry.stepCount, tensors: tensors)])
            try optimizer.restore(part, for: some)
        }
        let alone = try #require(optimizer.preconditioned(few(v[0]), at: few(g[0]), of: some))[0].formed()
        #expect(relativeDifference(scaled[0].narrowed(0, to: 155..<175).clone(), alone.doubles()) <= 1e-13)
    }
}

@Suite struct Preconditioned {
    /// A diagonal in elementary operations on doubles, from the squares of all gradients so far.
    @Test(arguments: [Case.adagrad, .rmsprop, .rmspropAlpha, .adam, .adamBetas], [0, 1, 4])
    func gradientsAreScaledByTheDiagonalOfTheNextStep(_ optimizer: Case, stepsBefore: Int) throws {
        let generator = Generator(seed: 16)
        let w = parameters(generator)
        let all = (0...stepsBefore).map { _ in gradients(generator) }
        let tested = optimizer.make()
        for g in all.dropLast() { tested.update(w, with: g) }
        let scaled = try #require(tested.preconditioned(all.last!, of: w))
        for index in w.indices {
            let squares = all.map { $0[index].formed().doubles().map { $0 * $0 } }
            func mean(_ share: Double, _ element: Int) -> Double {
                squares.reduce(0) { share * $0 + (1 - share) * $1[element] }
            }
            let expected = all.last![index].formed().doubles().enumerated().map { element, g in
                let correction = { (share: Double) in 1 - pow(share, Double(all.count)) }
                return switch optimizer {
                case .adagrad: g / (squares.map { $0[element] }.reduce(0, +).squareRoot() + 1e-10)
                case .rmsprop: g / (mean(0.99, element).squareRoot() + 1e-8)
                case .rmspropAlpha: g / (mean(0.9, element).squareRoot() + 1e-3)
                case .adam: g / ((mean(0.999, element) / correction(0.999)).squareRoot() + 1e-8)
                default: g / ((mean(0.95, element) / correction(0.95)).squareRoot() + 1e-3)
                }
            }
            #expect(relativeDifference(scaled[index].formed(), expected) <= 1e-12)
            // The same diagonal scales other vectors.
            let other = gradients(Generator(seed: 99))
            let product = try #require(tested.preconditioned(other, at: all.last!, of: w))[index].formed().doubles()
            let ratios = zip(expected, all.last![index].formed().doubles()).map { $0 / $1 }
            let rescaled = zip(ratios, other[index].formed().doubles()).map { $0 * $1 }
            #expect(zip(product, rescaled).allSatisfy { abs($0 - $1) <= 1e-9 * abs($1) })
        }
    }

    /// Of a weight that no sample reaches, as that of a black pixel, and of gradients whose squares are hardly numbers.
    @Test(arguments: [Case.adagrad, .rmsprop, .adam], [DType.float64, .float32])
    func elementsWithoutAGradientAreScaledByEpsilon(_ optimizer: Case, dtype: DType) throws {
        let gradient = Tensor([0, 0, 1e-25, 1e-22]).to(dtype: dtype)
        let vector = Tensor([3, 0, 2, 1]).to(dtype: dtype)
        let tested = optimizer.make()
        let scaled = try #require(
            tested.preconditioned(
                [.tensor(vector)], at: [.tensor(gradient)], of: [Tensor.zeros([4], dtype: dtype)]))[0].formed()
        let epsilon = optimizer == .adagrad ? 1e-10 : 1e-8
        #expect(relativeDifference(scaled, vector.doubles().map { $0 / epsilon }) <= (dtype == .float64 ? 1e-12 : 1e-6))
    }

    @Test(arguments: [Case.sgd, .momentum, .nesterov])
    func gradientsAreThemselvesWhereAllElementsMoveAtOneRate(_ optimizer: Case) throws {
        let generator = Generator(seed: 17)
        let (w, g) = (parameters(generator), gradients(generator))
        let scaled = try #require(optimizer.make().preconditioned(g, of: w))
        guard case .product = scaled[0] else { return #expect(Bool(false), "a factored gradient stays factored") }
        #expect(zip(scaled, g).allSatisfy { $0.formed().doubles() == $1.formed().doubles() })
    }
}

/// `w <- w - lr (b + decay w)` with `b` the sum of all gradients: a rule outside the package, whose step depends on the
/// parameter.
private struct SumOfGradients: UpdateRule {
    var learningRate: Double
    let decay = 0.25

    func initialState(for parameter: Tensor) -> [String: Tensor] { ["total": .zeros(like: parameter)] }

    func step(_ parameter: Tensor, gradient: Tensor, state: [String: Tensor], count: Int) {
        let total = state["total"]!
        total.addInPlace(gradient)
        parameter.addInPlace(total + parameter * decay, scale: -learningRate)
    }
}

@Suite struct Rules {
    @Test func makeOptimizersOfTwoFunctions() throws {
        let generator = Generator(seed: 18)
        let w = parameters(generator)
        let optimizer: any Optimizer = RuleOptimizer(SumOfGradients(learningRate: 0))
        optimizer.learningRate = 0.1
        #expect(optimizer.learningRate == 0.1)
        let all = (0..<3).map { _ in gradients(generator) }
        for g in all.dropLast() { optimizer.update(w, with: g) }
        let (before, saved) = (w.map { $0.clone() }, optimizer.state(of: w))
        let expected = w.indices.map { index in
            (all.map { $0[index].formed() }.dropFirst().reduce(all[0][index].formed(), +) + w[index] * 0.25) * -0.1
        }
        for (displacement, expected) in zip(optimizer.displacement(of: w, with: all[2]), expected) {
            #expect(relativeDifference(displacement.formed(), expected.doubles()) <= 1e-13)
        }
        let decrease = zip(all[2], expected).map { -($0.formed() * $1).sum().item() }.reduce(0, +)
        #expect(abs(optimizer.predictedDecrease(of: w, with: all[2]) - decrease) <= 1e-12 * abs(decrease))
        #expect(optimizer.preconditioned(all[2], of: w) == nil)
        #expect(zip(w, before).allSatisfy { $0.doubles() == $1.doubles() })
        #expect(optimizer.state(of: w).numbers == saved.numbers)

        optimizer.update(w, with: all[2])
        for (w, (before, expected)) in zip(w, zip(before, expected)) {
            #expect(relativeDifference(w, (before + expected).doubles()) <= 1e-14)
        }
        let after = w.map { $0.doubles() }
        try optimizer.restore(saved, for: w)
        for (w, before) in zip(w, before) { w.copy(from: before) }
        optimizer.update(w, with: all[2])
        #expect(w.map { $0.doubles() } == after)
    }
}

@Suite struct Mistakes {
    @Test(arguments: [0, 1]) func aParameterListedTwiceTraps(_ optimizer: Int) async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [optimizer] in
            let w = Tensor.zeros([2, 3])
            let optimizer: any Optimizer = optimizer == 0 ? SGD() : Adam()
            optimizer.update([w, w], with: [.tensor(.ones([2, 3])), .tensor(.ones([2, 3]))])
        }
        let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(message.contains("parameter 1 of shape [2, 3] is listed twice"))
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

@Suite struct TrainingStepTests {
    private static var samples: Batch { Batch(inputs: .ones([4, 3]), targets: .ones([4, 2])) }

    /// A loss for each sample.
    private struct Unreduced: Loss {
        func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
            (outputs - targets).absolute().sum(along: [1])
        }
        func linearize(_ outputs: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor) {
            (self(outputs, targets), outputs)
        }
    }

    @Test("A loss that is not one number traps at the first step", arguments: [true, false])
    func losses(isOwnStep: Bool) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [isOwnStep] in
            let model = Dense(3, 2, using: Generator(seed: 0))
            let step =
                isOwnStep
                ? TrainingStep(model, MeanSquaredError(), SGD()) { _ in .zeros([4]) }
                : TrainingStep(model, Unreduced(), SGD())
            step(on: TrainingStepTests.samples)
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("TrainingStep: a loss of shape [4]") && message.contains("mean()"), "\(message)")
    }

    @Test("A rule that remembers nothing needs no state")
    func ruleWithoutState() {
        struct SignDescent: UpdateRule {
            var learningRate: Double
            func step(_ parameter: Tensor, gradient: Tensor, state: [String: Tensor], count: Int) {
                parameter.addInPlace(gradient / gradient.absolute(), scale: -learningRate)
            }
        }
        let parameter = Tensor([1.0, 2.0])
        let optimizer = RuleOptimizer(SignDescent(learningRate: 0.5))
        optimizer.update([parameter], with: [.tensor(Tensor([3.0, -4.0]))])
        #expect(parameter.doubles() == [0.5, 2.5])
        #expect(optimizer.state(of: [parameter]).entries[0].tensors.isEmpty)
    }
}

@Suite struct ReadingParametersTests {
    @Test("An optimizer says that it reads parameters where its step depends on their values")
    func saysSo() {
        let optimizers: [any Optimizer] = [
            SGD(), Momentum(), AdaGrad(), RMSProp(), Adam(), AdamW(), AdamW(weightDecay: 0), Muon(),
            PartitionedOptimizer(matrices: Adam(), others: SGD(learningRate: 0.1)),
            PartitionedOptimizer(matrices: Muon(), others: SGD(learningRate: 0.1)),
        ]
        for optimizer in optimizers {
            let gradient = ParameterGradient.tensor(.normal([3, 4], using: Generator(seed: 0), dtype: .float64))
            let displacements = [0.0, 2].map { value in
                let parameter = Tensor.zeros([3, 4], dtype: .float64) + value
                return optimizer.displacement(of: [parameter], with: [gradient])[0].formed().doubles()
            }
            #expect((displacements[0] != displacements[1]) == optimizer.readsParameters, "\(optimizer)")
        }
    }

    @Test("An optimizer says that it scales elements where its diagonal has different entries")
    func saysWhetherItScalesElements() {
        let optimizers: [any Optimizer] = [
            SGD(), Momentum(), AdaGrad(), RMSProp(), Adam(), AdamW(), Muon(),
            PartitionedOptimizer(matrices: SGD(), others: SGD()),
            PartitionedOptimizer(matrices: SGD(), others: SGD(learningRate: 0.1)),
            PartitionedOptimizer(matrices: Adam(), others: SGD(learningRate: 0.1)),
        ]
        let generator = Generator(seed: 0)
        let gradients = gradients(generator)
        let ones = [[5, 7], [5]].map { ParameterGradient.tensor(.zeros($0, dtype: .float64) + 1) }
        for optimizer in optimizers {
            let diagonal = optimizer.preconditioned(ones, at: gradients, of: parameters(generator))
            let entries: [Double] = diagonal?.flatMap { $0.formed().doubles() } ?? [1]
            #expect((Set(entries).count > 1) == optimizer.scalesElements, "\(optimizer)")
        }
    }
}
