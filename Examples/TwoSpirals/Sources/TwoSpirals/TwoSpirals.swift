import Foundation
import Teleportation

/// Tells two spirals apart, with and without teleportation.
@main
enum TwoSpirals {
    static func main() {
        Libtorch.threadCount = 1
        let data = spirals(pointsPerArm: 200)
        print("epoch  plain   teleported")
        let plain = losses(on: data, teleporting: false)
        let teleported = losses(on: data, teleporting: true)
        for epoch in stride(from: 0, to: plain.count, by: 100) {
            print(String(format: "%5d  %.4f  %.4f", epoch, plain[epoch], teleported[epoch]))
        }
        precondition(teleported.last! < plain.last!, "teleportation should help here")
    }

    /// The training loss after each epoch of full-batch gradient descent.
    static func losses(on data: Batch, teleporting: Bool) -> [Double] {
        let model = MLP(inputs: 2, hidden: [512, 512], outputs: 2, using: Generator(seed: 0))
        let parameters = model.parameters.map(\.value)
        let optimizer = SGD(learningRate: 0.05)
        let teleporter = NullSpaceTeleporter()

        return (0...500).map { epoch in
            if teleporting && epoch < 50 && epoch.isMultiple(of: 10) {
                let report = teleporter.teleport(model, CrossEntropy(), on: [data], before: optimizer)[0]
                precondition(report.restored == nil, "the teleport was undone: \(report.restored!)")
            }
            let loss = LinearizedLoss(model, CrossEntropy(), on: data)
            optimizer.update(parameters, with: loss.gradients(of: parameters))
            return loss.value.item()
        }
    }

    /// Points on two arms that wind around each other, and the arm of each.
    static func spirals(pointsPerArm: Int) -> Batch {
        var points: [Float] = []
        var arms: [Int64] = []
        for arm in 0..<2 {
            for index in 0..<pointsPerArm {
                let radius = Float(index) / Float(pointsPerArm)
                let angle = 7 * radius + Float(arm) * .pi
                points += [radius * cos(angle), radius * sin(angle)]
                arms.append(Int64(arm))
            }
        }
        return Batch(inputs: Tensor(points, shape: [2 * pointsPerArm, 2]), targets: Tensor(arms))
    }
}
