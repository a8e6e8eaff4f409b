import Datasets
import Foundation
import NeuralNetworks
import Reporting
import Teleportation
import Torch

/// One teleport of a model whose weights come from elsewhere and go back there: a file of PyTorch's, as a rule.
package struct ApplyExperiment {
    /// The model, and the optimizer whose first steps are to follow; epochs and batch size are not heeded.
    package let training: TrainingConfiguration
    /// The method, the number and size of the teleport batches, and the control samples; there is no training around the
    /// teleport, so that its schedule and its trial are left out.
    package let plan: TeleportPlan
    /// Decides which samples are drawn.
    package let seed: Int
    /// Whether weights that came in half precision are to be so again.
    package let keepsHalfPrecision: Bool
    private let weights: StateDictionary
    private let path: String
    private let data: Split<any Dataset>
    private let prepared: Training

    /// A teleport of weights.
    ///
    /// - Parameters:
    ///   - weights: The tensors of a model that goes with the data.
    ///   - path: Where they are from, for people.
    ///   - training: The model and the optimizer.
    ///   - plan: How to teleport.
    ///   - seed: Decides which samples are drawn.
    ///   - keepsHalfPrecision: Whether weights that came in half precision are to be so again.
    ///   - data: The samples.
    package init(
        of weights: Safetensors, from path: String, _ training: TrainingConfiguration, plan: TeleportPlan, seed: Int,
        keepsHalfPrecision: Bool = false, on data: Split<any Dataset>
    ) {
        self.weights = StateDictionary(weights)
        self.path = path
        self.training = training
        var plan = plan
        plan.schedule.moments = .steps([0])
        plan.schedule.warmUpSteps = 0
        plan.trialSteps = 0
        self.plan = plan
        self.seed = seed
        self.keepsHalfPrecision = keepsHalfPrecision
        self.data = data
        prepared = Training(training, on: data)
    }

    /// The element type to compute in where nobody says: double precision if any of the weights is.
    package static func dtype(for weights: Safetensors) -> DType {
        weights.tensors.values.contains { $0.dtype == .float64 } ? .float64 : .float32
    }

    /// Loads the weights, teleports once, and looks at the model before and after.
    ///
    /// - Returns: What the teleport did, and the weights as they are to be written: those that were looked at.
    /// - Throws: `WeightsError` if the weights are not those of the model, or give no loss; `MemoryError`; and as
    ///   `TeleportingSession.init`.
    package func run() throws -> (record: AppliedTeleport, weights: Safetensors) {
        try prepared.checkMemory()
        let model = try loadedModel()
        let step = prepared.makeStep(for: model)
        let samples = prepared.trainingSamples
        let teleportSeed = Training.seed(.teleports, seed)
        let session = try TeleportingSession(
            step, plan, samples: samples, passSize: Evaluation.batchSize(for: samples), seed: teleportSeed)
        // Those that the session is going to draw.
        let batches = Array(plan.schedule.batches(of: samples, shuffledBy: Generator(seed: teleportSeed)))
        let before = try look(at: model, step.loss, on: batches)
        let reports = session.teleportIfDue() ?? []
        let updated: Safetensors
        do throws(StateDictionaryError) {
            updated = try weights.updated(from: model, keepsHalfPrecision: keepsHalfPrecision)
            // What is looked at is what is written, with its rounding.
            try StateDictionary(updated).load(into: model)
        } catch {
            throw WeightsError(path: path, .notOfTheModel(error))
        }
        let after = try look(at: model, step.loss, on: batches)
        let record = AppliedTeleport(
            configuration: configuration, data: data.namedSizes,
            teleportBatches: .init(before.batches, after.batches, count: before.batchSampleCount),
            testSamples: .init(before.test, after.test, count: testSamples.count),
            layers: zip(before.rooms, after.rooms).map { room, later in
                .init(
                    name: room.name, dimensions: room.dimension, freeDimensionsBefore: room.freeDimensions(tau: tau),
                    freeDimensionsAfter: later.freeDimensions(tau: tau))
            },
            teleports: reports.enumerated().map { TeleportRecord($1, epoch: 0, step: 0, batch: $0) })
        return (record, updated)
    }

    private func loadedModel() throws(WeightsError) -> any Layer {
        let (embedding, head) = (weights.tensor("embedding.weight"), weights.tensor("head.weight"))
        var isTied = false
        if prepared.isLanguageModel, let embedding, let head {
            isTied = embedding.isIdentical(to: head)
            guard isTied || embedding.shape != head.shape || !embedding.hasElements(of: head) else {
                throw WeightsError(path: path, .clonedHead)
            }
        }
        let model = training.architecture.makeModel(
            inputShape: prepared.trainingSamples.inputShape, task: prepared.trainingSamples.task, tiesHead: isTied,
            using: Training.generator(.weights, seed), dtype: training.dtype, device: training.device)
        do throws(StateDictionaryError) { try weights.load(into: model) } catch {
            throw WeightsError(path: path, .notOfTheModel(error))
        }
        return model
    }

    // MARK: Looking

    /// What the model makes of samples.
    private struct Look {
        let batches: LossGradient
        let batchSampleCount: Int
        let test: LossGradient
        let rooms: [InputSpectrum]
    }

    /// The samples that the teleport does not see.
    private var testSamples: any Dataset { prepared.testSamples.thinned(to: min(1000, prepared.testSamples.count)) }

    private func look(at model: any Layer, _ loss: any Loss, on batches: [Batch]) throws(WeightsError) -> Look {
        let count = batches.map(\.count).reduce(0, +)
        let onBatches = LossGradient(of: model, loss, over: batches, count: count, mode: .teleportation)
        let test = testSamples
        let onTest = LossGradient(
            of: model, loss, over: test.batches(of: Evaluation.batchSize(for: test)), count: test.count,
            mode: .evaluation)
        guard onBatches.loss.isFinite else { throw WeightsError(path: path, .noLoss(onBatches.loss)) }
        do throws(TorchError) {
            let rooms = try InputSpectrum.ofMovableMaps(of: model, loss, over: batches.prefix(1))
            return Look(batches: onBatches, batchSampleCount: count, test: onTest, rooms: rooms)
        } catch {
            throw WeightsError(path: path, .notDecomposed(error.description))
        }
    }

    /// The share of the energy that the inputs' significant dimensions hold: that of the teleporter, if it goes by one.
    private var tau: Double { (plan.teleporter as? NullSpaceTeleporter)?.tau ?? 1 }

    /// All options that were heeded, by the names that they have on the command line.
    private var configuration: [String: JSONValue] {
        let own: [String: JSONValue] = [
            "weights": .string(path), "seed": .integer(seed), "keep-half-precision": .bool(keepsHalfPrecision),
        ]
        return training.optionsOfOneTeleport(plan, on: data).merging(own) { $1 }
    }
}

/// Weights that cannot be teleported.
package struct WeightsError: Error, Hashable, CustomStringConvertible {
    /// Where they are from.
    package let path: String
    /// What is wrong with them.
    package let defect: Defect

    /// What is wrong with weights.
    package enum Defect: Hashable {
        /// They are those of another model.
        case notOfTheModel(StateDictionaryError)
        /// The loss of the model is no number, or infinite.
        case noLoss(Double)
        /// The input of a layer cannot be decomposed, for the reason given.
        case notDecomposed(String)
        /// The head of a language model has the elements of its embedding, and is another tensor.
        case clonedHead
    }

    init(path: String, _ defect: Defect) {
        self.path = path
        self.defect = defect
    }

    /// A sentence for people.
    package var description: String {
        let sentence =
            switch defect {
            case .notOfTheModel(let error): "\(error)"
            case .noLoss(let loss):
                "the loss of the model is \(loss.significant()) with these weights; take weights from before training diverged, "
                    + "or give --dtype float64"
            case .notDecomposed(let reason):
                "the input of a layer cannot be decomposed (\(reason)); take weights from before training diverged"
            case .clonedHead:
                "head.weight is a copy of embedding.weight, as of tied weights, which a teleport would move apart; save them with "
                    + "safetensors.torch.save_model, which keeps the tie"
            }
        return "\(path): \(sentence)"
    }
}
