import NeuralNetworks
import Testing
import Torch

@testable import Teleportation

/// The group actions of `GroupAction` as functions of T, in operations that autograd can differentiate: the oracle.
struct ReferenceAction {
    let action: GroupAction
    let activation: Activation
    /// `[N, D]`.
    let rows: Tensor

    /// The weights `[W_l, b_l]` after `exp(T)` has acted on each pair from the first layer up.
    func transformed(_ weights: [Tensor], by directions: [Tensor], hasBias: Bool) throws -> [Tensor] {
        var weights = weights
        var input = augmented(rows, hasBias)
        for (index, t) in directions.enumerated() {
            let g = t.matrixExponential()
            let z = input.matmul(weights[index].transposed())
            let hidden = activation.layer(z)
            let width = t.size(0)
            let columns = weights[index + 1].narrowed(1, to: 0..<width)
            let replaced: Tensor
            switch action {
            case .exact:
                let change = inverse(hidden.matmul(g.transposed())) - inverse(hidden)
                weights[index] = try weights[index] + change.transposed().matmul(input.pseudoInverse().transposed())
                replaced = columns.matmul((-t).matrixExponential())
            case .approximate:
                let image = activation.layer(z.matmul(g.transposed()))
                weights[index] = g.matmul(weights[index])
                let change = columns.matmul((image - hidden).transposed())
                replaced = try columns - change.matmul(image.pseudoInverse().transposed())
            }
            let rest = weights[index + 1].narrowed(1, to: width..<weights[index + 1].size(1))
            weights[index + 1] = .concatenated([replaced, rest], along: 1)
            input = augmented(activation.layer(input.matmul(weights[index].transposed())), hasBias)
        }
        return weights
    }

    private func augmented(_ rows: Tensor, _ hasBias: Bool) -> Tensor {
        hasBias ? .concatenated([rows, .ones([rows.size(0), 1], dtype: rows.dtype)], along: 1) : rows
    }

    private func inverse(_ y: Tensor) -> Tensor {
        switch activation {
        case .leakyReLU(let slope): y.leakyReLU(slope: 1 / slope)
        case .tanh: y.inverseTanh()
        case .sigmoid: (y / (1 - y)).logarithm()
        case .relu, .gelu: fatalError("no bijection")
        }
    }
}

private func - (left: Double, right: Tensor) -> Tensor { -right + left }

/// The parameters of a perceptron as one matrix for each layer, the bias last.
func augmentedLayers(_ tensors: [Tensor], hasBias: Bool) -> [Tensor] {
    guard hasBias else { return tensors }
    return stride(from: 0, to: tensors.count, by: 2).map {
        .concatenated([tensors[$0], tensors[$0 + 1].expanded(at: 1)], along: 1)
    }
}

@Suite struct SymmetryDirectionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let action: GroupAction
        let instance: Instance
        var testDescription: String { "\(action), \(instance.testDescription)" }
    }

    static let cases = GroupAction.allCases.flatMap { action in
        let activations: [Activation] =
            action == .exact
            ? [.leakyReLU(slope: 0.1), .tanh, .sigmoid] : [.leakyReLU(slope: 0.1), .tanh, .sigmoid, .relu, .gelu]
        // Fewer samples than any layer has units, more than some have, more than all have.
        return [([14], 6), ([14, 9], 6), ([16, 11, 13], 6), ([16, 9], 14), ([10, 9], 40)].flatMap { hidden, samples in
            activations.flatMap { activation in
                [true, false].map { bias in
                    Case(
                        action: action,
                        instance: Instance(hidden: hidden, samples: samples, bias: bias, activation: activation))
                }
            }
        }
    }

    private func walk(
        _ model: MLP, _ test: Case, element: GroupElement = .exponential
    ) throws -> SymmetryWalk {
        SymmetryWalk(
            on: BatchLoss(model, CrossEntropy(), on: test.instance.batch()), try Perceptron(model), action: test.action,
            element: element)
    }

    /// T of each pair, with the gradient norm as the objective.
    private func directions(at place: any Place) throws -> [ParameterGradient] {
        let direction = try place.direction(of: ObjectiveGradient(hessianAlong: place.gradients))
        return try #require(direction as? SymmetryDirection).elements
    }

    @Test("The direction is the derivative through the whole transformation", arguments: cases)
    func directionMatchesAutograd(test: Case) throws {
        let (model, batch, hasBias) = (test.instance.model(), test.instance.batch(), test.instance.bias)
        let parameters = model.parameters.map(\.value)
        let place = try walk(model, test).place()
        let gradients = place.gradients.map { $0.formed() }
        let directions = try directions(at: place).map { $0.formed() }

        let (expectedGradients, hessianProduct) = withGradients(of: parameters) {
            let loss = CrossEntropy()(model(batch.inputs), batch.targets)
            let gradients = gradient(of: loss, with: parameters, createGraph: true)
            let halfSquaredNorm = gradients.map { ($0 * $0).sum() }.reduce(Tensor(0, dtype: .float64)) { $0 + $1 } * 0.5
            return (gradients.map { $0.detached() }, gradient(of: halfSquaredNorm, with: parameters))
        }
        for (a, b) in zip(gradients, expectedGradients) { #expect(relativeDifference(a, b) < 1e-12) }

        let zeros = test.instance.hidden.map { Tensor.zeros([$0, $0], dtype: .float64) }
        let reference = ReferenceAction(
            action: test.action, activation: test.instance.activation, rows: batch.inputs)
        let expected = try withGradients(of: zeros) {
            let moved = try reference.transformed(
                augmentedLayers(parameters, hasBias: hasBias), by: zeros, hasBias: hasBias)
            let cotangents = augmentedLayers(hessianProduct, hasBias: hasBias)
            let inner = zip(moved, cotangents).map { ($0 * $1).sum() }.reduce(Tensor(0, dtype: .float64)) { $0 + $1 }
            return gradient(of: inner, with: zeros)
        }
        #expect(directions.count == zeros.count)
        for (a, b) in zip(directions, expected) {
            #expect(b.squaredNorm().item() > 0)
            #expect(relativeDifference(a, b) < 1e-9)
        }
    }

    @Test("A move is the whole transformation", arguments: cases)
    func moveMatchesReference(test: Case) throws {
        let (model, batch, hasBias) = (test.instance.model(), test.instance.batch(), test.instance.bias)
        let before = augmentedLayers(model.parameters.map { $0.value.clone() }, hasBias: hasBias)
        let generator = Generator(seed: 3)
        var directions = test.instance.hidden.map { width in
            let left = Tensor.normal([3, width], using: generator, dtype: .float64)
            let right = Tensor.normal([3, width], using: generator, dtype: .float64)
            return ParameterGradient.product(delta: left, input: Representation(rows: right))
        }
        let reference = ReferenceAction(
            action: test.action, activation: test.instance.activation, rows: batch.inputs)
        let expected = try reference.transformed(
            before, by: directions.map { $0.formed() * 0.003 }, hasBias: hasBias)
        let walk = try walk(model, test)
        _ = try walk.move(along: &directions, scale: 0.003)
        walk.bringUpToDate()
        for (a, b) in zip(augmentedLayers(model.parameters.map(\.value), hasBias: hasBias), expected) {
            #expect(relativeDifference(a, b) < 1e-8)
        }
        // What the ascent goes on from is what the moved weights give.
        let moved = walk.place().gradients.map { $0.formed() }
        let anew = LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: model.parameters.map(\.value)).map {
            $0.formed()
        }
        for (a, b) in zip(moved, anew) { #expect(relativeDifference(a, b) < 1e-8) }
    }

    /// The ascent's gradients after a move, held against those of the moved weights.
    private func expectConsistency(
        _ instance: Instance, on batch: Batch, moving directions: [ParameterGradient], tolerance: Double
    ) throws {
        let model = instance.model()
        let walk = SymmetryWalk(
            on: BatchLoss(model, CrossEntropy(), on: batch), try Perceptron(model), action: .exact,
            element: .exponential)
        var directions = directions
        _ = try walk.move(along: &directions, scale: 0.003)
        walk.bringUpToDate()
        let moved = walk.place().gradients.map { $0.formed() }
        let anew = LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: model.parameters.map(\.value)).map {
            $0.formed()
        }
        for (a, b) in zip(moved, anew) { #expect(relativeDifference(a, b) < tolerance) }
    }

    @Test func aPairThatRestsPassesOnWhatTheOneBelowChanged() throws {
        // More samples than inputs: the second pair, and the outputs, see the move of the first.
        let instance = Instance(hidden: [20, 9], samples: 14)
        let generator = Generator(seed: 3)
        func direction(_ width: Int, factor: Double) -> ParameterGradient {
            .tensor(.normal([width, width], using: generator, dtype: .float64) * factor)
        }
        try expectConsistency(
            instance, on: instance.batch(), moving: [direction(20, factor: 1), direction(9, factor: .nan)],
            tolerance: 1e-8)
    }

    @Test func samplesThatAreAlmostEqualDoNotCountAsIndependent() throws {
        let instance = Instance(hidden: [10], samples: 6)
        let batch = instance.batch(distinct: 5)
        let generator = Generator(seed: 3)
        let noise = Tensor.normal([6, Instance.inputs], using: generator, dtype: .float64) * 1e-6
        let direction = Tensor.normal([10, 10], using: generator, dtype: .float64)
        try expectConsistency(
            instance, on: Batch(inputs: batch.inputs + noise, targets: batch.targets), moving: [.tensor(direction)],
            tolerance: 1e-8)
    }

    @Test(
        "With one pair, and samples that span the inputs, the published derivative is the closed form",
        arguments: [Activation.leakyReLU(slope: 0.1), .tanh, .sigmoid], [true, false])
    func publishedDirection(activation: Activation, bias: Bool) throws {
        let instance = Instance(hidden: [10], samples: 40, bias: bias, activation: activation)
        let model = instance.model()
        let perceptron = try Perceptron(model)
        let landscape = BatchLoss(model, CrossEntropy(), on: instance.batch())
        let closedForm = SymmetryWalk(on: landscape, perceptron, action: .exact, element: .exponential).place()
        let published = PublishedSymmetryWalk(on: landscape, perceptron, action: .exact, element: .exponential).place()
        let direction = try published.direction(of: ObjectiveGradient(hessianAlong: published.gradients))
        let elements = try #require(direction as? PublishedSymmetryDirection).elements
        for (a, b) in zip(elements, try directions(at: closedForm)) {
            #expect([b].squaredNorm() > 0)
            #expect(relativeDifference(a, b.formed()) < 1e-8)
        }
    }

    @Test("Along the direction half the squared gradient norm grows by its square", arguments: GroupAction.allCases)
    func directionByFiniteDifferences(action: GroupAction) throws {
        for element in GroupElement.allCases {
            let test = Case(action: action, instance: Instance(hidden: [14, 11], samples: 6))
            func objective(_ h: Double) throws -> (value: Double, direction: Double) {
                let walk = try walk(test.instance.model(), test, element: element)
                var directions = try directions(at: walk.place())
                _ = try walk.move(along: &directions, scale: h)
                return (
                    walk.place().gradients.squaredNorm() / 2,
                    directions.squaredNorm()
                )
            }
            let (above, below) = (try objective(1e-4), try objective(-1e-4))
            #expect(abs((above.value - below.value) / 2e-4 / above.direction - 1) < 1e-6)
        }
    }
}
