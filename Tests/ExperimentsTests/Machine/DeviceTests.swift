import Datasets
import NeuralNetworks
import Optimizers
import Teleportation
import TestSupport
import Testing
import Torch

@testable import Experiments

/// What the device under test computes, held against the CPU; without a variable that names one, both are the CPU, and a run
/// shows only that it is repeated to the last bit.
@Suite struct DeviceTests {
    private let device: Device

    init() throws { device = try Device(text: deviceUnderTest) }

    /// A short training with teleports that are sure to be made, in double precision.
    private func run(
        _ model: String, _ optimizer: String, _ method: String?, on data: Split<any Dataset>, device: Device
    ) throws -> (run: Run, weights: [Double]) {
        let configuration = TrainingConfiguration(
            architecture: try Architecture(text: model), optimizer: try OptimizerOption(text: optimizer),
            learningRate: 1e-3, batchSize: 8, epochs: 2, dtype: .float64, device: device)
        let training = Training(configuration, on: data)
        let plan = try method.map {
            TeleportPlan(
                try MethodText(text: $0).teleporter,
                schedule: TeleportSchedule(epochs: [0, 1], batchCount: 2, batchSize: 6), controlSamples: 0,
                trialSteps: 2, largestOwnProgress: 1, patience: 0)
        }
        let underWay = try TrainingRun(training, seed: 0, plan: plan)
        while underWay.next() != nil {}
        return (underWay.record, underWay.model.parameters.flatMap { $0.value.doubles() })
    }

    /// Holds a run on the device against one on the CPU.
    private func expectSame(
        _ model: String, _ optimizer: String = "sgd", _ method: String? = nil, on data: Split<any Dataset>
    ) throws {
        let here = try run(model, optimizer, method, on: data, device: device)
        let expected = try run(model, optimizer, method, on: data, device: .cpu)
        #expect(here.run.teleports.map(\.steps) == expected.run.teleports.map(\.steps))
        #expect(method == nil || expected.run.teleports.contains { $0.steps > 0 })
        for (epoch, other) in zip(here.run.epochs, expected.run.epochs) {
            #expect(abs(epoch.trainLoss - other.trainLoss) < 1e-8 * other.trainLoss)
            #expect(abs(epoch.testLoss - other.testLoss) < 1e-8 * other.testLoss)
        }
        #expect(here.run.epochs.count == 2)
        let difference = zip(here.weights, expected.weights).map { abs($0 - $1) }.max()
        #expect(try #require(difference) < 1e-6)
    }

    @Test(
        "Each method teleports alike",
        arguments: [
            "null-space", "null-space:derivative=double-backward", "null-space:scope=dataset",
            "null-space:objective=gradient-norm,cap=none", "symmetry:objective=gradient-norm,cap=none",
            "symmetry:derivative=published,objective=gradient-norm,cap=none", "level-set", "gauge", "random",
            "equalize",
            "null-space:objective=sharpness", "symmetry:objective=curvature",
        ])
    func methods(method: String) throws {
        try expectSame("mlp:24,20:leaky-relu(0.1)", "sgd", method, on: noise)
    }

    @Test("Each optimizer steps alike", arguments: OptimizerName.allCases)
    func optimizers(optimizer: OptimizerName) throws {
        try expectSame("mlp:24,20", optimizer.rawValue, on: noise)
    }

    @Test(
        "Each family is trained and teleported alike", arguments: ["null-space", "gauge", "level-set"])
    func families(method: String) throws {
        try expectSame("cnn:4,6", "momentum", method, on: noise)
        try expectSame("resnet:4,4,4", "sgd", method == "gauge" ? "null-space" : method, on: noise)
        try expectSame("transformer:heads=2,head-size=4,layers=2", "adam", method, on: sines)
        try expectSame("transformer:heads=1,head-size=8,layers=1", "adam", method, on: cycleOfWords)
    }

    // MARK: Waiting

    @Test("A training step never waits for the device", arguments: OptimizerName.allCases)
    func waitsOfTraining(optimizer: OptimizerName) async throws {
        let name = optimizer.rawValue
        await #expect(processExitsWith: .success) { [name = name as String] in
            let training = Training(
                TrainingConfiguration(
                    architecture: .mlp(hidden: [16, 16], activation: .relu), optimizer: try OptimizerOption(text: name),
                    learningRate: 1e-3, batchSize: 8, epochs: 1, device: try Device(text: deviceUnderTest)),
                on: noise)
            let run = try TrainingRun(training, seed: 0)
            let waits = DeviceWaits.count { for _ in 0..<3 { _ = run.next() } }
            #expect(run.step == 3 && waits == 0, "\(waits) waits")
        }
    }

    @Test(
        "The steps of a teleport wait for the device no more often than Documentation/Scaling.md says",
        arguments: [
            ("null-space:objective=gradient-norm", 4),
            ("null-space:objective=gradient-norm,step-size=fixed:0.01,cap=none", 3),
            ("null-space", 6), ("symmetry:objective=gradient-norm", 7), ("level-set", 7),
        ])
    func waitsOfTeleports(method: String, expected: Int) async throws {
        await #expect(processExitsWith: .success) { [method = method as String, expected = expected as Int] in
            let device = try Device(text: deviceUnderTest)
            let training = Training(
                TrainingConfiguration(
                    architecture: .mlp(hidden: [24, 20], activation: .leakyReLU(slope: 0.1)), dtype: .float64,
                    device: device), on: noise)
            let batch = training.trainingSamples.batch(Tensor.range(6))
            func waits(steps: Int) throws -> Int {
                let text = method + (method.contains(":") ? "," : ":") + "teleport-steps=\(steps)"
                let teleporter = try MethodText(text: text).teleporter
                let model = training.makeModel(seed: 0)
                return DeviceWaits.count {
                    let reports = teleporter.teleport(
                        model, CrossEntropy(), on: [batch], before: SGD(learningRate: 1e-3))
                    #expect(reports.map(\.steps) == [steps] && reports[0].halvings.backtracking == 0)
                }
            }
            let (few, many) = (try waits(steps: 2), try waits(steps: 6))
            #expect(many - few == 4 * expected, "\(few) and \(many)")
        }
    }
}
