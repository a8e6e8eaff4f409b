import Datasets
import NeuralNetworks
import Optimizers
import Reporting
import Teleportation
import Torch

/// The training of a model on a data set.
package struct Training {
    /// How the model is trained.
    package let configuration: TrainingConfiguration
    /// What the model learns from.
    package let trainingSamples: any Dataset
    /// What it is tested with.
    let testSamples: any Dataset
    /// What each training step multiplies the learning rate by.
    let learningRateGrowth: Double
    /// The processes over which each batch is spread; nil where this one is alone.
    let group: ProcessGroup?
    /// Whether batch normalization takes the statistics of a batch over all of them.
    let synchronizesStatistics: Bool

    /// The training of a model that goes with the data; see `Architecture.check(inputShape:task:)`.
    ///
    /// - Parameters:
    ///   - configuration: How the model is trained.
    ///   - data: What it learns from and is tested with.
    ///   - learningRateGrowth: What each training step multiplies the learning rate by.
    ///   - group: The processes over which each batch is spread, all of which take the same steps; nil where this one is alone.
    ///   - synchronizesStatistics: Whether batch normalization takes the statistics of a batch over all of them.
    package init(
        _ configuration: TrainingConfiguration, on data: Split<any Dataset>, learningRateGrowth: Double = 1,
        across group: ProcessGroup? = nil, synchronizesStatistics: Bool = false
    ) {
        self.configuration = configuration
        self.learningRateGrowth = learningRateGrowth
        self.group = group
        self.synchronizesStatistics = synchronizesStatistics
        func placed(_ samples: some Dataset) -> any Dataset {
            let samples = samples.to(dtype: configuration.dtype, device: configuration.device)
            if let group { return ShardedSamples(samples, in: group) }
            return samples
        }
        trainingSamples = placed(data.train)
        testSamples = placed(data.test)
    }

    /// All options that the training heeds, by the names that they have on the command line, every default written out.
    ///
    /// - Parameters:
    ///   - plan: How it is interrupted by teleports.
    ///   - data: What the model learns from and is tested with.
    func options(_ plan: TeleportPlan, on data: Split<any Dataset>) -> [String: JSONValue] {
        var options = configuration.options(plan, on: data)
        if synchronizesStatistics { options["batch-statistics"] = .string("synchronized") }
        return options
    }

    /// The batches of an epoch.
    package var batchesPerEpoch: Int { trainingSamples.batchCount(of: configuration.batchSize) }

    /// A model with the random weights of a seed.
    package func makeModel(seed: Int) -> any Layer {
        configuration.architecture.makeModel(
            inputShape: trainingSamples.inputShape, task: trainingSamples.task, using: Self.generator(.weights, seed),
            dtype: configuration.dtype, device: configuration.device)
    }

    /// What training a model takes.
    func makeStep(for model: any Layer) -> TrainingStep {
        let optimizer = configuration.optimizer.make(learningRate: configuration.learningRate)
        let step = TrainingStep(model, trainingSamples.task.loss, optimizer)
        guard learningRateGrowth != 1 else { return step }
        return TrainingStep(model, step.loss, optimizer) { batch in
            defer { optimizer.learningRate *= learningRateGrowth }
            return step(on: batch)
        }
    }

    /// Checks that teleports can move the model, and that all goes together.
    ///
    /// - Parameters:
    ///   - plan: How the training is to be interrupted by teleports.
    ///   - seed: That of the model.
    ///   - name: That of the data set.
    /// - Returns: The loss of the untrained model, from which on a loss may have risen.
    /// - Throws: `ScheduleError` if the training is over before the first teleport, `MemoryError`, `StartingLossError`, and as
    ///   `TrainingRun.init`.
    @discardableResult
    package func check(_ plan: TeleportPlan, seed: Int, on name: String) throws -> Double {
        try plan.schedule.check(epochs: configuration.epochs, stepsPerEpoch: batchesPerEpoch)
        return try checkStart(plan, seed: seed, on: name)
    }

    /// Checks the same but for the schedule; see `check(_:seed:on:)`.
    @discardableResult
    func checkStart(_ plan: TeleportPlan?, seed: Int, on name: String) throws -> Double {
        try checkMemory()
        if let group { try checkSharing(among: group.size, makeModel(seed: seed), plan) }
        let run = try TrainingRun(self, seed: seed, plan: plan)
        return try startingLoss(of: run.model, on: name)
    }

    /// Checks that several processes can train a model together.
    private func checkSharing(
        among processes: Int, _ model: any Layer, _ plan: TeleportPlan?
    ) throws(SharedTrainingRefusal) {
        guard model.generators.isEmpty else { throw .randomLayers }
        guard !model.couplesSamples || configuration.batchSize >= 2 * processes else {
            throw .loneSamples(batchSize: configuration.batchSize, processes: processes)
        }
        guard synchronizesStatistics, model.couplesSamples, let teleporter = plan?.teleporter else { return }
        if (teleporter as? NullSpaceTeleporter)?.derivative != .closedForm { throw .synchronizedAutograd }
    }

    /// Checks that the training can fit into memory.
    ///
    /// - Parameter memoryLeft: The bytes that there are; nil where that is not known.
    /// - Throws: `MemoryError`.
    func checkMemory(left memoryLeft: Double? = MemoryNeed.memoryLeft()) throws(MemoryError) {
        guard configuration.device == .cpu, let memoryLeft else { return }
        let need = MemoryNeed(
            configuration, inputShape: trainingSamples.inputShape, task: trainingSamples.task,
            samples: trainingSamples.count)
        if let error = MemoryError(configuration, needing: need, of: memoryLeft) { throw error }
    }

    /// The mean loss of an untrained model over some of the training samples.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - name: That of the data set.
    /// - Throws: `StartingLossError` if the loss is not finite.
    func startingLoss(of model: any Layer, on name: String) throws(StartingLossError) -> Double {
        let samples = trainingSamples.thinned(to: min(256, trainingSamples.count))
        let loss = Evaluation(of: model, trainingSamples.task.loss, on: samples).loss
        guard loss.isFinite else { throw StartingLossError(dataset: name, loss: loss) }
        return loss
    }

    /// Checks that it is training that raised a loss, and not the data, on which it is as high without any.
    ///
    /// - Parameters:
    ///   - divergence: How the training went wrong.
    ///   - seed: That of the untrained model.
    ///   - name: That of the data set.
    /// - Throws: `StartingLossError` if the data are to blame.
    func checkData(after divergence: Divergence, seed: Int, on name: String) throws(StartingLossError) {
        let model = makeModel(seed: seed)
        for samples in [trainingSamples, testSamples] {
            let loss = Evaluation(of: model, trainingSamples.task.loss, on: samples).loss
            if divergence.isReached(by: loss) { throw StartingLossError(dataset: name, loss: loss) }
        }
    }

    /// Trains a model for a moment and throws it away: the first steps of a process pay for threads, memory and kernels that
    /// later ones find ready, and would be counted to whichever run comes first.
    package func warmUp() {
        let step = makeStep(for: makeModel(seed: 0))
        withStatistics {
            for batch in trainingSamples.batches(of: configuration.batchSize).prefix(30) { step(on: batch) }
        }
    }

    /// Runs a body in which batch normalization takes the statistics that it is to take.
    func withStatistics<Result>(_ body: () -> Result) -> Result {
        BatchStatistics.$processes.withValue(synchronizesStatistics ? group : nil, operation: body)
    }

    /// Whether the loss is that of a text's next token.
    var isLanguageModel: Bool { if case .languageModelling = trainingSamples.task { true } else { false } }

    /// What random numbers are drawn for, and how far its seeds are from the user's. The distances keep the generators of
    /// one run apart within 32 bits, which are all that libtorch takes of a seed.
    enum Purpose: UInt64 {
        case weights = 0
        case order = 1_000_000_000
        /// A session takes this seed and the one that is as far again from it.
        case teleports = 2_000_000_000
    }

    /// The seeds of runs: those of larger ones would meet the generators of other purposes.
    static let seeds = 0..<Int(Purpose.order.rawValue)

    static func seed(_ purpose: Purpose, _ seed: Int) -> UInt64 { UInt64(seed) + purpose.rawValue }

    static func generator(_ purpose: Purpose, _ seed: Int) -> Generator { Generator(seed: self.seed(purpose, seed)) }
}

extension LearningTask {
    /// What training lowers.
    var loss: any Loss {
        switch self {
        case .classification, .languageModelling: CrossEntropy()
        case .regression: MeanSquaredError()
        }
    }

    /// The outputs of a model for each sample, or for each position of a text.
    var outputs: Int {
        switch self {
        case .classification(let count), .regression(let count), .languageModelling(let count): count
        }
    }
}
