import NeuralNetworks
import Optimizers
import Torch

/// A teleport whose batches are climbed one after the other, each along a walk of its own.
final class ClimbingTeleport: Teleport {
    private let climb: Climb
    private let context: TeleportContext
    private let landscape: (Batch) -> BatchLoss
    private let makeWalk: (BatchLoss) -> any Walk

    /// How often the steps of the climb are halved for the next batch, by a guard.
    private(set) var stepHalvings = 0

    /// The loss of other samples, which the last climb has looked at.
    private var others: BatchLoss?
    /// Where the last climb ended, and the walk that it took there; nil before the first.
    private var end: (point: Point, walk: any Walk)?

    /// A teleport of a model.
    ///
    /// - Parameters:
    ///   - climb: How each batch is climbed.
    ///   - context: What there is while training runs.
    ///   - landscape: The loss of a batch.
    ///   - makeWalk: Begins the walk on a batch, with the parameters as they are.
    init(
        _ climb: Climb, in context: TeleportContext, landscape: @escaping (Batch) -> BatchLoss,
        makeWalk: @escaping (BatchLoss) -> any Walk
    ) {
        var climb = climb
        climb.objective = climb.objective.prepared(in: context)
        self.climb = climb
        self.context = context
        self.landscape = landscape
        self.makeWalk = makeWalk
    }

    func move(on batch: Batch) -> TeleportReport {
        let start = ContinuousClock.now
        end = nil
        let landscape = self.landscape(batch)
        let walk = makeWalk(landscape)
        let transaction = TeleportTransaction(landscape, tolerance: climb.tolerance)
        var climb = climb
        climb.steps >>= stepHalvings
        others =
            climb.objective.looksAtOtherSamples ? context.drawOthers.map { landscape.onOthers($0(batch.count)) } : nil
        let underWay = ClimbUnderWay(
            climb: climb, walk: walk, landscape: landscape, others: others, context: context,
            allowedDrift: transaction.allowedDrift(of: walk.lossBefore))
        var report = transaction.run(since: start, lossBefore: walk.lossBefore, restore: walk.restore) {
            report throws(TeleportReport.Restoration) in
            end = (try underWay.run(&report), walk)
        }
        if stepHalvings > 0, report.ending == .steps { report.ending = .fewerSteps }
        report.freeDimensions = walk.freeDimensions
        return report
    }

    /// Takes half as many steps on the batches to come, while there are two to halve and no more than so many halvings.
    func takeFewerSteps(halvings most: Int) {
        if stepHalvings < most, climb.steps >> stepHalvings > 1 { stepHalvings += 1 }
    }

    /// Takes twice as many steps on the batches to come, at most those of the climb.
    func takeMoreSteps() { stepHalvings = max(stepHalvings - 1, 0) }

    /// The gradients where the last climb ended; nil if none did.
    var gradients: [ParameterGradient]? { end?.point.gradients }

    func carried(_ velocity: [Tensor]) -> [Tensor] { end?.walk.carried(velocity) ?? velocity }

    /// Takes half of the last climb back; false, and nothing has changed, if its parts do not keep the loss.
    func halve() -> Bool { end?.walk.halve() ?? false }

    /// Sets the parameters back to where the last climb began, to the last bit.
    func restore() { end?.walk.restore() }

    /// Notes the gradient and the objective where the parameters are now, on the way of the last climb.
    ///
    /// - Returns: The gradients there.
    func look(again report: inout TeleportReport) -> [ParameterGradient] {
        guard let end else { return [] }
        let point = Point(end.walk.place(), in: end.point.landscape, before: context.optimizer, others: others)
        self.end = (point, end.walk)
        report.gradientNormSquaredAfter = point.squaredNorm
        report.objectiveAfter = climb.objective.value(at: point)
        report.gradientEvaluations = point.landscape.work.gradientEvaluations
        return point.gradients
    }
}
