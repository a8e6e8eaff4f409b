import NeuralNetworks
import Optimizers
import Testing
import Torch

@testable import Teleportation

/// The mean loss around the weights, PS24 eq. 4, as a number and as what a teleport lowers or raises.
@Suite struct SharpnessTests {
    private let instance = Instance(hidden: [24, 20], samples: 8, activation: .tanh)
    private let sharpness = Sharpness(displacements: [0.5, -0.2, 0.9], directions: 3, seed: 7)

    @Test("The published program's number") func golden() throws {
        let fixture = try GoldenClassifier.load()
        let model = fixture.model()
        let directions = fixture.sharpness.directions.map { elements in
            var start = 0
            return model.parameters.map { parameter in
                let part = elements[start..<start + parameter.value.count]
                start += parameter.value.count
                return Tensor(Array(part), shape: parameter.value.shape).to(dtype: .float32)
            }
        }
        let value = Sharpness(displacements: fixture.sharpness.displacements).value(
            of: BatchLoss(model, CrossEntropy(), on: fixture.batch), along: directions)
        #expect(abs(value / fixture.sharpness.phi - 1) < 1e-6)
        // What the displacements add to the loss, not only the loss.
        #expect(abs((value - fixture.loss) / (fixture.sharpness.phi - fixture.loss) - 1) < 5e-3)
    }

    /// phi as one expression, which autograd can follow to the weights of a network with two hidden layers and biases.
    private func reference(_ parameters: [Tensor], _ batch: Batch) -> Tensor {
        let generator = Generator(seed: sharpness.seed)
        var sum = Tensor(0, dtype: .float64)
        for _ in 0..<sharpness.directions {
            let normals = parameters.map { Tensor.normal($0.shape, using: generator, dtype: .float64) }
            let norm = normals.map { $0.squaredNorm() }.total().squareRoot()
            for displacement in sharpness.displacements {
                var rows = batch.inputs
                for layer in 0..<3 {
                    let weight = parameters[2 * layer] + normals[2 * layer] * (displacement / norm)
                    let bias = parameters[2 * layer + 1] + normals[2 * layer + 1] * (displacement / norm)
                    rows = rows.matmul(weight.transposed()) + bias
                    if layer < 2 { rows = rows.tanh() }
                }
                sum = sum + CrossEntropy()(rows, batch.targets)
            }
        }
        return sum / Double(sharpness.directions * sharpness.displacements.count)
    }

    @Test("Value and gradient are those of autograd, cost what they say, and leave the weights as they are")
    func derivatives() {
        let (model, batch) = (instance.model(), instance.batch())
        let parameters = model.parameters.map(\.value)
        let before = parameters.map { $0.doubles() }
        let landscape = BatchLoss(model, CrossEntropy(), on: batch)
        let value = sharpness.value(of: landscape)
        #expect(abs(landscape.work.gradientEvaluations - 9.0 / 3) < 1e-12)
        let gradients = sharpness.gradient(of: landscape)
        #expect(abs(landscape.work.gradientEvaluations - 9.0 / 3 - 9) < 1e-12)
        #expect(parameters.map { $0.doubles() } == before)
        let (expected, slopes) = withGradients(of: parameters) {
            let phi = reference(parameters, batch)
            return (phi.detached().item(), gradient(of: phi, with: parameters))
        }
        #expect(abs(value / expected - 1) < 1e-12)
        for (a, b) in zip(gradients, slopes) { #expect(relativeDifference(a, b) < 1e-10) }
    }

    @Test("Directions are of length 1 over all parameters, and of one seed the same")
    func directions() {
        let parameters = instance.model().parameters.map(\.value)
        let directions = UnitDirections(parameters: parameters, count: 4, seed: 3)
        for direction in directions { #expect(abs(direction.map { $0.squaredNorm() }.total() - 1) < 1e-12) }
        let first = directions.map { $0.map { $0.doubles() } }
        #expect(first == directions.map { $0.map { $0.doubles() } } && Set(first).count == 4)
    }

    @Test("Each teleport has directions of its own, drawn from the context")
    func draws() {
        let generator = Generator(seed: 0)
        let optimizer = SGD(learningRate: 0.1)
        let context = TeleportContext(before: optimizer, generator: generator)
        let prepared = (0..<3).map { _ in sharpness.prepared(in: context) }
        #expect(Set(prepared.map(\.seed)).count == 3)
        #expect(prepared.allSatisfy { $0.displacements == sharpness.displacements && $0.directions == 3 })
        #expect(sharpness.prepared(in: TeleportContext(before: optimizer)) == sharpness)
    }

    @Test("Every walk lowers and raises it, and holds the loss", arguments: Climb.Sense.allCases)
    func walks(sense: Climb.Sense) throws {
        let teleporters: [any ClimbingTeleporter] = [
            NullSpaceTeleporter(), NullSpaceTeleporter(derivative: .doubleBackward), SymmetryTeleporter(),
            SymmetryTeleporter(action: .approximate), LevelSetTeleporter(),
        ]
        for var teleporter in teleporters {
            teleporter.climb = .sharpness(sharpness, sense: sense)
            teleporter.climb.steps = 3
            let name = "\(teleporter)"
            let tolerance = teleporter is LevelSetTeleporter ? 0.011 : 1e-9
            let (model, batch) = (instance.model(), instance.batch())
            let landscape = BatchLoss(model, CrossEntropy(), on: batch)
            let before = sharpness.value(of: landscape)
            let report = teleporter.teleport(model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))[0]
            #expect(report.restored == nil && report.steps == 3, "\(name): \(report)")
            #expect(report.relativeDrift < tolerance, "\(name)")
            #expect(report.objective == "sharpness" && "\(report)".contains(", sharpness "))
            #expect(abs(try #require(report.objectiveBefore) / before - 1) < 1e-12)
            let after = sharpness.value(of: landscape)
            #expect(abs(try #require(report.objectiveAfter) / after - 1) < 1e-9, "\(name)")
            #expect(sense == .increase ? after > before : after < before, "\(name): \(before) \(after)")
            // Three gradients, and a value before and after each step, of three directions and three displacements.
            let least = 3.0 * 9 + 4 * 3
            #expect(report.gradientEvaluations > least, "\(name)")
        }
    }

    @Test("In directions that the climb has not seen the loss gets flatter too, the more of it the more it has seen")
    func otherDirections() {
        let batch = instance.batch()
        let others = Sharpness(displacements: [1, -1], directions: 100, seed: 999)
        // A few directions are far from all 917 dimensions: of what the climb sees a tenth is left with 8, and a third with 64.
        let shares = [8, 64, 256].map { count in
            let model = instance.model()
            let landscape = BatchLoss(model, CrossEntropy(), on: batch)
            let before = others.value(of: landscape)
            let report = NullSpaceTeleporter(.sharpness(Sharpness(directions: count))).teleport(
                model, CrossEntropy(), on: [batch], before: SGD(learningRate: 0.1))[0]
            let seen = report.objectiveBefore! - report.objectiveAfter!
            return (before - others.value(of: landscape)) / seen
        }
        #expect(shares[0] > 0 && shares[0] < shares[1] && shares[1] < shares[2] && shares[2] > 0.5, "\(shares)")
    }

    @Test("Models whose hidden units have scales are moved along these")
    func gauge() throws {
        let model = Instance(hidden: [24, 20], samples: 8, activation: .relu).model()
        let report = GaugeTeleporter(.sharpness(sharpness)).teleport(
            model, CrossEntropy(), on: [instance.batch()], before: SGD(learningRate: 0.1))[0]
        #expect(report.restored == nil && report.steps > 0 && report.relativeDrift < 1e-12)
        let (before, after) = (try #require(report.objectiveBefore), try #require(report.objectiveAfter))
        #expect(after < before)
    }
}
