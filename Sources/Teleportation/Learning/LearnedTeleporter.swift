import Foundation
import NeuralNetworks
import Optimizers
import TextForms
import Torch

/// Teleportation by group elements that a meta-optimizer has learned to choose from the gradients (PS24 section 5.2):
/// perceptrons with the layer sizes that it was trained on, and activations that can be inverted. No objective is
/// climbed, and no second derivative is taken.
///
/// For each batch, and each of its steps, the m2 of each pair of layers reads the gradients of the pair's weights and
/// gives an element of the Lie algebra, whose group element acts exactly (`GroupAction.exact`): the loss stays as far as
/// that action holds it. What m2 remembers goes on from batch to batch of one teleport.
///
/// ```swift
/// let teleporter = try LearnedTeleporter(contentsOf: file)  // written by `teleport learn`
/// try teleporter.check(model, before: optimizer)
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
public struct LearnedTeleporter: Teleporter {
    /// The group elements on each batch, one after the other.
    public var steps: Int
    /// How much the loss of a teleport batch may change, relative to the loss, before the parameters are set back.
    public var tolerance: Double
    private let source: LearnedFile

    /// A teleporter by what `teleport learn` has written, which is read now.
    ///
    /// - Throws: `LearnedFileError` if the file cannot be read, holds something else, or no teleports.
    public init(
        contentsOf file: URL, steps: Int = 1, tolerance: Double = 0.01
    ) throws(LearnedFileError) {
        self.init(path: file.path, steps: steps, tolerance: tolerance)
        _ = try source.metaOptimizer()
    }

    /// A teleporter by a file that is read when a model is checked.
    package init(path: String, steps: Int = 1, tolerance: Double = 0.01) {
        source = LearnedFile(path: path)
        self.steps = steps
        self.tolerance = tolerance
    }

    /// Checks that the model is one that the meta-optimizer was trained for; see `Teleporter`.
    ///
    /// - Throws: `LearnedFileError` if the file cannot be read, or was learned for other models; `SettingRefusal` if the
    ///   steps are not at least 1, or the tolerance is no number of at least 0.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        try SettingRefusal.check("teleport-steps", steps >= 1, "\(steps)", remedy: "give 1 or more")
        try SettingRefusal.check(tolerance: tolerance)
        _ = try source.metaOptimizer(for: model)
    }

    /// Begins a teleport; see `Teleporter`. Traps on a model that `check` refuses. Reports have no objective and no free
    /// dimensions.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        let (metaOptimizer, perceptron) = trapping { () throws(LearnedFileError) in
            try source.metaOptimizer(for: model)
        }
        return LearnedTeleport(
            metaOptimizer, of: perceptron, steps: steps, tolerance: tolerance, context: context
        ) { BatchLoss(model, loss, on: $0) }
    }
}

extension LearnedTeleporter: TextualTeleporter {
    package static let methodName = "learned"
    package static var standard: LearnedTeleporter { LearnedTeleporter(path: "") }
    package static let operandName: String? = "FILE"
    package static let settings: [Setting<LearnedTeleporter>] = [
        Setting("teleport-steps", \.steps, atLeast: 1, "The steps on each batch"),
        Setting("tolerance", \.tolerance, "The relative drift of the loss beyond which a teleport is undone"),
    ]

    /// The path of the file.
    package var operand: String? { source.path }

    package static func standard(of operand: String) -> LearnedTeleporter { LearnedTeleporter(path: operand) }

    /// The method, the file and the settings that are not the standard ones, as `learned:FILE,teleport-steps=4`.
    public var description: String { text }
}

/// A file with a meta-optimizer, which is read when it is first needed.
private final class LearnedFile {
    let path: String
    private var contents: MetaOptimizer?

    init(path: String) { self.path = path }

    /// The meta-optimizer.
    ///
    /// - Throws: `LearnedFileError` if there is none, or one that has not learned to teleport.
    func metaOptimizer() throws(LearnedFileError) -> MetaOptimizer {
        if let contents { return contents }
        let metaOptimizer = try MetaOptimizerCheckpoint(contentsOf: URL(fileURLWithPath: path)).metaOptimizer
        guard metaOptimizer.settings.quantity.hasTeleport else {
            throw LearnedFileError(path, "has learned updates and no teleports; learn update+teleport or rate+teleport")
        }
        contents = metaOptimizer
        return metaOptimizer
    }

    /// The meta-optimizer, of the type and on the device of a model, and the model taken apart.
    ///
    /// - Throws: `LearnedFileError` if it was not learned for such models.
    func metaOptimizer(
        for model: some Layer
    ) throws(LearnedFileError) -> (metaOptimizer: MetaOptimizer, perceptron: Perceptron) {
        let metaOptimizer = try metaOptimizer()
        let sizes = metaOptimizer.settings.sizes
        let learned = "has learned for perceptrons of layers \(sizes.text) with an activation that can be inverted"
        let perceptron: Perceptron
        do throws(SymmetryRefusal) { perceptron = try Perceptron(bijective: model) } catch {
            switch error {
            case .notBijective(let activation):
                throw LearnedFileError(
                    path, "\(learned), and \(activation) cannot be; use LeakyReLU with a positive slope")
            default:
                throw LearnedFileError(path, "\(learned), and the model is none; use one, or another method")
            }
        }
        let own = [perceptron.layers[0].weight.size(1)] + perceptron.layers.map { $0.weight.size(0) }
        guard own == sizes else {
            throw LearnedFileError(
                path,
                "\(learned), and the model has layers of \(own.text); learn for those sizes, or use another method")
        }
        let weight = perceptron.layers[0].weight
        return (metaOptimizer.to(dtype: weight.dtype, device: weight.device), perceptron)
    }
}

/// A teleport by learned group elements.
private final class LearnedTeleport: Teleport {
    private let metaOptimizer: MetaOptimizer
    private let perceptron: Perceptron
    private let steps: Int
    private let tolerance: Double
    private let context: TeleportContext
    private let landscape: (Batch) -> BatchLoss
    private var state: MetaOptimizer.State

    init(
        _ metaOptimizer: MetaOptimizer, of perceptron: Perceptron, steps: Int, tolerance: Double,
        context: TeleportContext, landscape: @escaping (Batch) -> BatchLoss
    ) {
        self.metaOptimizer = metaOptimizer
        self.perceptron = perceptron
        self.steps = steps
        self.tolerance = tolerance
        self.context = context
        self.landscape = landscape
        state = metaOptimizer.initialState(batch: 1)
    }

    func move(on batch: Batch) -> TeleportReport {
        let start = ContinuousClock.now
        let landscape = self.landscape(batch)
        let walk = SymmetryWalk(
            on: landscape, perceptron, action: .exact, element: metaOptimizer.settings.element)
        return TeleportTransaction(landscape, tolerance: tolerance).run(
            since: start, lossBefore: walk.lossBefore, restore: walk.restore
        ) { report throws(TeleportReport.Restoration) in
            var place = walk.place()
            report.gradientNormSquaredBefore = try place.gradients.squaredNorm().checkedFinite()
            for step in 1...steps {
                do throws(TorchError) {
                    try move(along: walk, from: place)
                } catch {
                    throw .failed(error.description)
                }
                report.steps = step
                context.stepTaken?(step)
                place = walk.place()
            }
            walk.bringUpToDate()
            report.gradientNormSquaredAfter = try place.gradients.squaredNorm().checkedFinite()
        }
    }

    private func move(along walk: SymmetryWalk, from place: any Place) throws(TorchError) {
        let gradients = Gradients(walk.landscape.parameters, place.gradients)
        let weights = perceptron.layers.map { layer in
            (gradients[layer.weight]?.formed() ?? Tensor.zeros(like: layer.weight)).expanded(at: 0)
        }
        var directions = metaOptimizer.elements(from: weights, &state).map {
            ParameterGradient.tensor($0.selected(0, 0))
        }
        _ = try walk.move(along: &directions, scale: 1)
    }
}
