import Foundation
import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct SymmetryTeleporterTests {
    private func model(
        hidden: [Int] = [40, 36], activation: Activation = .leakyReLU(slope: 0.1), dtype: DType = .float32
    ) -> MLP {
        MLP(
            inputs: 30, hidden: hidden, outputs: 5, activation: activation, using: Generator(seed: 1), dtype: dtype)
    }

    private func batch(_ samples: Int = 20, dtype: DType = .float32) -> Batch {
        let generator = Generator(seed: 2)
        return Batch(
            inputs: .normal([samples, 30], using: generator, dtype: dtype),
            targets: .integers([samples], in: 0..<5, using: generator))
    }

    @Test(
        "The exponential keeps the loss while the gradient grows", arguments: GroupAction.allCases,
        [DType.float32, .float64])
    func keepsLoss(action: GroupAction, dtype: DType) {
        for activation in [Activation.leakyReLU(slope: 0.1), .tanh, .sigmoid, .relu, .gelu] {
            if action == .exact && !activation.isBijective { continue }
            let teleporter = SymmetryTeleporter(Climb(steps: 10, stepSize: .growth(0.1), cap: .none), action: action)
            let model = model(activation: activation, dtype: dtype)
            let report = teleporter.teleport(
                model, CrossEntropy(), on: [batch(dtype: dtype)], before: SGD(learningRate: 0.1))[0]
            #expect(report.restored == nil && report.steps == 10, "\(activation)")
            #expect(report.relativeDrift < (dtype == .float32 ? 1e-4 : 1e-9), "\(activation)")
            #expect(
                report.gradientNormSquaredAfter > 1.5 * report.gradientNormSquaredBefore,
                "\(activation): \(report.gradientNormSquaredBefore) to \(report.gradientNormSquaredAfter)")
            let norm = LinearizedLoss(model, CrossEntropy(), on: batch(dtype: dtype)).gradients(
                of: model.parameters.map(\.value)
            )
            .squaredNorm()
            #expect(abs(report.gradientNormSquaredAfter / norm - 1) < (dtype == .float32 ? 1e-3 : 1e-8))
            #expect(report.seconds > 0)
        }
    }

    /// Rises by the first step that is looked at, and by no other; it remembers the values of the parameters there.
    private final class RisesOnce: Objective, @unchecked Sendable {
        private(set) var seen: [[Double]] = []
        func value(at point: Point) -> Double {
            seen.append(point.parameters.flatMap { $0.doubles() })
            return seen.count == 2 ? 1e6 : 0
        }
        func gradient(at point: Point) -> ObjectiveGradient { ObjectiveGradient(hessianAlong: point.gradients) }
    }

    @Test(
        "A search that finds nothing leaves the parameters as they were, to the last bit",
        arguments: GroupAction.allCases)
    func searchComesBack(action: GroupAction) {
        // More samples than units: steps of several pairs along one direction do not commute.
        let (model, objective) = (model(activation: .tanh), RisesOnce())
        let climb = Climb(
            objective: objective, steps: 3, stepSize: .fixed(0.01), search: .armijo, cap: .none, tolerance: .infinity)
        let report = SymmetryTeleporter(climb, action: action).teleport(
            model, CrossEntropy(), on: [batch(60)], before: SGD(learningRate: 0.1))[0]
        #expect(report.steps == 1 && report.ending == .rejected && objective.seen.count > 3)
        #expect(objective.seen[2] != objective.seen[1])
        #expect(model.parameters.flatMap { $0.value.doubles() } == objective.seen[1])
    }

    @Test("The first-order element drifts where the exponential does not")
    func firstOrderDrifts() {
        let drifts = GroupElement.allCases.map { element in
            SymmetryTeleporter(Climb(stepSize: .growth(0.3), cap: .none, tolerance: .infinity), element: element)
                .teleport(
                    model(dtype: .float64), CrossEntropy(), on: [batch(dtype: .float64)], before: SGD(learningRate: 0.1)
                )[0]
                .relativeDrift
        }
        #expect(drifts[0] > 1e-6 && drifts[1] < 1e-10, "\(drifts)")
    }

    @Test("What drifts is undone to the last bit, and says so", arguments: SymmetryTeleporter.Derivative.allCases)
    func restores(method: SymmetryTeleporter.Derivative) {
        let model = model()
        // More samples than any layer has inputs.
        let teleporter = SymmetryTeleporter(
            Climb(stepSize: .growth(3), cap: .none, tolerance: 1e-6), element: .firstOrder, derivative: method)
        let report = teleporter.teleport(model, CrossEntropy(), on: [batch(60)], before: SGD(learningRate: 0.1))[0]
        #expect(report.restored != nil)
        for (a, b) in zip(model.parameters, self.model().parameters) {
            #expect(a.value.doubles() == b.value.doubles(), "\(a.name)")
        }
    }

    @Test("What is not finite is undone, and says so", arguments: GroupElement.allCases)
    func notFinite(element: GroupElement) {
        let model = model()
        let teleporter = SymmetryTeleporter(Climb(steps: 3, stepSize: .fixed(1e30), cap: .none), element: element)
        let report = teleporter.teleport(model, CrossEntropy(), on: [batch()], before: SGD(learningRate: 0.1))[0]
        #expect(report.restored != nil)
        for (a, b) in zip(model.parameters, self.model().parameters) {
            #expect(a.value.doubles() == b.value.doubles(), "\(a.name)")
        }
        model.parameters[2].value.fill(.nan)
        let other = SymmetryTeleporter().teleport(model, CrossEntropy(), on: [batch()], before: SGD(learningRate: 1))[0]
        #expect(other.restored == .notFinite && other.steps == 0)
    }

    @Test("A step that leads out of the range of the activation, however short, is none")
    func outOfRange() {
        for activation in [Activation.tanh, .sigmoid] {
            let model = model(activation: activation)
            let report = SymmetryTeleporter(Climb(stepSize: .fixed(1e30), cap: .none)).teleport(
                model, CrossEntropy(), on: [batch()], before: SGD(learningRate: 0.1))[0]
            #expect(report.steps == 0 && report.restored == nil && report.lossAfter == report.lossBefore)
            for (a, b) in zip(model.parameters, self.model(activation: activation).parameters) {
                #expect(a.value.doubles() == b.value.doubles(), "\(a.name)")
            }
        }
    }

    @Test("Units at the end of their range do not hold up the others")
    func endOfRange() {
        let report = SymmetryTeleporter(Climb(steps: 10, stepSize: .growth(0.5), cap: .none)).teleport(
            model(activation: .tanh, dtype: .float64), CrossEntropy(), on: [batch(8, dtype: .float64)],
            before: SGD(learningRate: 0.1))[0]
        #expect(report.restored == nil && report.steps == 10 && report.halvings.total > 0)
        #expect(report.relativeDrift < 1e-6, "\(report.relativeDrift)")
        let growth = report.gradientNormSquaredAfter / report.gradientNormSquaredBefore
        #expect(growth > pow(1.5, 10), "\(growth)")
    }

    @Test("Steps that are shortened to stay in the range of the activation are counted")
    func halvings() {
        let reports = [1e-3, 30].map {
            SymmetryTeleporter(Climb(steps: 3, stepSize: .growth($0), cap: .none)).teleport(
                model(activation: .tanh, dtype: .float64), CrossEntropy(), on: [batch(dtype: .float64)],
                before: SGD(learningRate: 0.1))[0]
        }
        #expect(reports.map(\.steps) == [3, 3] && reports.allSatisfy { $0.restored == nil }, "\(reports)")
        #expect(reports[0].halvings.range == 0 && reports[1].halvings.range > 0, "\(reports.map(\.halvings))")
    }

    @Test(
        "Saturated units stay, and the others move", arguments: [(Activation.tanh, 30.0), (.sigmoid, 60)],
        [DType.float32, .float64])
    func saturation(kind: (activation: Activation, bias: Double), dtype: DType) {
        let model = model(activation: kind.activation, dtype: dtype)
        let (weight, bias) = (model.parameters[0].value, model.parameters[1].value)
        bias.selected(0, 3).fill(kind.bias)
        let before = weight.clone()
        let report = SymmetryTeleporter(Climb(steps: 10, stepSize: .growth(0.05), cap: .none)).teleport(
            model, CrossEntropy(), on: [batch(dtype: dtype)], before: SGD(learningRate: 0.1))[0]
        #expect(report.restored == nil && report.steps == 10)
        #expect(report.relativeDrift < (dtype == .float32 ? 1e-4 : 1e-9))
        #expect(report.gradientNormSquaredAfter > 1.2 * report.gradientNormSquaredBefore)
        let moves = (weight - before).absolute().sum(along: [1]).doubles()
        #expect(moves.enumerated().allSatisfy { ($1 == 0) == ($0 == 3) })
    }

    @Test("A teleport stops at its cap")
    func cap() {
        let teleporter = SymmetryTeleporter(Climb(steps: 100, stepSize: .growth(0.05), cap: .relative(2)))
        let report = teleporter.teleport(
            model(), CrossEntropy(), on: [batch()], before: SGD(learningRate: 0.1))[0]
        let growth = report.gradientNormSquaredAfter / report.gradientNormSquaredBefore
        #expect(report.steps > 5 && report.steps < 100 && growth > 1.98 && growth < 2.05, "\(growth)")
    }

    @Test("What the batch leaves undetermined stays as it is")
    func keepsTheRest() throws {
        let model = model(dtype: .float64)
        let batch = batch(dtype: .float64)
        let weight = model.parameters[0].value
        let before = weight.clone()
        _ = SymmetryTeleporter(Climb(stepSize: .growth(0.1), cap: .none)).teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))
        let move = weight - before
        let rows = Tensor.concatenated([batch.inputs, .ones([20, 1], dtype: .float64)], along: 1)
        let moves = Tensor.concatenated(
            [move, (model.parameters[1].value - self.model(dtype: .float64).parameters[1].value).expanded(at: 1)],
            along: 1)
        #expect(move.squaredNorm().item() > 1e-6)
        // The move lies in the span of the samples.
        let projected = try moves.matmul(rows.pseudoInverse()).matmul(rows)
        #expect(relativeDifference(projected, moves) < 1e-9)
    }

    @Test("A sequence made like a perceptron is moved as the perceptron is")
    func sequential() {
        let perceptron = model()
        let sequence = Sequential(Array(model().body.layers.dropFirst()))
        for moving in [perceptron as any Layer, sequence] {
            _ = SymmetryTeleporter().teleport(moving, CrossEntropy(), on: [batch()], before: SGD(learningRate: 0.1))
        }
        for (a, b) in zip(perceptron.parameters, sequence.parameters) {
            #expect(a.value.doubles() == b.value.doubles())
        }
        #expect(relativeDifference(perceptron.parameters[0].value, model().parameters[0].value) > 1e-4)
    }

    @Test("Batches are moved on one after the other")
    func batches() {
        let generator = Generator(seed: 8)
        let batches = (0..<3).map { _ in
            Batch(
                inputs: .normal([10, 30], using: generator), targets: .integers([10], in: 0..<5, using: generator))
        }
        let model = model()
        let reports = SymmetryTeleporter(Climb(stepSize: .growth(0.1))).teleport(
            model, CrossEntropy(), on: batches, before: SGD(learningRate: 0.1))
        #expect(reports.count == 3)
        let last = CrossEntropy()(model(batches[2].inputs), batches[2].targets).item()
        #expect(abs(last / reports[2].lossAfter - 1) < 1e-6)
    }

    // MARK: Refusals

    @Test("Models that it cannot move are refused with a sentence that says what to use instead")
    func refusals() {
        let generator = Generator(seed: 0)
        let cnn = ConvolutionalNetwork(imageShape: [2, 8, 8], channels: [4, 6], outputs: 3, using: generator)
        let residual = Sequential(
            Dense(4, 5, using: generator), Tanh(), Dense(5, 5, using: generator), Dense(5, 2, using: generator))
        let shared = Dense(4, 4, using: generator)
        let transformer = Transformer.regression(
            features: 4, outputs: 2, length: 6, heads: 2, layers: 1, using: generator)
        for (model, part) in [
            (cnn as any Layer, "Convolution at its place"), (transformer, "PositionalEncoding at its place"),
            (residual, "Dense at its place"),
            (Sequential(Dense(4, 2, using: generator)), "1 dense layers"),
            (Sequential(shared, Tanh(), shared, Tanh(), Dense(4, 2, using: generator)), "two layers share"),
        ] {
            for action in GroupAction.allCases {
                let refusal = #expect(throws: SymmetryRefusal.self) {
                    try SymmetryTeleporter(action: action).check(model, before: SGD(learningRate: 0.1))
                }
                let sentence = refusal?.description ?? ""
                #expect(sentence.contains(part) && sentence.contains("null-space method"), "\(sentence)")
            }
        }
        for activation in [Activation.relu, .gelu, .leakyReLU(slope: 0), .leakyReLU(slope: -1)] {
            let model = model(activation: activation)
            let refusal = #expect(throws: SymmetryRefusal.self) {
                try SymmetryTeleporter().check(model, before: SGD(learningRate: 0.1))
            }
            #expect(refusal == .notBijective(activation))
            #expect(refusal?.description.contains("approximate action") == true)
            #expect(throws: Never.self) {
                try SymmetryTeleporter(action: .approximate).check(model, before: SGD(learningRate: 0.1))
            }
        }
        for activation in [Activation.leakyReLU(slope: 0.01), .tanh, .sigmoid] {
            #expect(throws: Never.self) {
                try SymmetryTeleporter().check(model(activation: activation), before: SGD(learningRate: 0.1))
            }
        }
    }

    @Test("Teleporting a model that is refused ends the program with that sentence")
    func refusedTeleport() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let model = MLP(inputs: 3, hidden: [4], outputs: 2, activation: .relu, using: Generator(seed: 0))
            let batch = Batch(inputs: .ones([1, 3]), targets: Tensor([1] as [Int64]))
            _ = SymmetryTeleporter().teleport(model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1))
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("not bijective") && message.contains("null-space method"), "\(message)")
    }
}

@Suite struct SymmetryPartsTests {
    @Test("The factored group element is the dense one", arguments: [3, 12, 30], [1e-9, 0.01, 0.1, 0.3])
    func factoredElement(rank: Int, scale: Double) {
        let generator = Generator(seed: 1)
        let left = Tensor.normal([rank, 12], using: generator, dtype: .float64)
        let right = Tensor.normal([rank, 12], using: generator, dtype: .float64)
        let direction = ParameterGradient.product(delta: left, input: Representation(rows: right))
        let rows = Tensor.normal([4, 12], using: generator, dtype: .float64)
        let t = direction.formed() * scale
        let tolerance = 1e-11
        let identity = Tensor.identity(12, dtype: .float64)
        for (kind, g, inverse) in [
            (GroupElement.exponential, t.matrixExponential(), (-t).matrixExponential()),
            (.firstOrder, identity + t, identity - t),
        ] {
            let element = FactoredGroupElement(kind, of: direction, scale: scale)
            #expect(relativeDifference(element.applied(toRows: rows), rows.matmul(g.transposed())) < tolerance)
            let columns = rows.clone()
            element.applyInverse(toColumnsOf: columns)
            #expect(relativeDifference(columns, rows.matmul(inverse)) < tolerance)
            let matrix = rows.transposed().contiguous()
            element.apply(to: matrix)
            #expect(relativeDifference(matrix, g.matmul(rows.transposed())) < tolerance)
        }
    }

    @Test(
        "Inverses undo the activations, beyond their ranges too",
        arguments: [Activation.leakyReLU(slope: 0.1), .tanh, .sigmoid])
    func inverses(activation: Activation) {
        let x = Tensor(stride(from: -6.0, through: 6, by: 0.125).map { $0 })
        let back = activation.inverse(activation.layer(x))
        // The nearer tanh is to 1, the more of the difference is its extension.
        for (a, b) in zip(back.doubles(), x.doubles()) { #expect(abs(a - b) < 1e-8, "\(b)") }
    }

    @Test("The inverse of tanh extended to the real numbers")
    func extendedTanh() {
        let bound = 1e-3
        let y = [-30, -1.5, -1 - bound, -1, -0.999999999999, 0, 1e-9, 0.3, 1 - 1e-12, 1, 1 + 1e-12, 1 + bound, 2, 1e4]
        for (x, y) in zip(Activation.tanh.inverse(Tensor(y)).doubles(), y) {
            let value = tanh(x) + exp(x - 36) - exp(-x - 36)
            #expect(abs(value - y) <= 4e-15 * max(abs(y), 1), "\(y)")
        }
        let sigmoid = Activation.sigmoid.inverse(Tensor([0.5, 0.75, 1, 1.5])).doubles()
        #expect(abs(sigmoid[0]) < 1e-15 && abs(sigmoid[1] - log(3)) < 1e-14)
        #expect(sigmoid[2].isFinite && sigmoid[3] > sigmoid[2])
        #expect(Activation.tanh.inverse(Tensor([0.5] as [Float])).dtype == .float32)
    }

    @Test("Derivatives of activations", arguments: [Activation.relu, .leakyReLU(slope: 0.1), .tanh, .sigmoid, .gelu])
    func derivatives(activation: Activation) {
        let z = Tensor.normal([30], using: Generator(seed: 1), dtype: .float64)
        let output = activation.layer(z)
        let (first, second) = withGradients(of: [z]) {
            let first = gradient(of: activation.layer(z).sum(), with: [z], createGraph: true)[0]
            return (first.detached(), gradient(of: first.sum(), with: [z])[0])
        }
        #expect(relativeDifference(activation.derivative(at: z, output: output), first) < 1e-14)
        let closed = activation.secondDerivative(at: z, output: output) ?? Tensor.zeros(like: z)
        #expect(relativeDifference(closed, second) < 1e-13)
    }

    @Test(
        "The dual rows are the transposed pseudo-inverse", arguments: [(5, 9), (9, 5), (6, 6)],
        [DType.float32, .float64])
    func dualRows(size: (m: Int, d: Int), dtype: DType) throws {
        let generator = Generator(seed: 4)
        let full = Tensor.normal([size.m, size.d], using: generator, dtype: dtype)
        let deficient = Tensor.normal([size.m, 3], using: generator, dtype: dtype)
            .matmul(.normal([3, size.d], using: generator, dtype: dtype))
        for matrix in [full, deficient] {
            let expected = try matrix.to(dtype: .float64).singularValueDecomposition()
            let rank = expected.s.doubles().filter { $0 > 1e-5 }.count
            let kept = 0..<rank
            let dual = (expected.u.narrowed(1, to: kept) / expected.s.narrowed(0, to: kept)).matmul(
                expected.vTransposed.narrowed(0, to: kept))
            let tolerance = dtype == .float32 ? 1e-3 : 1e-10
            #expect(relativeDifference(try PseudoInverse(of: matrix).dual.to(dtype: .float64), dual) < tolerance)
        }
        #expect(throws: TorchError.self) { try PseudoInverse(of: .full([3, 4], .nan)) }
    }
}
