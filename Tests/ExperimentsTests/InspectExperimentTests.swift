import Datasets
import Foundation
import NeuralNetworks
import Optimizers
import Teleportation
import TestSupport
import Testing
import Torch

@testable import Experiments

@Suite struct InspectExperimentTests {
    private func inspect(epochs: Int = 0, samples: Int = 24, taus: [Double] = [0.9, 1]) throws -> Inspection {
        let training = TrainingConfiguration(
            architecture: .mlp(hidden: [40, 30], activation: .relu), learningRate: 0.1, epochs: epochs, dtype: .float64)
        let experiment = InspectExperiment(
            training, seed: 0, samples: samples, climb: Climb(steps: 3, stepSize: .growth(0.5)), taus: taus, on: digits)
        return try experiment.run()
    }

    @Test("Each layer has the room that samples and energy leave it")
    func room() throws {
        let inspection = try inspect()
        #expect(inspection.layers.map(\.name) == ["3", "5"])
        #expect(inspection.layers.map(\.dimensions) == [41, 31])
        for layer in inspection.layers {
            #expect(layer.rows == 24)
            #expect(layer.room.map(\.tau) == [0.9, 1])
            #expect(layer.room.allSatisfy { $0.significantDimensions + $0.freeDimensions == layer.dimensions })
            #expect(layer.room[0].freeDimensions > layer.room[1].freeDimensions)
        }
        // ReLU's outputs of 24 samples may depend on each other, but are no more than 24.
        #expect(inspection.layers[0].room[1].freeDimensions >= 41 - 24)
    }

    @Test("At tau = 1 the gradient grows by the rate of the steps and the loss stays")
    func trajectory() throws {
        let trajectory = try #require(inspect().trajectories.last)
        #expect(trajectory.tau == 1)
        #expect(trajectory.points.map(\.step) == [0, 1, 2, 3])
        for (before, after) in zip(trajectory.points, trajectory.points.dropFirst()) {
            #expect(after.gradientNormSquared > 1.3 * before.gradientNormSquared)
            #expect(abs(after.loss - before.loss) < 1e-12 * before.loss)
        }
    }

    @Test("A model can be trained before, and looking at it changes nothing")
    func training() throws {
        let trained = try inspect(epochs: 10)
        #expect(trained.trajectories[0].points[0].loss < 0.9 * (try inspect().trajectories[0].points[0].loss))
        #expect(trained.trajectories[0].points[0] == trained.trajectories[1].points[0])
    }

    @Test("A look ahead is one of the optimizer that trained the model, and is lower in the end")
    func lookahead() throws {
        let training = TrainingConfiguration(
            architecture: .mlp(hidden: [40, 30], activation: .relu), optimizer: .momentum, learningRate: 0.02,
            epochs: 2, dtype: .float64)
        let trajectory = try #require(
            try InspectExperiment(
                training, seed: 0, samples: 24, climb: try Climb(objectiveText: "lookahead:2"), taus: [1], on: digits
            ).run().trajectories.first)
        #expect(trajectory.points.last!.step > 0 && trajectory.objectiveAfter! < trajectory.objectiveBefore!)
        #expect(abs(trajectory.points.last!.loss / trajectory.points[0].loss - 1) < 1e-10)
        // J at the start: the loss after twice the step of momentum.
        let run = try TrainingRun(Training(training, on: digits), seed: 0)
        while run.next() != nil {}
        let batch = Training(training, on: digits).trainingSamples.randomBatch(
            of: 24, using: Training.generator(.teleports, 0))
        let parameters = run.model.parameters.map(\.value)
        let before = parameters.map { $0.clone() }
        withMode(.teleportation) {
            let gradients = LinearizedLoss(run.model, CrossEntropy(), on: batch).gradients(of: parameters)
            run.optimizer.update(parameters, with: gradients)
            for (parameter, start) in zip(parameters, before) { parameter.addInPlace(parameter - start) }
            let ahead: Double = CrossEntropy()(run.model(batch.inputs), batch.targets).item()
            #expect(abs(ahead / trajectory.objectiveBefore! - 1) < 1e-10)
        }
    }

    @Test("Without room the trajectory ends where it begins")
    func noRoom() throws {
        let trajectory = try #require(inspect(samples: 300, taus: [1]).trajectories.first)
        #expect(trajectory.points.map(\.step) == [0] && trajectory.reason == nil)
        // Units that no sample reaches are free, and change nothing.
        #expect(trajectory.ending == TeleportReport.Ending.stationary.description)
    }

    @Test("The report has a row for each layer and each tau, and its numbers are in the file")
    func report() throws {
        let inspection = try inspect()
        let report = InspectionReport(inspection)
        #expect(report.room.rows.map { $0[0] } == ["3", "5"])
        #expect(report.room.columns.map(\.title) == ["layer", "rows", "dimensions", "free at 0.9", "free at 1"])
        #expect(report.trajectories.rows.map { $0[0] } == ["0.9", "1"])
        #expect(report.spectra.panels[0].series.count == 2)
        #expect(report.steps.panels.map(\.series.count) == [2, 2])
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("inspection.json")
            try inspection.write(to: file)
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            let read = try decoder.decode(Inspection.self, from: Data(contentsOf: file))
            #expect(read.layers == inspection.layers && read.trajectories == inspection.trajectories)
            #expect(read.configuration["samples"] == 24)
        }
    }

    @Test("A teleport that had to be undone says so")
    func undone() throws {
        let training = TrainingConfiguration(architecture: .mlp(hidden: [40, 30], activation: .relu), epochs: 0)
        let experiment = InspectExperiment(
            training, seed: 0, samples: 24, climb: Climb(steps: 2, stepSize: .fixed(1e30)), taus: [1], on: digits)
        let inspection = try experiment.run()
        #expect(inspection.trajectories[0].reason != nil)
        #expect(InspectionReport(inspection).failures.first?.contains("tau 1 was given up") == true)
    }

    @Test("Of a model that diverged there is nothing to see")
    func diverged() throws {
        let training = TrainingConfiguration(
            architecture: .mlp(hidden: [40], activation: .relu), learningRate: 1e20, epochs: 1)
        let experiment = InspectExperiment(
            training, seed: 0, samples: 24, climb: Climb(steps: 8, stepSize: .growth(0.5)), taus: [1], on: digits)
        #expect(throws: Divergence.notFinite) { try experiment.run() }
    }
}
