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
        print(String(format: "loss after 200 steps: %.4f without teleports, %.4f with them", plain, teleported))
        precondition(teleported <= plain, "a trial keeps the better way")
    }

    static func train(teleporting: Bool) throws -> Double {
        let generator = Generator(seed: 0)
        let model = Classifier(using: generator)
        let parameters = model.parameters.map(\.value)
        let optimizer = RuleOptimizer(AveragedDescent(learningRate: 0.002))
        let teleporter = NullSpaceTeleporter(objective: TrunkNorm())
        try teleporter.check(model)
        let batches = (0..<200).map { _ in spirals(32, using: generator) }
        let control = spirals(256, using: generator)

        func step(on batch: Batch) -> Tensor {
            let loss = LinearizedLoss(model, CrossEntropy(), on: batch)
            optimizer.update(parameters, with: loss.gradients(of: parameters))
            return loss.value
        }

        for start in stride(from: 0, to: batches.count, by: 20) {
            let next = Array(batches[start..<start + 20])
            guard teleporting && start < 100 else {
                for batch in next { _ = step(on: batch) }
                continue
            }
            var trial = TeleportTrial(of: model, optimizer)
            let reports = ControlledTeleporter(teleporter, by: control)
                .teleport(model, CrossEntropy(), on: next.prefix(2), before: optimizer)
            let verdict = trial.run(on: next, step: step)
            for report in reports where report.restored == nil {
                precondition(report.relativeDrift < 1e-4, "a teleport keeps the loss: \(report)")
            }
            let growth = reports.map { $0.gradientNormSquaredAfter / $0.gradientNormSquaredBefore }.max() ?? 1
            print(
                String(format: "step %3d: the squared gradient norm grew %.2f times, ", start, growth)
                    + (verdict.keepsTeleports ? "and training gained" : "and training went on without"))
        }
        return LinearizedLoss(model, CrossEntropy(), on: control).value.item()
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
