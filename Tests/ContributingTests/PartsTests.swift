import Datasets
import Experiments
import NeuralNetworks
import Optimizers
import Reproductions
import Testing
import Torch

@testable import Teleportation

/// The examples of CONTRIBUTING.md do what they say.
@Suite struct PartsTests {
    private let generator = Generator(seed: 3)

    private func samples(_ features: Int = 6) -> Batch {
        Batch(
            inputs: .normal([12, features], using: generator, dtype: .float64),
            targets: .integers([12], in: 0..<3, using: generator))
    }

    private func dense(_ inputs: Int, _ outputs: Int) -> Dense {
        Dense(inputs, outputs, using: generator, dtype: .float64)
    }

    @Test("A layer's derivatives are those of autograd")
    func layer() throws {
        let gain = Gain(s: .normal([5], using: generator, dtype: .float64))
        let model = Sequential(dense(6, 5), gain, Tanh(), dense(5, 3))
        let batch = samples()
        let parameters = model.parameters.map(\.value)
        #expect(model.parameters.map(\.name) == ["0.weight", "0.bias", "1.factors", "3.weight", "3.bias"])
        let own = LinearizedLoss(model, CrossEntropy(), on: batch).gradients(of: parameters).map { $0.formed() }
        let reference = TwiceDifferentiableLoss(model, CrossEntropy(), on: batch) { fatalError("asked for again") }
            .gradients
        for (gradient, expected) in zip(own, reference) {
            #expect((gradient - expected).norm().item() < 1e-12 * max(1, expected.norm().item()))
        }
        // The pushforward is the transpose of the pull-back: <c, J v> = <J^T c, v>.
        let x = Tensor.normal([4, 5], using: generator, dtype: .float64)
        let (output, linearization) = gain.linearize(x)
        let cotangent = Tensor.normal(output.shape, using: generator, dtype: .float64)
        let (tangent, direction) = (
            Tensor.normal(x.shape, using: generator, dtype: .float64),
            Tensor.normal([5], using: generator, dtype: .float64)
        )
        var (pulled, pushed) = (Pullback(), Pushforward())
        let input = try #require(linearization.pullback(cotangent, needsInput: true, into: &pulled))
        let along = Gradients([gain.s], [.tensor(direction)])
        let image = try #require(linearization.pushforward(tangent, along: along, into: &pushed))
        let factors = try #require(pulled.gradients[gain.s]).formed()
        let left: Double = cotangent.dot(image).item()
        let right: Double = input.dot(tangent).item() + factors.dot(direction).item()
        #expect(abs(left - right) < 1e-12 * max(1, abs(left)))
    }

    @Test("A walk keeps the loss to second order, and its slope is the derivative of the objective")
    func walk() throws {
        let model = Sequential(dense(6, 8), Tanh(), dense(8, 3))
        let landscape = BatchLoss(model, CrossEntropy(), on: samples())
        func look(_ eta: Double) throws -> (loss: Double, value: Double, slope: Double) {
            let walk = TangentWalk(on: landscape)
            let place = walk.place()
            let point = Point(place, in: landscape, before: SGD(learningRate: 0.1))
            let direction = try #require(try place.direction(of: GradientNorm().gradient(at: point)))
            _ = try direction.take(3 * eta, part: 1)
            _ = try direction.take(eta, part: 1)
            defer { walk.restore() }
            return (
                landscape.value(), 0.5 * landscape.linearized().gradients(of: landscape.parameters).squaredNorm(),
                direction.slope
            )
        }
        let start = try look(0)
        let (ahead, back) = (try look(1e-4), try look(-1e-4))
        let slope: Double = (ahead.value - back.value) / 2e-4
        let drift: Double = (ahead.loss - back.loss) / 2e-4
        #expect(start.slope > 0 && abs(slope / start.slope - 1) < 1e-5)
        #expect(abs(drift) < 1e-6 * start.slope.squareRoot())
        let reports = TangentTeleporter(climb: Climb(steps: 1, stepSize: .growth(0.05), cap: .none)).teleport(
            model, CrossEntropy(), on: [samples()], before: SGD(learningRate: 0.1))
        #expect(reports[0].hasMoved && reports[0].gradientNormSquaredAfter > reports[0].gradientNormSquaredBefore)
    }

    @Test("An objective's gradient is the derivative of its value")
    func objective() throws {
        let model = Sequential(dense(6, 40), Tanh(), dense(40, 3))
        let batch = samples()
        // A step after which the objective would be a thousandth lower, to first order.
        let climb = Climb(objective: WeightNorm(), sense: .decrease, steps: 1, stepSize: .growth(0.001), cap: .none)
        let report = NullSpaceTeleporter(climb).teleport(
            model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))[0]
        let (before, after) = (try #require(report.objectiveBefore), try #require(report.objectiveAfter))
        #expect(report.objective == "weight-norm" && report.hasMoved && report.relativeDrift < 1e-10)
        let fall: Double = 1 - after / before
        let norm: Double = 0.5 * model.parameters.map { $0.value.squaredNorm() }.total()
        #expect(abs(fall / 0.001 - 1) < 0.02)
        #expect(abs(after - norm) < 1e-10 * after)
    }

    @Test("An optimizer's steps are those of its formula")
    func optimizer() {
        let optimizer = RuleOptimizer(AveragedDescent(learningRate: 0.5, beta: 0.75))
        let weight = Tensor([1.0, 2.0])
        for gradient in [[4.0, -8.0], [8.0, 0.0]] { optimizer.update([weight], with: [.tensor(Tensor(gradient))]) }
        // m is 1, -2 and then 2.75, -1.5, of which half are taken away.
        #expect(weight.doubles() == [-0.875, 3.75])
    }

    @Test("A data set is trained on by its name")
    func dataset() throws {
        let inputs = Tensor.uniform([400, 2], in: -1.0..<1.0, using: generator)
        let classes = inputs.doubles().enumerated().filter { $0.offset % 2 == 0 }.map { Int64($0.element > 0 ? 1 : 0) }
        let points = Points(inputs: inputs, classes: Tensor(classes))
        #expect(points.prefix(7).count == 7 && points.to(dtype: .float64).batch(.range(3)).inputs.dtype == .float64)
        #expect(points.batch(Tensor([Int64(5), 2])).targets.elements(as: Int64.self) == [classes[5], classes[2]])
        let training = TrainingConfiguration(
            architecture: .mlp(hidden: [8], activation: .tanh), optimizer: .adam, learningRate: 0.05, epochs: 10)
        let run = try Training(training, on: Split(name: "points", train: points, test: points).erased).run(seed: 0)
        #expect(try #require(run.epochs.last?.testAccuracy) > 0.95)
    }

    @Test("A figure has the numbers that it shows")
    func figure() {
        let result = LevelCurves().run(ReproductionContext(scale: .quick))
        #expect(result.values["half-axes"] == [0.25, 0.5])
        #expect(result.figures[0].figure.panels[0].series.count == 2 && result.findings.count == 2)
    }
}
