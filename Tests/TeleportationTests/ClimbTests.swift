import Foundation
import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// `J = 1/2 ||g - c||^2`, which has both parts of an objective's gradient: `H (g - c)`, and of `1/2 ||w||^2` the weights.
struct Mixed: Objective {
    let weight: Double

    func value(at point: Point) -> Double {
        let norm = point.parameters.map { $0.squaredNorm() }.total()
        return 0.5 * point.squaredNorm + 0.5 * weight * norm
    }

    func gradient(at point: Point) -> ObjectiveGradient {
        ObjectiveGradient(
            explicit: point.parameters.map { .tensor($0 * weight) }, hessianAlong: point.gradients)
    }
}

@Suite struct ClimbTests {
    private let instance = Instance(hidden: [24, 20], samples: 6)

    /// Makes the walk of each method.
    private func walks(on model: MLP, _ batch: Batch) throws -> [(name: String, landscape: BatchLoss, walk: any Walk)] {
        let landscape = BatchLoss(model, CrossEntropy(), on: batch)
        let perceptron = try Perceptron(model)
        return [
            (
                "closed form", landscape,
                NullSpaceWalk(on: landscape, in: InputNullSpaces(tau: 1), place: ClosedFormPlace.init(on:))
            ),
            (
                "double backward", landscape,
                NullSpaceWalk(on: landscape, in: InputNullSpaces(tau: 1), place: DoubleBackwardPlace.init(on:))
            ),
            ("exact", landscape, SymmetryWalk(on: landscape, perceptron, action: .exact, element: .exponential)),
            (
                "approximate", landscape,
                SymmetryWalk(on: landscape, perceptron, action: .approximate, element: .exponential)
            ),
            ("level set", landscape, LevelSetWalk(on: landscape) { size, _ in size }),
        ]
    }

    @Test(
        "On every walk the slope is the derivative of the objective, whatever parts its gradient has", arguments: 0..<5)
    func slopes(index: Int) throws {
        func objective(after eta: Double) throws -> (value: Double, slope: Double) {
            let (name, landscape, walk) = try walks(on: instance.model(), instance.batch())[index]
            let objective = Mixed(weight: 0.3)
            let point = Point(walk.place(), in: landscape, before: SGD(learningRate: 0.1))
            let gradient = objective.gradient(at: point)
            let direction = try #require(try point.place.direction(of: gradient), "\(name)")
            let slope = direction.slope
            _ = try direction.take(eta, part: 1)
            let next = Point(walk.place(), in: landscape, before: SGD(learningRate: 0.1))
            return (objective.value(at: next), slope)
        }
        try withoutGradients {
            let h = 1e-5
            let (above, below) = (try objective(after: h), try objective(after: -h))
            let slope = (above.value - below.value) / (2 * h)
            #expect(abs(slope / above.slope - 1) < 1e-5, "\(slope) \(above.slope)")
        }
    }

    @Test("The closed form and double backward agree for an objective with both parts")
    func explicitParts() throws {
        let models = NullSpaceTeleporter.Derivative.allCases.map { derivative in
            let model = instance.model()
            let report = NullSpaceTeleporter(
                Climb(objective: Mixed(weight: 0.3), steps: 3, stepSize: .growth(0.1), cap: .none),
                derivative: derivative
            ).teleport(model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
            #expect(report.steps == 3 && report.restored == nil && report.relativeDrift < 1e-10)
            #expect(report.objectiveAfter! > report.objectiveBefore!)
            return model.parameters.map(\.value)
        }
        for (a, b) in zip(models[0], models[1]) { #expect(relativeDifference(a, b) < 1e-9) }
    }

    @Test(
        "The preconditioned norm climbs along H A g, with AdaGrad's A",
        arguments: NullSpaceTeleporter.Derivative.allCases)
    func preconditionedNorm(derivative: NullSpaceTeleporter.Derivative) throws {
        let (model, batch) = (instance.model(), instance.batch())
        let parameters = model.parameters.map(\.value)
        let optimizer = AdaGrad(learningRate: 0.01)
        for _ in 0..<3 {
            optimizer.update(
                parameters, with: LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: parameters))
        }
        let sums = optimizer.state(of: parameters).entries.map { $0.tensors["sum"]! }
        let gradients = LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: parameters).map { $0.formed() }
        let diagonal = zip(sums, gradients).map { sum, g in ((sum + g * g).power(0.5) + 1e-10).power(-1) }
        /// `1/2 <g, A g>` with A as it is at the start.
        func norm() -> Double {
            zip(LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: parameters), diagonal)
                .map { gradient, a in (gradient.formed() * gradient.formed() * a).sum().item() }.reduce(0, +) / 2
        }
        try withoutGradients {
            let landscape = BatchLoss(model, CrossEntropy(), on: batch)
            let walk = NullSpaceWalk(on: landscape, in: InputNullSpaces(tau: 1), place: derivative.place(on:))
            let point = Point(walk.place(), in: landscape, before: optimizer)
            let objective = PreconditionedNorm()
            #expect(abs(objective.value(at: point) / norm() - 1) < 1e-9)
            let direction = try #require(try point.place.direction(of: objective.gradient(at: point)))
            let (slope, h) = (direction.slope, 1e-7)
            _ = try direction.take(h, part: 1)
            let above = norm()
            _ = try direction.take(-h, part: 1)
            #expect(abs((above - norm()) / (2 * h) / slope - 1) < 1e-5)
        }
        let report = NullSpaceTeleporter(
            Climb(objective: PreconditionedNorm(), steps: 4, stepSize: .growth(0.2), cap: .none), derivative: derivative
        ).teleport(model, CrossEntropy(), on: [batch], before: optimizer)[0]
        #expect(report.restored == nil && report.steps == 4 && report.relativeDrift < 1e-10)
        #expect(report.objectiveAfter! > 1.3 * report.objectiveBefore!)
    }

    @Test("What is to fall falls, and the loss stays", arguments: Search.allCases)
    func decrease(search: Search) {
        for teleporter in [
            NullSpaceTeleporter(Climb(sense: .decrease, steps: 4, stepSize: .growth(0.1), search: search, cap: .none))
                as any Teleporter,
            SymmetryTeleporter(Climb(sense: .decrease, steps: 4, stepSize: .growth(0.1), search: search, cap: .none)),
            LevelSetTeleporter(Climb(sense: .decrease, steps: 4, stepSize: .growth(0.1), search: search, cap: .none)),
        ] {
            let report = teleporter.teleport(
                instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
            #expect(report.steps == 4 && report.restored == nil && report.relativeDrift < 1e-2, "\(report)")
            #expect(report.gradientNormSquaredAfter < 0.9 * report.gradientNormSquaredBefore)
            #expect(report.objectiveAfter == 0.5 * report.gradientNormSquaredAfter)
        }
    }

    @Test("A step that is shortened on an orbit ends where the shorter step does")
    func shortening() throws {
        // One pair and the exact action: its elements commute.
        let instance = Instance(hidden: [14], samples: 6)
        let models = try [[0.02, 0.01], [0.01]].map { sizes in
            let model = instance.model()
            let walk = SymmetryWalk(
                on: BatchLoss(model, CrossEntropy(), on: instance.batch()), try Perceptron(model), action: .exact,
                element: .exponential)
            let place = walk.place()
            let direction = try #require(try place.direction(of: ObjectiveGradient(hessianAlong: place.gradients)))
            for size in sizes { _ = try direction.take(size, part: 1) }
            walk.bringUpToDate()
            return model.parameters.map(\.value)
        }
        for (a, b) in zip(models[0], models[1]) { #expect(relativeDifference(a, b) < 1e-9) }
    }

    @Test("What is still too far after the last halving is taken back")
    func overshootIsTakenBack() {
        let generator = Generator(seed: 3)
        let model = Sequential(
            Dense(5, 12, using: generator, dtype: .float64), Tanh(), Dense(12, 3, using: generator, dtype: .float64))
        for parameter in model.parameters.suffix(2) { parameter.value.multiplyInPlace(by: 1e-4) }
        let batch = Batch(
            inputs: .normal([4, 5], using: generator, dtype: .float64),
            targets: .integers([4], in: 0..<3, using: generator))
        let optimizer = SGD(learningRate: 0.1)
        let report = NullSpaceTeleporter(Climb(cap: .predicted(0.1))).teleport(
            model, CrossEntropy(), on: [batch], before: optimizer)[0]
        #expect(report.halvings.backtracking > 0, "the instance does not overshoot")
        // The cap is on the decrease that a step promises; four times the growth up to it is what a step may do.
        #expect(0.1 * report.gradientNormSquaredAfter <= 5 * 0.1 * report.lossBefore, "\(report)")
    }

    @Test("A tolerance without bound holds at a loss of zero")
    func infiniteTolerance() {
        let landscape = BatchLoss(instance.model(), CrossEntropy(), on: instance.batch())
        #expect(TeleportTransaction(landscape, tolerance: .infinity).allowedDrift(of: 0) == .infinity)
    }

    @Test("A step size that float32 has no number for is refused, and everything is set back")
    func hugeSteps() {
        let generator = Generator(seed: 3)
        let model = MLP(inputs: 5, hidden: [12], outputs: 3, activation: .tanh, using: generator)
        let before = model.parameters.map { $0.value.clone() }
        let batch = Batch(
            inputs: .normal([4, 5], using: generator), targets: .integers([4], in: 0..<3, using: generator))
        let report = NullSpaceTeleporter(Climb(stepSize: .fixed(1e39), cap: .none)).teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1))[0]
        #expect(report.restored == .notFinite && report.steps == 0)
        for (a, b) in zip(model.parameters, before) { #expect(relativeDifference(a.value, b) == 0) }
    }

    @Test("Views of one storage are all set back")
    func views() {
        let storage = Tensor.normal([40], using: Generator(seed: 0), dtype: .float64)
        let views = [storage.narrowed(0, to: 0..<25), storage.narrowed(0, to: 15..<40)]
        let before = storage.clone()
        let saved = SavedParameters(views)
        for view in views { view.fill(7) }
        saved.restore()
        #expect(storage.doubles() == before.doubles())
    }

    @Test("A weight that two layers share moves where the inputs of both allow it", arguments: [true, false])
    func tiedWeights(bias: Bool) throws {
        let generator = Generator(seed: 5)
        let shared = Dense(20, 20, bias: bias, using: generator, dtype: .float64)
        let model = Sequential(
            Dense(6, 20, using: generator, dtype: .float64), Tanh(), shared, Tanh(), shared, Tanh(),
            Dense(20, 3, using: generator, dtype: .float64))
        let batch = Batch(
            inputs: .normal([4, 6], using: generator, dtype: .float64),
            targets: .integers([4], in: 0..<3, using: generator))
        let start = shared.weight.clone()
        let report = NullSpaceTeleporter(Climb(stepSize: .growth(0.1), cap: .none)).teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1))[0]
        #expect(report.steps == 8 && report.restored == nil && report.relativeDrift < 1e-10)
        #expect(relativeDifference(shared.weight, start) > 1e-6)
        #expect(report.freeDimensions["2"] == 20 + (bias ? 1 : 0) - 8)
    }

    @Test("A weight that is also a table of vectors rests")
    func tiedEmbedding() {
        let generator = Generator(seed: 5)
        let table = Tensor.normal([9, 8], using: generator, dtype: .float64)
        let model = Sequential(
            Embedding(weight: table), TokenPooling.mean, Dense(8, 8, using: generator, dtype: .float64), Tanh(),
            Dense(weight: table, bias: nil))
        let batch = Batch(
            inputs: .integers([3, 4], in: 0..<9, using: generator), targets: .integers([3], in: 0..<9, using: generator)
        )
        let start = table.clone()
        let report = NullSpaceTeleporter(Climb(cap: .none)).teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1))[0]
        #expect(relativeDifference(table, start) == 0)
        #expect(report.restored == nil && report.relativeDrift < 1e-10)
    }

    @Test("A convolution whose weight is not contiguous moves, and the loss stays")
    func strided() {
        let generator = Generator(seed: 5)
        let weight = Tensor.normal([3, 3, 5, 6], using: generator, dtype: .float64).transposed(0, 3).transposed(1, 2)
        let convolution = Convolution(
            weight: weight, bias: .zeros([6], dtype: .float64), geometry: ConvolutionGeometry(stride: 2))
        let model = Sequential(
            Convolution(2, 5, kernel: 3, using: generator, dtype: .float64), Tanh(), convolution, Tanh(), Flatten(),
            Dense(6 * 4, 3, using: generator, dtype: .float64))
        let batch = Batch(
            inputs: .normal([3, 2, 8, 8], using: generator, dtype: .float64),
            targets: .integers([3], in: 0..<3, using: generator))
        let start = weight.clone()
        let report = NullSpaceTeleporter(Climb(stepSize: .growth(0.1), cap: .none)).teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1))[0]
        #expect(report.restored == nil && report.relativeDrift < 1e-10 && report.steps == 8)
        #expect(relativeDifference(weight, start) > 1e-6)
    }

    @Test("Inputs that are not finite have no null space", arguments: [8, 26, 32, 33, 64], [4, 200])
    func notFinite(columns: Int, rows: Int) {
        let inputs = Tensor.normal([rows, columns], using: Generator(seed: 0))
        inputs.selected(0, 1).fill(.nan)
        #expect(throws: TorchError.self) { try InputNullSpace(of: inputs, hasBias: true) }
    }
}
