import Datasets
import Foundation
import NeuralNetworks
import Teleportation
import Testing
import Torch

@testable import Experiments

@Suite struct ApplyExperimentTests {
    private let training = TrainingConfiguration(
        architecture: .mlp(hidden: [40, 30], activation: .relu), learningRate: 0.1, dtype: .float64)

    private var weights: Safetensors {
        StateDictionary(of: Training(training, on: digits).makeModel(seed: 3)).file
    }

    private func plan(batches: Int = 1, size: Int = 16) -> TeleportPlan {
        TeleportPlan(
            NullSpaceTeleporter(Climb(steps: 3, stepSize: .growth(0.5), cap: .none)),
            schedule: TeleportSchedule(batchCount: batches, batchSize: size), controlSamples: 0)
    }

    private func apply(
        _ weights: Safetensors, _ plan: TeleportPlan, keepsHalfPrecision: Bool = false
    ) throws -> (record: AppliedTeleport, weights: Safetensors) {
        try ApplyExperiment(
            of: weights, from: "model.safetensors", training, plan: plan, seed: 0,
            keepsHalfPrecision: keepsHalfPrecision,
            on: digits
        ).run()
    }

    @Test func theLossOfTheBatchStaysAndItsGradientGrows() throws {
        let (record, moved) = try apply(weights, plan())
        let change = record.teleportBatches
        #expect(change.samples == 16 && record.testSamples.samples == 100 && record.movedCount == 1)
        #expect(abs(change.lossAfter / change.lossBefore - 1) < 1e-12)
        #expect(change.gradientNormSquaredAfter > 3 * change.gradientNormSquaredBefore)
        // The batches that are looked at are those of the teleport, and the numbers those of the weights that are given back.
        let report = record.teleports[0].report
        #expect(abs(report.lossBefore / change.lossBefore - 1) < 1e-12)
        #expect(abs(report.gradientNormSquaredBefore / change.gradientNormSquaredBefore - 1) < 1e-10)
        #expect(abs(report.gradientNormSquaredAfter / change.gradientNormSquaredAfter - 1) < 1e-10)
        let model = Training(training, on: digits).makeModel(seed: 4)
        try StateDictionary(moved).load(into: model)
        let test = Evaluation(of: model, CrossEntropy(), on: digits.test.to(dtype: .float64))
        #expect(abs(test.loss / record.testSamples.lossAfter - 1) < 1e-12)
        #expect(record.testSamples.lossAfter != record.testSamples.lossBefore)
        #expect(record.layers.map(\.name) == ["3", "5"] && record.layers.map(\.dimensions) == [41, 31])
        #expect(
            record.layers.allSatisfy { $0.freeDimensionsBefore >= $0.dimensions - 16 && $0.freeDimensionsAfter > 0 })
        let text = "\(AppliedTeleportReport(record))"
        #expect(text.contains("teleport batches") && text.hasSuffix("The weights moved on 1 of 1 teleport batch."))
    }

    @Test func severalBatchesAreLookedAtTogether() throws {
        let (record, _) = try apply(weights, plan(batches: 3))
        #expect(record.teleportBatches.samples == 48 && record.teleports.count == 3 && record.movedCount == 3)
    }

    @Test func whyNothingMovedIsSaid() throws {
        let weights = weights
        let (record, unmoved) = try apply(weights, plan(size: 300))
        #expect(record.movedCount == 0)
        #expect(record.teleportBatches.lossAfter == record.teleportBatches.lossBefore)
        for (name, tensor) in weights.tensors { #expect(unmoved.tensors[name]?.doubles() == tensor.doubles()) }
        let sentences = AppliedTeleportReport(record).sentences
        #expect(sentences.first == "Nothing moved: the weights are what they were.")
        #expect(
            sentences.last
                == "On 1 of 1 teleport batch: \(TeleportReport.Ending.stationary). "
                .trimmingCharacters(in: .whitespaces))
        var drifting = plan()
        drifting.teleporter = NullSpaceTeleporter(
            Climb(steps: 3, stepSize: .growth(50), cap: .none, tolerance: 1e-9), tau: 0.5)
        let (restored, _) = try apply(weights, drifting)
        #expect(restored.movedCount == 0)
        #expect(
            AppliedTeleportReport(restored).sentences.last?.contains("the loss drifted by more than the tolerance")
                == true)
    }

    @Test func halfPrecisionIsLookedAtAsItIsWritten() throws {
        let half = Safetensors(tensors: weights.tensors.mapValues { $0.to(dtype: .bfloat16) })
        let (single, wide) = try apply(half, plan())
        let (rounded, narrow) = try apply(half, plan(), keepsHalfPrecision: true)
        #expect(wide.tensors.values.allSatisfy { $0.dtype == .float32 })
        #expect(narrow.tensors.values.allSatisfy { $0.dtype == .bfloat16 })
        func drift(_ record: AppliedTeleport) -> Double {
            abs(record.teleportBatches.lossAfter / record.teleportBatches.lossBefore - 1)
        }
        #expect(drift(single) < 1e-6 && drift(rounded) > 1e-5)
        #expect(
            single.teleports
                == rounded.teleports.enumerated().map { index, teleport in
                    var teleport = teleport
                    teleport.report.seconds = single.teleports[index].report.seconds
                    return teleport
                })
        #expect(ApplyExperiment.dtype(for: half) == .float32 && ApplyExperiment.dtype(for: weights) == .float64)
    }

    @Test func weightsThatAreNoneAreRefused() throws {
        var tensors = weights.tensors
        tensors["3.bias"] = nil
        let missing = #expect(throws: WeightsError.self) { try apply(Safetensors(tensors: tensors), plan()) }
        #expect(
            missing?.description.hasPrefix(
                "model.safetensors: the weights are not those of the model: missing 3.bias; ") == true)
        tensors["3.bias"] = .full([30], .nan)
        let noLoss = #expect(throws: WeightsError.self) { try apply(Safetensors(tensors: tensors), plan()) }
        #expect(noLoss?.description.contains("the loss of the model is nan") == true)
    }

    @Test func copiesOfTiedWeightsAreRefused() throws {
        let text = TextDataset(
            Tensor((0..<80).map { Int64($0 % 4) }), vocabulary: Vocabulary(["a", "b", "c", "d"]), length: 4)
        var training = training
        training.architecture = try Architecture(text: "transformer:heads=1,head-size=8,layers=1")
        let data = Split(name: "cycle", train: text, test: text).erased
        var tensors = StateDictionary(of: Training(training, on: data).makeModel(seed: 0)).file.tensors
        func apply() throws -> AppliedTeleport {
            try ApplyExperiment(
                of: Safetensors(tensors: tensors), from: "model", training, plan: plan(size: 2), seed: 0, on: data
            ).run().record
        }
        #expect(try apply().layers.map(\.name).contains("head"))
        tensors["head.weight"] = tensors["embedding.weight"]!.clone()
        let error = #expect(throws: WeightsError.self) { try apply() }
        #expect(error?.description.contains("head.weight is a copy of embedding.weight") == true)
        // Those that are tied rest where they are, and the others move.
        tensors["head.weight"] = tensors["embedding.weight"]
        let record = try apply()
        #expect(!record.layers.map(\.name).contains("embedding") && record.movedCount == 1)
    }
}
