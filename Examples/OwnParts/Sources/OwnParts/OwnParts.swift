import Foundation
import Teleportation

/// A model of one's own: a struct with a body. Names, derivatives and symmetries follow from it.
struct Classifier: CompositeLayer {
    let body: Sequential

    init(using generator: Generator) {
        body = Sequential(named: [
            "trunk": Sequential(Dense(2, 256, using: generator), Tanh(), Dense(256, 256, using: generator), Tanh()),
            "head": Dense(256, 2, using: generator),
        ])
    }
}

/// A rule of one's own: `m <- beta m + (1 - beta) g`, `w <- w - lr m`.
struct AveragedDescent: UpdateRule {
    var learningRate: Double
    let beta = 0.9

    func initialState(for parameter: Tensor) -> [String: Tensor] { ["mean": .zeros(like: parameter)] }

    func step(_ parameter: Tensor, gradient: Tensor, state: [String: Tensor], count: Int) {
        guard let mean = state["mean"] else { return }
        mean.multiplyInPlace(by: beta)
        mean.addInPlace(gradient, scale: 1 - beta)
        parameter.addInPlace(mean, scale: -learningRate)
    }
}

/// An objective of one's own: half the squared gradient norm of all layers but the last, `J = 1/2 ||g_trunk||^2` with the
/// gradient `H u`, where u is g in the trunk and zero in the head.
struct TrunkNorm: Objective {
    func value(at point: Point) -> Double { 0.5 * point.gradients.dropLast(2).squaredNorm() }

    func gradient(at point: Point) -> ObjectiveGradient {
        let zeros = point.parameters.suffix(2).map { ParameterGradient.tensor(.zeros(like: $0)) }
        return ObjectiveGradient(hessianAlong: point.gradients.dropLast(2) + zeros)
    }
}

/// Trains with a loop of its own, with and without teleports under guard.
@main
enum OwnParts {
    static func main() throws {
        Libtorch.threadCount = 1
        let plain = try train(teleporting: false)
        let teleported = try train(teleporting: true)
        print(String(format: "loss of other points: %.4f without teleports, %.4f with them", plain, teleported))
        precondition(teleported <= plain, "a trial keeps the better way")
    }

    static func train(teleporting: Bool) throws -> Double {
        let generator = Generator(seed: 0)
        let model = Classifier(using: generator)
        let optimizer = RuleOptimizer(AveragedDescent(learningRate: 0.002))
        let points = spirals(2048, using: generator)
        let samples = Samples(inputs: points.inputs, targets: points.targets)

        // A step of one's own: the learning rate falls from step to step.
        let step = TrainingStep(model, CrossEntropy(), optimizer) { batch in
            let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
            let parameters = model.parameters.map(\.value)
            optimizer.update(parameters, with: loss.gradients(of: parameters))
            optimizer.learningRate *= 0.999
            return loss.value
        }
        let plan = TeleportPlan(
            NullSpaceTeleporter(Climb(objective: TrunkNorm())),
            schedule: TeleportSchedule(teleporting ? .every(50) : .steps([]), batchCount: 2, batchSize: 128),
            trialSteps: 50)
        let session = try TeleportingSession(step, plan, samples: samples)

        for epoch in 0..<4 {
            for batch in samples.batches(of: 32, shuffledBy: generator) {
                let outcome = session.step(on: batch, inEpoch: epoch)
                for report in outcome.teleports where report.hasMoved {
                    precondition(report.relativeDrift < 1e-4, "a teleport keeps the loss: \(report)")
                }
                if let verdict = outcome.verdict {
                    print(
                        "step \(session.position.step):",
                        verdict.objection?.description ?? "training gains by the teleports")
                }
            }
        }
        session.settle()
        return LinearizedLoss(model, CrossEntropy(), on: spirals(256, using: Generator(seed: 1))).value.item()
    }

    /// Points on two arms that wind around each other, `[N, 2]`, and the arm of each.
    static func spirals(_ count: Int, using generator: Generator) -> Batch {
        let radius = Tensor.uniform([count], using: generator).doubles()
        let points = radius.enumerated().flatMap { index, radius in
            let angle = 7 * radius + Double(index % 2) * .pi
            return [Float(radius * cos(angle)), Float(radius * sin(angle))]
        }
        return Batch(
            inputs: Tensor(points, shape: [count, 2]), targets: Tensor((0..<count).map { Int64($0 % 2) }))
    }
}
