import Foundation
import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct LevelSetTeleporterTests {
    /// `L = sum a_i w_i^2 / n`, as a model and a batch: one output for each of n samples, sample i being `sqrt(a_i) e_i`.
    struct Quadratic {
        let factors: [Double]
        let start: [Double]
        let model: Dense

        init(factors: [Double] = [1, 2, 5, 9], start: [Double] = [1, -2, 0.5, 0.3]) {
            self.factors = factors
            self.start = start
            model = Dense(weight: Tensor(start, shape: [1, start.count]), bias: nil)
        }

        var batch: Batch {
            let n = factors.count
            let rows = Tensor(factors, shape: [n, 1]).squareRoot() * Tensor.identity(n, dtype: .float64)
            return Batch(inputs: rows, targets: .zeros([n, 1], dtype: .float64))
        }

        var point: [Double] { model.weight.doubles() }

        func loss(_ w: [Double]) -> Double {
            zip(factors, w).map { $0 * $1 * $1 }.reduce(0, +) / Double(factors.count)
        }

        func gradient(_ w: [Double]) -> [Double] { zip(factors, w).map { 2 * $0 * $1 / Double(factors.count) } }

        @discardableResult
        func teleport(_ teleporter: LevelSetTeleporter) -> TeleportReport {
            teleporter.teleport(model, MeanSquaredError(), on: [batch], before: SGD(learningRate: 0.1))[0]
        }
    }

    /// Loss, gradient and `H g` of a batch, each over all parameters in one vector.
    private func derivatives(
        _ model: some Layer, on batch: Batch
    ) -> (loss: Double, gradient: [Double], hessianGradient: [Double]) {
        let parameters = model.parameters.map(\.value)
        return withGradients(of: parameters) {
            let loss = CrossEntropy()(model(batch.inputs), batch.targets)
            let gradients = gradient(of: loss, with: parameters, createGraph: true)
            let fixed = gradients.map { $0.detached().clone() }
            let zero = Tensor(0, dtype: .float64)
            let inner = zip(gradients, fixed).map { ($0 * $1).sum() }.reduce(zero) { $0 + $1 }
            let products = gradient(of: inner, with: parameters)
            return (loss.detached().item(), fixed.flatMap { $0.doubles() }, products.flatMap { $0.doubles() })
        }
    }

    private func elements(_ model: some Layer) -> [Double] { model.parameters.flatMap { $0.value.doubles() } }

    private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map { $0 * $1 }.reduce(0, +) }

    private func difference(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }

    @Test("Steps are those of the formula", arguments: LevelSetTeleporter.Scaling.allCases)
    func formula(ascent: LevelSetTeleporter.Scaling) {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let (model, reference, batch) = (instance.model(), instance.model(), instance.batch())
        let rho = 0.05
        let report = LevelSetTeleporter(
            Climb(steps: 3, stepSize: .fixed(rho), search: .none, cap: .none, tolerance: 1), scaling: ascent
        ).teleport(model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1))[0]
        #expect(report.steps == 3 && report.restored == nil && report.halvings.total == 0)

        let parameters = reference.parameters.map(\.value)
        let lossBefore = derivatives(reference, on: batch).loss
        for _ in 0..<3 {
            let (loss, g, hg) = derivatives(reference, on: batch)
            let norm = dot(g, g)
            let curvature = dot(g, hg)
            // What multiplies H g; rho / ||g||^2 in LS24.
            let factor =
                switch ascent {
                case .logarithm: rho / norm
                case .squaredNorm: rho
                case .unit: rho / (dot(hg, hg) - curvature * curvature / norm).squareRoot()
                }
            let back = (factor * curvature + loss - lossBefore) / norm
            var moved = zip(elements(reference), zip(g, hg)).map { $0 + factor * $1.1 - back * $1.0 }[...]
            for parameter in parameters {
                parameter.copy(from: Tensor(Array(moved.prefix(parameter.count)), shape: parameter.shape))
                moved = moved.dropFirst(parameter.count)
            }
        }
        let step = difference(elements(reference), elements(instance.model()))
        let error = difference(elements(model), elements(reference))
        #expect(dot(error, error) < 1e-20 * dot(step, step))
        let (loss, g, _) = derivatives(reference, on: batch)
        #expect(abs(report.lossBefore / lossBefore - 1) < 1e-14)
        #expect(abs(report.lossAfter / loss - 1) < 1e-12)
        #expect(abs(report.gradientNormSquaredAfter / dot(g, g) - 1) < 1e-10)
    }

    @Test("Every step ends on the linearized level set, also from where the loss has drifted")
    func linearizedConstraint() {
        let points = (0...5).map { steps in
            let quadratic = Quadratic()
            let report = quadratic.teleport(
                LevelSetTeleporter(Climb(steps: steps, stepSize: .fixed(0.2), search: .none, cap: .none, tolerance: 1)))
            #expect(report.steps == steps && report.restored == nil)
            return quadratic.point
        }
        let quadratic = Quadratic()
        let lossBefore = quadratic.loss(points[0])
        var drifts: [Double] = []
        for (from, to) in zip(points, points.dropFirst()) {
            let linear = quadratic.loss(from) + dot(quadratic.gradient(from), difference(to, from))
            #expect(abs(linear - lossBefore) < 1e-13 * lossBefore)
            drifts.append(abs(quadratic.loss(from) / lossBefore - 1))
        }
        #expect(drifts.dropFirst().allSatisfy { $0 > 1e-6 }, "there was something to take back")
    }

    @Test("The drift of a step is what the quadratic term makes of it", arguments: [0.2, 0.02])
    func driftOfAQuadratic(rho: Double) {
        let quadratic = Quadratic()
        let report = quadratic.teleport(
            LevelSetTeleporter(Climb(steps: 1, stepSize: .fixed(rho), search: .none, cap: .none, tolerance: 1)))
        let moved = difference(quadratic.point, quadratic.start)
        #expect(abs((report.lossAfter - report.lossBefore) / quadratic.loss(moved) - 1) < 1e-9)
    }

    @Test("The drift falls with the square of the step", arguments: [Activation.tanh, .gelu])
    func driftFallsQuadratically(activation: Activation) {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: activation)
        let drifts = [4e-3, 2e-3, 1e-3].map { rate in
            LevelSetTeleporter(Climb(steps: 1, stepSize: .growth(rate), search: .none, cap: .none)).teleport(
                instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
                .relativeDrift
        }
        #expect(drifts[0] > 1e-10)
        for (long, short) in zip(drifts, drifts.dropFirst()) { #expect(abs(long / short - 4) < 0.1) }
    }

    @Test("A growth step grows the squared gradient norm by its rate to first order", arguments: [1e-3, 1e-4])
    func growth(rate: Double) {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let report = LevelSetTeleporter(Climb(steps: 1, stepSize: .growth(rate), search: .armijo, cap: .none)).teleport(
            instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        let grown = report.gradientNormSquaredAfter / report.gradientNormSquaredBefore - 1
        #expect(abs(grown / rate - 1) < 20 * rate)
    }

    @Test("On an ellipsoid the climb ends at the end of the shortest axis")
    func greatestGradient() {
        let quadratic = Quadratic()
        let before = quadratic.loss(quadratic.start)
        let report = quadratic.teleport(
            LevelSetTeleporter(Climb(steps: 300, stepSize: .growth(0.05), search: .armijo, cap: .none)))
        #expect(report.restored == nil)
        // With all weight on the greatest factor a, `L = a w^2 / n` and `||g||^2 = 4 a^2 w^2 / n^2 = 4 a L / n`.
        let greatest = 4 * 9 * before / 4
        #expect(report.gradientNormSquaredAfter > 0.999 * greatest)
        #expect(report.gradientNormSquaredAfter < 1.0001 * greatest * (1 + report.relativeDrift))
    }

    @Test("Where the gradient's norm is the same all over the level set, nothing moves")
    func sphere() {
        for seed in 0..<10 {
            let start = Tensor.normal([50], using: Generator(seed: UInt64(seed)), dtype: .float64).doubles()
            let quadratic = Quadratic(factors: start.map { _ in 0.3 }, start: start)
            let report = quadratic.teleport(LevelSetTeleporter(Climb(search: .none, cap: .none)))
            #expect(report.steps == 0 && report.restored == nil)
            #expect(quadratic.point == quadratic.start)
            #expect(report.gradientNormSquaredAfter == report.gradientNormSquaredBefore)
        }
    }

    @Test("At a minimum there is nowhere to go")
    func minimum() {
        let quadratic = Quadratic(start: [0, 0, 0, 0])
        let report = quadratic.teleport(LevelSetTeleporter(Climb(search: .armijo, cap: .none)))
        #expect(report.steps == 0 && report.restored == nil && report.gradientNormSquaredAfter == 0)
        #expect(report.lossBefore == 0 && report.relativeDrift == 0)
    }

    @Test(
        "The line search shortens steps that drift, and the gradient still grows",
        arguments: [(1e-2, 2.0), (1e-4, 1.02)])
    func lineSearch(tolerance: Double, growth: Double) {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let reports = [Search.none, .armijo].map {
            LevelSetTeleporter(Climb(steps: 12, stepSize: .growth(3), search: $0, cap: .none, tolerance: tolerance))
                .teleport(
                    instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        }
        #expect(reports[0].restored != nil && reports[0].halvings.total == 0, "without it the steps are too long")
        #expect(reports[1].restored == nil && reports[1].steps == 12 && reports[1].halvings.backtracking > 0)
        #expect(reports[1].relativeDrift <= tolerance + 1e-7)
        #expect(reports[1].gradientNormSquaredAfter > growth * reports[1].gradientNormSquaredBefore)
    }

    @Test("The line search wants drift to be paid for by growth", arguments: [30.0, 100])
    func merit(rate: Double) {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let (_, g, hg) = derivatives(instance.model(), on: instance.batch())
        let penalty = 2 * abs(dot(g, hg)) / (dot(g, g) * dot(g, g))
        let reports = [Search.none, .armijo].map {
            LevelSetTeleporter(Climb(steps: 1, stepSize: .growth(rate), search: $0, cap: .none, tolerance: 1e3))
                .teleport(
                    instance.model(), CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        }
        let gains = reports.map { report in
            0.5 * log(report.gradientNormSquaredAfter / report.gradientNormSquaredBefore)
                - penalty * abs(report.lossAfter - report.lossBefore)
        }
        #expect(gains[0] < 0, "the whole step costs more than it gains")
        #expect(gains[1] > 0 && reports[1].halvings.backtracking > 0)
    }

    @Test("The slope of the merit is its derivative, up and down", arguments: [Climb.Sense.increase, .decrease])
    func slopeOfEitherSense(sense: Climb.Sense) throws {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let model = instance.model()
        let landscape = BatchLoss(model, CrossEntropy(), on: instance.batch())
        let walk = LevelSetWalk(on: landscape) { size, _ in size }
        // Off the level set, so that the way back counts.
        for parameter in landscape.parameters { parameter.multiplyInPlace(by: 1.05) }
        _ = walk.place()
        let place = walk.place()
        let sign = sense == .increase ? 1.0 : -1
        func value(_ place: any Place) -> Double { sign * 0.5 * place.gradients.squaredNorm() }
        let direction = try #require(try place.direction(of: ObjectiveGradient(hessianAlong: place.gradients)))
        let (start, eta) = (value(place), sign * 0.3)
        direction.beginSearch(from: start)
        let slope = direction.meritSlope(eta, from: start)
        func merit(_ part: Double) throws -> Double {
            _ = try direction.take(eta, part: part)
            let next = walk.place()
            return direction.merit(of: value(next), loss: next.loss)
        }
        let h = 1e-6
        let numeric = (try merit(2 * h) - merit(h)) / h
        #expect(abs(slope / numeric - 1) < 1e-3, "\(slope) \(numeric)")
    }

    @Test("The derivative of the merit along a step is what the line search takes it for", arguments: [0.02, -0.02])
    func slope(drift: Double) {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let batch = instance.batch()
        func squaredNorm(_ model: MLP) -> Double {
            let g = derivatives(model, on: batch).gradient
            return dot(g, g)
        }
        let model = instance.model()
        let (loss, eta, penalty) = (derivatives(model, on: batch).loss, 0.3, 7.0)
        let point = BatchLoss(model, CrossEntropy(), on: batch).twiceDifferentiable()
        let step = LevelSetStep(
            gradients: point.gradients, squaredNorm: squaredNorm(model),
            objectiveGradients: point.hessianProduct(with: point.gradients, for: model.parameters.map(\.value)),
            drift: drift)
        func merit(_ part: Double) -> Double {
            let moved = instance.model()
            step.add(to: moved.parameters.map(\.value), eta: eta, part: part)
            let value = derivatives(moved, on: batch).loss
            return 0.5 * log(squaredNorm(moved)) - penalty * abs(value - (loss - drift))
        }
        let h = 1e-5
        let slope = (merit(h) - merit(-h)) / (2 * h)
        #expect(abs(step.slope(eta: eta, penalty: penalty, scale: step.squaredNorm) / slope - 1) < 1e-6)
        #expect(
            step.slope(
                eta: 0, penalty: 2 * abs(step.multiplier(scale: step.squaredNorm)), scale: step.squaredNorm) > 0,
            "the way back alone is up as well")
    }

    @Test(
        "A teleport stops at its cap, and lands near it",
        arguments: [Cap.fixed(2), .relative(1.5), .predicted(0.1)])
    func caps(cap: Cap) {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let optimizer = SGD(learningRate: 0.1)
        let report = LevelSetTeleporter(Climb(steps: 200, stepSize: .growth(0.02), search: .armijo, cap: cap)).teleport(
            instance.model(), CrossEntropy(), on: [instance.batch()], before: optimizer)[0]
        let bound = cap.bound(from: report, before: optimizer)
        #expect(report.gradientNormSquaredBefore < bound && report.restored == nil)
        #expect(report.steps > 1 && report.steps < 200)
        #expect(abs(report.gradientNormSquaredAfter / bound - 1) < 0.01)
    }

    @Test("Beyond the cap nothing moves")
    func beyondCap() {
        let instance = Instance(hidden: [24, 20], samples: 6)
        let model = instance.model()
        let report = LevelSetTeleporter(Climb(search: .armijo, cap: .fixed(1e-9))).teleport(
            model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        #expect(report.steps == 0 && report.restored == nil && report.lossAfter == report.lossBefore)
        #expect(elements(model) == elements(instance.model()))
    }

    @Test("A convolutional network moves along its level set, the layer that reads the data and all")
    func convolutionalNetwork() {
        let generator = Generator(seed: 7)
        let model = ConvolutionalNetwork(
            imageShape: [2, 8, 8], channels: [6, 8], outputs: 3, using: Generator(seed: 3), dtype: .float64)
        let before = model.parameters.map { $0.value.clone() }
        let batch = Batch(
            inputs: .normal([10, 2, 8, 8], using: generator, dtype: .float64),
            targets: .integers([10], in: 0..<3, using: generator))
        let reports = LevelSetTeleporter(Climb(search: .armijo, cap: .none)).teleport(
            model, CrossEntropy(), on: [batch, batch], before: SGD(learningRate: 0.1))
        #expect(reports.count == 2)
        for report in reports {
            #expect(report.restored == nil && report.steps == 8 && report.relativeDrift <= 0.01)
            #expect(report.gradientNormSquaredAfter > 1.1 * report.gradientNormSquaredBefore)
            #expect(report.freeDimensions.isEmpty && report.seconds > 0)
        }
        for (parameter, value) in zip(model.parameters, before) {
            #expect(relativeDifference(parameter.value, value) > 0, "\(parameter.name)")
        }
    }

    @Test("Transformers move along their level sets", arguments: TransformerTeleportTests.Use.allCases)
    func transformer(use: TransformerTeleportTests.Use) {
        let model = use.model()
        let batch = use.batch(samples: 12, distinct: 12)
        let teleporter = LevelSetTeleporter(Climb(search: .armijo, cap: .none))
        let optimizer = SGD(learningRate: 0.1)
        let report =
            use == .regression
            ? teleporter.teleport(model, MeanSquaredError(), on: [batch], before: optimizer)[0]
            : teleporter.teleport(model, CrossEntropy(), on: [batch], before: optimizer)[0]
        #expect(report.restored == nil && report.steps == 8 && report.relativeDrift <= 0.01)
        #expect(report.gradientNormSquaredAfter > 1.1 * report.gradientNormSquaredBefore)
    }

    @Test("A teleport leaves running statistics as they are, and draws nothing", arguments: ModalInstance.allCases)
    func state(instance: ModalInstance) {
        let model = instance.model()
        let buffers = model.buffers.map { $0.value.clone() }
        let next = { (model as? Sequential)?.layers.compactMap { ($0 as? Dropout)?.generator.state.doubles() } ?? [] }
        let drawn = next()
        let report = LevelSetTeleporter(Climb(search: .armijo, cap: .none)).teleport(
            model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 0.1))[0]
        #expect(report.restored == nil && report.steps > 0)
        #expect(report.gradientNormSquaredAfter > report.gradientNormSquaredBefore)
        for (buffer, before) in zip(model.buffers, buffers) { #expect(buffer.value.doubles() == before.doubles()) }
        #expect(next() == drawn)
    }

    @Test("A teleport that drifts is undone to the last bit, and says so")
    func restoresDrift() {
        let instance = Instance(hidden: [24, 20], samples: 40, activation: .relu)
        let model = instance.model()
        let report = LevelSetTeleporter(Climb(stepSize: .growth(2), search: .none, cap: .none, tolerance: 1e-6))
            .teleport(model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        guard case .drifted(let drift, 1e-6) = report.restored else {
            Issue.record("restored: \(String(describing: report.restored))")
            return
        }
        #expect(drift > 1e-6 && drift == report.relativeDrift)
        #expect(elements(model) == elements(instance.model()))
    }

    @Test("What is not finite is undone, and says so")
    func restoresNonFinite() {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .relu)
        let model = instance.model()
        let report = LevelSetTeleporter(Climb(steps: 3, stepSize: .fixed(1e200), search: .none, cap: .none)).teleport(
            model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        #expect(report.restored == .notFinite)
        #expect(elements(model) == elements(instance.model()))

        let broken = instance.model()
        broken.parameters[2].value.fill(.nan)
        let other = LevelSetTeleporter().teleport(
            broken, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 1))[0]
        #expect(other.restored == .notFinite && other.steps == 0)
    }
}
