import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

@Suite struct GaugeTeleporterTests {
    private typealias Network = RandomTeleporterTests.Network

    private func teleport(
        _ climb: Climb, _ model: some Layer, on batch: Batch, before optimizer: any Optimizer = SGD(learningRate: 0.1)
    ) -> TeleportReport {
        GaugeTeleporter(climb).teleport(model, CrossEntropy(), on: [batch], before: optimizer)[0]
    }

    @Test(
        "The gradient grows, and no output changes, also of samples that the teleport has not seen",
        arguments: RandomTeleporterTests.Network.allCases)
    func invariance(network: RandomTeleporterTests.Network) throws {
        let (model, start, batch) = (network.model(), network.model(), network.batch())
        try GaugeTeleporter().check(model, before: SGD(learningRate: 0.1))
        let report = teleport(Climb(steps: 4, cap: .none), model, on: batch)
        #expect(report.restored == nil && report.steps == 4 && report.relativeDrift < 1e-12)
        #expect(report.gradientNormSquaredAfter > 2 * report.gradientNormSquaredBefore)
        let others = network.batch(samples: 30)
        let outputs = [model, start].map { model in withMode(.evaluation) { model(others.inputs) } }
        #expect(relativeDifference(outputs[0], outputs[1]) < 1e-12)
        // Nothing acts on the bias of the last layer.
        for (moved, before) in zip(model.parameters, start.parameters) {
            #expect((relativeDifference(moved.value, before.value) == 0) == (moved.value.shape == [5]), "\(moved.name)")
        }
    }

    @Test("The slope is the derivative of the objective along the orbit", arguments: [0.3, 0])
    func slope(weight: Double) throws {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .leakyReLU(slope: 0.1))
        func objective(after eta: Double) throws -> (value: Double, slope: Double) {
            let model = instance.model()
            let landscape = BatchLoss(model, CrossEntropy(), on: instance.batch())
            let walk = GaugeWalk(on: landscape, try Gauges.of(model))
            func point() -> Point { Point(walk.place(), in: landscape, before: SGD(learningRate: 0.1)) }
            let start = point()
            let objective = Mixed(weight: weight)
            let direction = try #require(try start.place.direction(of: objective.gradient(at: start)))
            let slope = direction.slope
            _ = try direction.take(eta, part: 1)
            return (objective.value(at: point()), slope)
        }
        try withoutGradients {
            let h = 1e-5
            let (above, below) = (try objective(after: h), try objective(after: -h))
            let slope = (above.value - below.value) / (2 * h)
            #expect(abs(slope / above.slope - 1) < 1e-6, "\(slope) \(above.slope)")
        }
    }

    @Test("Half of a way is the half of its log-scales, and a share is a tenth of their root mean square")
    func partsOfAWay() throws {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .relu)
        let (model, start) = (instance.model(), instance.model())
        func logarithms() -> [[Double]] {
            // The bias that leads to a unit tells its scale.
            [1, 3].map { index in
                (model.parameters[index].value / start.parameters[index].value).logarithm().doubles()
            }
        }
        let landscape = BatchLoss(model, CrossEntropy(), on: instance.batch())
        try withoutGradients {
            let walk = GaugeWalk(on: landscape, try Gauges.of(model))
            let point = Point(walk.place(), in: landscape, before: SGD(learningRate: 0.1))
            let direction = try #require(try point.place.direction(of: GradientNorm().gradient(at: point)))
            _ = try direction.take(0.05 * direction.reach(of: point.parameters), part: 1)
        }
        let whole = logarithms()
        let all = whole.flatMap { $0 }
        #expect(abs((all.map { $0 * $0 }.reduce(0, +) / Double(all.count)).squareRoot() - 0.5) < 1e-9)
        try withoutGradients {
            let walk = GaugeWalk(on: landscape, try Gauges.of(model))
            let point = Point(walk.place(), in: landscape, before: SGD(learningRate: 0.1))
            let direction = try #require(try point.place.direction(of: GradientNorm().gradient(at: point)))
            let before = logarithms()
            _ = try direction.take(0.02 * direction.reach(of: point.parameters), part: 1)
            let after = logarithms()
            #expect(walk.halve())
            for (half, (a, b)) in zip(logarithms(), zip(before, after)) {
                for (half, (a, b)) in zip(half, zip(a, b)) { #expect(abs(half - (a + b) / 2) < 1e-12) }
            }
            walk.restore()
            #expect(logarithms() == before)
        }
    }

    @Test("The loss ahead falls along it, for any optimizer", arguments: 0..<3)
    func lookahead(index: Int) {
        let instance = Instance(hidden: [24, 20], samples: 6, activation: .relu)
        let optimizer: any Optimizer = [
            SGD(learningRate: 0.1), Adam(learningRate: 1e-3), Momentum(learningRate: 0.05),
        ][
            index]
        let report = teleport(.lookahead(), instance.model(), on: instance.batch(), before: optimizer)
        #expect(report.hasMoved && report.objectiveAfter! < report.objectiveBefore!)
    }

    /// Networks with symmetries beyond those of hidden units.
    enum Architecture: String, CaseIterable {
        case tokens, series, language, residual

        func model(_ dtype: DType = .float64) -> any Layer {
            let generator = Generator(seed: 3)
            return switch self {
            case .tokens:
                Transformer.classifier(
                    features: 3, classes: 5, length: 7, heads: 2, headDimension: 4, layers: 2, using: generator,
                    dtype: dtype)
            case .series:
                Transformer.regression(
                    features: 3, outputs: 5, length: 7, heads: 2, headDimension: 4, layers: 2, using: generator,
                    dtype: dtype)
            case .language:
                Transformer.languageModel(
                    vocabulary: 5, length: 7, heads: 2, headDimension: 4, layers: 1, using: generator, dtype: dtype)
            case .residual:
                ResidualNetwork(imageShape: [2, 8, 8], channels: [4, 6], outputs: 5, using: generator, dtype: dtype)
            }
        }

        func batch(samples: Int = 6, seed: UInt64 = 8, _ dtype: DType = .float64) -> Batch {
            let generator = Generator(seed: seed)
            func labels(_ shape: [Int]) -> Tensor { .integers(shape, in: 0..<5, using: generator) }
            return switch self {
            case .tokens, .series:
                Batch(inputs: .normal([samples, 7, 3], using: generator, dtype: dtype), targets: labels([samples]))
            case .language: Batch(inputs: labels([samples, 7]), targets: labels([samples, 7]))
            case .residual:
                Batch(inputs: .normal([samples, 2, 8, 8], using: generator, dtype: dtype), targets: labels([samples]))
            }
        }

        /// How many groups act on heads, and how many on the features of normalizations and on hidden units.
        var gauges: (heads: Int, units: Int) {
            switch self {
            // In each block two groups of heads; norm1, norm2 and the perceptron. Between the last normalization and the head a
            // classifier takes the mean of the tokens.
            case .tokens: (4, 6)
            case .series: (4, 7)
            case .language: (2, 4)
            case .residual: (0, 2)
            }
        }
    }

    @Test("Attention heads and normalizations have gauges, which no output sees", arguments: Architecture.allCases)
    func architectures(architecture: Architecture) throws {
        for dtype in [DType.float64, .float32] {
            let (model, start) = (architecture.model(dtype), architecture.model(dtype))
            let gauges = try Gauges.of(model)
            #expect(gauges.count { $0 is AttentionGauge } == architecture.gauges.heads)
            #expect(gauges.count { $0 is HiddenUnits } == architecture.gauges.units, "\(gauges.count)")
            let batch = architecture.batch(dtype)
            let report = GaugeTeleporter(.lookahead()).teleport(
                model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))[0]
            #expect(report.hasMoved && report.objectiveAfter! < report.objectiveBefore!, "\(report)")
            #expect(report.relativeDrift < (dtype == .float64 ? 1e-12 : 1e-5))
            let others = architecture.batch(samples: 20, seed: 99, dtype)
            for mode in [Mode.evaluation, .teleportation] {
                let outputs = [model, start].map { model in withMode(mode) { model(others.inputs) } }
                #expect(relativeDifference(outputs[0], outputs[1]) < (dtype == .float64 ? 1e-12 : 1e-5))
            }
        }
    }

    @Test("Along each gauge the slope is the derivative of the objective", arguments: Architecture.allCases)
    func slopes(architecture: Architecture) throws {
        let batch = architecture.batch()
        func parameters(of model: any Layer) -> [Tensor] { model.parameters.map(\.value) }
        let start = architecture.model()
        // A function of the weights that no symmetry leaves alone.
        func value(_ model: any Layer) -> Double {
            let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
            return 0.5 * loss.gradients(of: parameters(of: model)).squaredNorm()
        }
        try withoutGradients {
            try withMode(.teleportation) {
                let twice = BatchLoss(start, CrossEntropy(), on: batch).twiceDifferentiable()
                let slopes = twice.formed(
                    ObjectiveGradient(hessianAlong: twice.gradients.map { .tensor($0) }), for: parameters(of: start))
                let gradient = Gradients(parameters(of: start), try #require(slopes).map { .tensor($0) })
                for index in try Gauges.of(start).indices {
                    let derivative = try Gauges.of(start)[index].derivative(of: gradient)
                    #expect(derivative.squaredNorm().item() > 0)
                    let h = 1e-4 / derivative.squaredNorm().item().squareRoot()
                    let moved = [h, -h].map { size in
                        let model = architecture.model()
                        try! Gauges.of(model)[index].act(by: derivative * size)
                        return value(model)
                    }
                    let slope = (moved[0] - moved[1]) / (2 * h)
                    #expect(abs(slope / derivative.squaredNorm().item() - 1) < 1e-5, "\(index)")
                }
            }
        }
    }

    @Test("Half of a way through heads keeps the outputs too, and a way back ends where it began")
    func partsOfAWayThroughHeads() throws {
        let (model, start, batch) = (
            Architecture.series.model(), Architecture.series.model(), Architecture.series.batch()
        )
        let landscape = BatchLoss(model, CrossEntropy(), on: batch)
        try withoutGradients {
            let walk = GaugeWalk(on: landscape, try Gauges.of(model))
            for _ in 0..<2 {
                let point = Point(walk.place(), in: landscape, before: SGD(learningRate: 0.1))
                let direction = try #require(try point.place.direction(of: GradientNorm().gradient(at: point)))
                _ = try direction.take(0.05 * direction.reach(of: point.parameters), part: 1)
                _ = try direction.take(0.05 * direction.reach(of: point.parameters), part: 0.5)
            }
            let whole = model.parameters.map { $0.value.clone() }
            #expect(walk.halve())
            #expect(relativeDifference(model(batch.inputs), start(batch.inputs)) < 1e-12)
            #expect(zip(model.parameters, whole).contains { relativeDifference($0.value, $1) > 1e-3 })
            #expect(zip(model.parameters, start.parameters).contains { relativeDifference($0.value, $1.value) > 1e-3 })
            walk.restore()
            for (a, b) in zip(model.parameters, start.parameters) { #expect(a.value.doubles() == b.value.doubles()) }
        }
    }

    @Test("A parameter with another use keeps its symmetry out")
    func sharedParameters() throws {
        let generator = Generator(seed: 1)
        let (first, last) = (
            Dense(6, 8, using: generator, dtype: .float64), Dense(8, 6, using: generator, dtype: .float64)
        )
        let other = Dense(weight: Tensor.normal([8, 6], using: generator, dtype: .float64), bias: first.bias)
        #expect(throws: RescalingRefusal.sharedWeights) {
            try GaugeTeleporter().check(
                Sequential(first, ReLU(), last, Residual(other)), before: SGD(learningRate: 0.1))
        }
        #expect(throws: RescalingRefusal.sharedWeights) {
            try GaugeTeleporter().check(
                Sequential(first, ReLU(), last, Frozen(Dense(weight: first.weight, bias: nil))),
                before: SGD(learningRate: 0.1))
        }
        try GaugeTeleporter().check(Sequential(first, ReLU(), last), before: SGD(learningRate: 0.1))
    }

    @Test("What cannot be rescaled is refused")
    func refusals() {
        let model = Instance(hidden: [24, 20], samples: 6, activation: .tanh).model()
        #expect(throws: RescalingRefusal.notHomogeneous(activation: "Tanh")) {
            try GaugeTeleporter().check(model, before: SGD(learningRate: 0.1))
        }
    }
}
