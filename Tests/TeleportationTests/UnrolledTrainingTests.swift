import Foundation
import Testing

@testable import Teleportation

/// LSTM meta-optimizers and their training, against PyTorch's and against autograd through everything.
@Suite("Learning to teleport")
struct UnrolledTrainingTests {
    /// What make-learning.py writes.
    private struct Fixture: Decodable {
        struct Step: Decodable {
            let outputs, states: [[Double]]
        }
        struct Parameter: Decodable {
            let beginning: [Double]
            let norm: Double
        }
        struct Training: Decodable {
            let quantity: String
            let exponential: Bool
            let losses: [[Double]]
            let parameters: [Parameter]
            let unseen: [Double]
        }
        let recurrence: [Step]
        let sizes: [Int]
        let samples, hidden, steps, unroll: Int
        let rates: [Double]
        let trainings: [Training]
    }

    private static func problems(_ seeds: [UInt64], of fixture: Fixture) throws -> RegressionProblems {
        try RegressionProblems(
            seeds: seeds, sizes: fixture.sizes, samples: fixture.samples, activation: .leakyReLU(slope: 0.1),
            dtype: .float64)
    }

    private static func expectEqual(
        _ found: [Double], _ expected: [Double], within tolerance: Double,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(found.count == expected.count, sourceLocation: sourceLocation)
        for (found, expected) in zip(found, expected) {
            #expect(abs(found - expected) <= tolerance * max(abs(expected), 1e-3), sourceLocation: sourceLocation)
        }
    }

    @Test("Cells and heads compute what PyTorch's do")
    func recurrence() throws {
        let fixture: Fixture = try fixture("learning")
        let generator = Generator(seed: 1)
        let network = MetaLSTM(inputs: 5, hidden: 4, outputs: [3, 2]) { _, shape in
            .uniform(shape, in: -0.5..<0.5, using: generator, dtype: .float64)
        }
        let inputs = Tensor.normal([3, 2, 5], using: generator, dtype: .float64)
        var state = network.initialState(batch: 2)
        for (index, step) in fixture.recurrence.enumerated() {
            let outputs = network(inputs.selected(0, index), &state)
            for (output, expected) in zip(outputs, step.outputs) {
                Self.expectEqual(output.doubles(), expected, within: 1e-12)
            }
            let states = state.cells.flatMap { [$0.hidden, $0.cell] }
            for (state, expected) in zip(states, step.states) {
                Self.expectEqual(state.doubles(), expected, within: 1e-12)
            }
        }
    }

    @Test("Unrolled trainings go where PyTorch's go", arguments: 0..<6)
    func goesWherePyTorchGoes(_ index: Int) throws {
        let fixture: Fixture = try fixture("learning")
        let expected = fixture.trainings[index]
        let quantity = try #require(LearnedQuantity(rawValue: expected.quantity))
        let metaOptimizer = MetaOptimizer(
            MetaOptimizer.Settings(
                sizes: fixture.sizes, quantity, hidden: fixture.hidden,
                element: expected.exponential ? .exponential : .firstOrder),
            using: Generator(seed: 7), dtype: .float64)
        let training = UnrolledTraining(
            metaOptimizer, .init(unroll: fixture.unroll, updateRate: fixture.rates[0], teleportRate: fixture.rates[1]))
        for (seed, losses) in zip([100, 101] as [UInt64], expected.losses) {
            let end = try training.train(on: try Self.problems([seed], of: fixture), steps: fixture.steps)
            Self.expectEqual([end.loss], [losses[losses.count - 1]], within: 1e-9)
        }
        for (parameter, expected) in zip(metaOptimizer.parameters, expected.parameters) {
            Self.expectEqual(
                Array(parameter.value.doubles().prefix(expected.beginning.count)), expected.beginning, within: 1e-7)
            Self.expectEqual([parameter.value.norm().item()], [expected.norm], within: 1e-9)
        }
        let trajectory = try metaOptimizer.trajectory(on: try Self.problems([200], of: fixture), steps: fixture.steps)
        Self.expectEqual(trajectory.map { $0[0] }, expected.unseen, within: 1e-9)
    }

    @Test("Gradients of the weights are those of autograd through all steps", arguments: LearnedQuantity.allCases)
    func gradientsAreThoseOfAutograd(_ quantity: LearnedQuantity) throws {
        let fixture: Fixture = try fixture("learning")
        // Two trainings side by side: the gradients of the weights are sums over them.
        let problems = try Self.problems([3, 4], of: fixture)
        let metaOptimizer = MetaOptimizer(
            .init(sizes: fixture.sizes, quantity, hidden: 5), using: Generator(seed: 0), dtype: .float64)
        let parameters = metaOptimizer.parameters.map(\.value)

        func total(_ tapes: [MetaLSTM.Tape]?) throws -> Tensor {
            var state = metaOptimizer.initialState(batch: 2)
            var (weights, total) = (problems.initialWeights, Tensor(0, dtype: .float64))
            for _ in 0..<4 {
                let gradients = problems.differentiated(at: weights).gradients
                weights = try metaOptimizer.step(weights, gradients: gradients, on: problems, &state, tapes: tapes)
                total = total + problems.losses(of: weights).sum()
            }
            return total
        }
        let expected = try withGradients(of: parameters) { gradient(of: try total(nil), with: parameters) }
        let tapes = metaOptimizer.networks.map { MetaLSTM.Tape(for: $0.network) }
        let followed = try withGradients(of: []) { () throws -> [[Tensor]] in
            let total = try total(tapes)
            return tapes.map { gradient(of: total, with: $0.followed, retainGraph: true) }
        }
        let found = zip(tapes, followed).flatMap { $0.gradients(cotangents: $1) }.map { $0.formed() }
        #expect(found.count == expected.count)
        for (parameter, (found, expected)) in zip(metaOptimizer.parameters, zip(found, expected)) {
            let difference = (found - expected).norm().item()
            #expect(difference <= 1e-10 * expected.norm().item() + 1e-12, "\(parameter.name)")
        }
    }

    @Test("The derivative through the unroll is that of finite differences")
    func derivativeIsThatOfDifferences() throws {
        let fixture: Fixture = try fixture("learning")
        let problems = try Self.problems([5], of: fixture)
        let metaOptimizer = MetaOptimizer(
            .init(sizes: fixture.sizes, .update, hidden: 5), using: Generator(seed: 0), dtype: .float64)
        // One step, in which no gradient that is taken as data depends on the weights.
        func loss() throws -> Tensor {
            var state = metaOptimizer.initialState(batch: 1)
            let initial = problems.initialWeights
            let gradients = problems.differentiated(at: initial).gradients
            return problems.losses(of: try metaOptimizer.step(initial, gradients: gradients, on: problems, &state))
                .sum()
        }
        for parameter in metaOptimizer.parameters {
            let direction = Tensor.normal(parameter.value.shape, using: Generator(seed: 1), dtype: .float64)
            let slope = try withGradients(of: [parameter.value]) {
                gradient(of: try loss(), with: [parameter.value])[0].dot(direction).item()
            }
            let width = 1e-5
            parameter.value.addInPlace(direction, scale: width)
            let above = try loss().item()
            parameter.value.addInPlace(direction, scale: -2 * width)
            let below = try loss().item()
            parameter.value.addInPlace(direction, scale: width)
            #expect(abs((above - below) / (2 * width) - slope) <= 1e-5 * max(abs(slope), 1), "\(parameter.name)")
        }
    }

    @Test("A teleport holds the loss, the first-order one to the second order", arguments: [[6, 5, 4], [5, 6, 5, 4]])
    func teleportsHoldTheLoss(_ sizes: [Int]) throws {
        let problems = try RegressionProblems(
            seeds: [1, 2], sizes: sizes, samples: 4, activation: .leakyReLU(slope: 0.1), dtype: .float64)
        let before = problems.losses(of: problems.initialWeights)
        let generator = Generator(seed: 0)
        let elements = sizes[1..<sizes.count - 1].map { units in
            LieAlgebraHead.elements(
                .normal([2, units * units], using: generator, dtype: .float64), size: units, norm: 0.1)
        }
        func drift(_ kind: GroupElement, _ scale: Double) throws -> Double {
            let moved = try problems.teleported(problems.initialWeights, by: elements.map { $0 * scale }, as: kind)
            for (moved, initial) in zip(moved, problems.initialWeights) {
                #expect((moved - initial).norm().item() > 1e-4 * scale)
            }
            return ((problems.losses(of: moved) - before) / before).norm().item()
        }
        #expect(try drift(.exponential, 1) <= 1e-12)
        let (whole, tenth) = (try drift(.firstOrder, 1), try drift(.firstOrder, 0.1))
        #expect(whole > 1e-4)
        #expect(abs(whole / tenth - 100) < 20)
    }

    @Test("Elements have the length that is set")
    func elementsHaveTheirLength() {
        let outputs = Tensor.normal([3, 16], using: Generator(seed: 0), dtype: .float64)
        let elements = LieAlgebraHead.elements(outputs, size: 4, norm: 0.01)
        #expect(elements.shape == [3, 4, 4])
        for index in 0..<3 {
            let element = elements.selected(0, index)
            #expect(abs(element.norm().item() - 0.01) < 1e-15)
            let cosine =
                element.flattened().dot(outputs.selected(0, index)).item() / outputs.selected(0, index).norm().item()
            #expect(abs(cosine - 0.01) < 1e-15)
        }
    }

    @Test("The series of the exponential is libtorch's", arguments: [1e-2, 0.3, 0.5, 2])
    func exponentialSeries(_ norm: Double) {
        for dtype in [DType.float32, .float64] {
            let element = LieAlgebraHead.elements(
                .normal([2, 25], using: Generator(seed: 0), dtype: dtype), size: 5, norm: norm)
            let (g, inverse) = GroupElement.exponential.matrices(of: element, norm: norm)
            #expect((g - element.matrixExponential()).norm().item() < 8 * dtype.epsilon * Double(10).squareRoot())
            #expect(
                (inverse - (-element).matrixExponential()).norm().item() < 8 * dtype.epsilon * Double(10).squareRoot())
        }
    }

    @Test("Trainings side by side are those of each alone", arguments: LearnedQuantity.allCases)
    func sideBySide(_ quantity: LearnedQuantity) throws {
        let fixture: Fixture = try fixture("learning")
        let metaOptimizer = MetaOptimizer(
            .init(sizes: fixture.sizes, quantity, hidden: 5), using: Generator(seed: 0), dtype: .float64)
        let both = try metaOptimizer.trajectory(on: try Self.problems([8, 9], of: fixture), steps: 6)
        for (index, seed) in ([8, 9] as [UInt64]).enumerated() {
            let alone = try metaOptimizer.trajectory(on: try Self.problems([seed], of: fixture), steps: 6)
            Self.expectEqual(both.map { $0[index] }, alone.map { $0[0] }, within: 1e-10)
        }
    }

    @Test("A loss that is not finite ends a training, and nothing is learned from it")
    func endsWhereNotFinite() throws {
        let fixture: Fixture = try fixture("learning")
        let problems = try Self.problems([0], of: fixture)
        let metaOptimizer = MetaOptimizer(
            .init(sizes: fixture.sizes, .update, hidden: 5), using: Generator(seed: 0), dtype: .float64)
        let training = UnrolledTraining(metaOptimizer, .init(unroll: 2))
        let before = metaOptimizer.parameters.map { $0.value.clone() }
        problems.targets.fill(.infinity)
        let end = try training.train(on: problems, steps: 4)
        #expect(!end.isFinite)
        for (parameter, before) in zip(metaOptimizer.parameters, before) {
            #expect(parameter.value.doubles() == before.doubles(), "\(parameter.name)")
        }
    }
}
