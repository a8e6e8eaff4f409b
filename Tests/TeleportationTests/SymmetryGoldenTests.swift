import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// The Frobenius norm of the difference from what is expected, relative to that of the latter.
private func relativeError(_ actual: Tensor, _ expected: Tensor) -> Double {
    ((actual - expected).squaredNorm().item() / expected.squaredNorm().item()).squareRoot()
}

/// The regression of ST22 section 6.1 and appendix D.2: `1/2 ||Y - W_3 sigma(W_2 sigma(W_1 X))||^2`.
@Suite struct SymmetryRegressionGoldenTests {
    struct Fixture: Decodable {
        let sgd, sgdTeleport, adagrad, adagradTeleport: Run
    }

    struct Run: Decodable {
        struct Weights: Decodable { let before, after: [[[Double]]]? }
        let teleportLearningRate: Double?
        let teleportSteps: Int?
        let initialWeights: [[[Double]]]
        let X, Y: [[Double]]
        let teleportWeights: Weights
        let trajectory: [[Double]]
        let trajectorySteps: [Int]

        var batch: Batch {
            Batch(inputs: matrix(X).transposed().contiguous(), targets: matrix(Y).transposed().contiguous())
        }

        var teleporter: SymmetryTeleporter {
            // The published steps climb ||grad L||^2, not half of it.
            SymmetryTeleporter(
                Climb(
                    steps: teleportSteps ?? 0, stepSize: .fixed(2 * (teleportLearningRate ?? 0)), cap: .none,
                    tolerance: .infinity), action: .exact, element: .firstOrder, derivative: .published)
        }
    }

    struct HalfSquaredError: Loss {
        func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
            let difference = targets - outputs
            return (difference * difference).sum() * 0.5
        }
    }

    private func model() -> MLP {
        MLP(
            inputs: 5, hidden: [6, 7], outputs: 8, activation: .leakyReLU(slope: 0.1), bias: false,
            using: Generator(seed: 0))
    }

    @Test("The weights after a teleport")
    func weights() throws {
        let fixture: Fixture = try fixture("mlp-regression-2022")
        for run in [fixture.sgdTeleport, fixture.adagradTeleport] {
            let model = model()
            setWeights(of: model, to: try #require(run.teleportWeights.before))
            let report = run.teleporter.teleport(
                model, HalfSquaredError(), on: [run.batch], before: SGD(learningRate: 1e-4))[0]
            #expect(report.steps == run.teleportSteps && report.restored == nil && report.freeDimensions.isEmpty)
            for (parameter, expected) in zip(model.parameters, try #require(run.teleportWeights.after)) {
                #expect(relativeError(parameter.value, matrix(expected)) < 1e-3, "\(parameter.name)")
            }
        }
    }

    @Test("The whole course of training")
    func trajectories() throws {
        let fixture: Fixture = try fixture("mlp-regression-2022")
        func makeSGD() -> any Optimizer { SGD(learningRate: 1e-4) }
        func makeAdaGrad() -> any Optimizer { AdaGrad(learningRate: 0.1) }
        for (name, run, makeOptimizer) in [
            ("sgd", fixture.sgd, makeSGD), ("sgdTeleport", fixture.sgdTeleport, makeSGD),
            ("adagrad", fixture.adagrad, makeAdaGrad), ("adagradTeleport", fixture.adagradTeleport, makeAdaGrad),
        ] {
            let (model, optimizer) = (model(), makeOptimizer())
            setWeights(of: model, to: run.initialWeights)
            for step in 0...run.trajectorySteps.last! {
                if step == 5 {
                    _ = run.teleporter.teleport(model, HalfSquaredError(), on: [run.batch], before: optimizer)
                }
                let linearized = LinearizedLoss(model, HalfSquaredError(), on: run.batch)
                let gradients = linearized.gradients(of: model.parameters.map(\.value))
                if let index = run.trajectorySteps.firstIndex(of: step) {
                    let (loss, norm) = (linearized.value.item(), gradients.squaredNorm())
                    #expect(abs(loss / run.trajectory[index][0] - 1) < 1e-3, "\(name), step \(step): loss \(loss)")
                    #expect(abs(norm / run.trajectory[index][1] - 1) < 1e-3, "\(name), step \(step): norm \(norm)")
                }
                optimizer.update(model.parameters.map(\.value), with: gradients)
            }
        }
    }
}

/// One step of the approximate action on a classifier, PS24 eq. 46.
@Suite struct ApproximateActionGoldenTests {
    @Test("The weights after a step, however it is computed", arguments: SymmetryTeleporter.Derivative.allCases)
    func step(method: SymmetryTeleporter.Derivative) throws {
        let fixture = try GoldenClassifier.load()
        let (model, batch) = (fixture.model(), fixture.batch)
        let teleporter = SymmetryTeleporter(
            Climb(steps: 1, stepSize: .fixed(2 * fixture.teleport.learningRate), cap: .none), action: .approximate,
            element: .firstOrder, derivative: method)
        let report = teleporter.teleport(model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1))[0]
        #expect(report.restored == nil && report.steps == 1)
        #expect(abs(report.lossBefore / fixture.loss - 1) < 1e-6)
        #expect(abs(report.lossAfter / fixture.teleport.loss - 1) < 1e-6)
        #expect(abs(report.gradientNormSquaredBefore / fixture.gradientNormSquared - 1) < 1e-5)
        #expect(abs(report.gradientNormSquaredAfter / fixture.teleport.gradientNormSquared - 1) < 1e-5)
        for (index, expected) in fixture.teleport.weights.enumerated() {
            let start = matrix(fixture.weights[index])
            // Of a step this short the move says more than the weights.
            let error = relativeError(model.parameters[index].value - start, matrix(expected) - start)
            #expect(error < 5e-3, "layer \(index)")
        }
    }
}
