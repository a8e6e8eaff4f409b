import Foundation
import NeuralNetworks
import Optimizers
import Torch

/// How an objective is climbed along a walk: the only loop of every teleport that is made of steps.
public struct Climb: Sendable {
    /// What is raised or lowered.
    public var objective: any Objective
    /// Whether it is raised or lowered.
    public var sense: Sense
    /// The most steps on each batch; t in NS25 Algorithm 1.
    public var steps: Int
    /// How far a step goes.
    public var stepSize: StepSize
    /// What becomes of a step that goes too far.
    public var search: Search
    /// Where the gradient has grown enough.
    public var cap: Cap
    /// How much the loss of a teleport batch may change, relative to the loss, before the parameters are set back;
    /// `.infinity` lets it drift.
    public var tolerance: Double

    /// Up or down.
    public enum Sense: String, CaseIterable, Sendable {
        /// The objective is raised.
        case increase
        /// The objective is lowered.
        case decrease
    }

    /// A climb; by default of the gradient norm, with a step size and a cap that have no unit to tune.
    public init(
        objective: any Objective = GradientNorm(), sense: Sense = .increase, steps: Int = 8,
        stepSize: StepSize = .growth(0.5), search: Search = .overshoot, cap: Cap = .predicted(0.1),
        tolerance: Double = 0.01
    ) {
        self.objective = objective
        self.sense = sense
        self.steps = steps
        self.stepSize = stepSize
        self.search = search
        self.cap = cap
        self.tolerance = tolerance
    }

    /// Checks that the climb can be made before an optimizer goes on.
    ///
    /// - Throws: `SettingRefusal` if a number is none to climb by; `ObjectiveRefusal` if the objective does not go with the
    ///   optimizer, the model or the walk.
    func check(_ model: some Layer, before optimizer: any Optimizer, onOrbit: Bool = false) throws {
        try SettingRefusal.check("teleport-steps", steps >= 0, "\(steps)", remedy: "give 0 steps or more")
        try SettingRefusal.check(tolerance: tolerance)
        try SettingRefusal.check(
            "step-size", stepSize.number >= 0 && stepSize.number.isFinite, "\(stepSize)",
            remedy: "give a number of at least 0")
        try SettingRefusal.check("cap", cap.number > 0, "\(cap)", remedy: "give a number above 0, or none")
        try objective.check(optimizer)
        try objective.check(model, onOrbit: onOrbit)
    }
}

/// A climb along one walk.
struct ClimbUnderWay {
    let climb: Climb
    let walk: any Walk
    let landscape: BatchLoss
    let others: BatchLoss?
    let context: TeleportContext
    /// How much the loss may change.
    let allowedDrift: Double

    /// Takes steps until their number or the cap is reached, or none leads on.
    ///
    /// - Returns: The point where the climb ends.
    func run(_ report: inout TeleportReport) throws(TeleportReport.Restoration) -> Point {
        // Under way, steps of one size need no norms.
        let constantEta =
            walk.scalesFixedSteps || climb.search == .armijo ? nil : climb.stepSize.constantEta(under: climb.cap)
        var point = self.point()
        var value = try self.value(at: point)
        // What the search has left of a step that goes by a share of the parameters.
        var part = 1.0
        report.gradientNormSquaredBefore = try point.squaredNorm.checkedFinite()
        report.objective = climb.objective.name
        report.objectiveBefore = value
        report.ending = .steps
        while report.steps < climb.steps {
            guard !context.isInterrupted() else {
                report.ending = .interrupted
                break
            }
            let limit = climb.cap.limit(
                at: point, start: report.gradientNormSquaredBefore, loss: report.lossBefore)
            guard limit > 1 else {
                report.ending = .cap
                break
            }
            guard let direction = try self.direction(at: point) else {
                report.ending = walk.hasRoom ? .stationary : .noRoom
                break
            }
            let eta: Double
            if let constantEta, report.steps > 0 {
                guard !direction.isZero else {
                    report.ending = .stationary
                    break
                }
                eta = constantEta
            } else {
                let slope = try direction.slope.checkedFinite()
                guard slope > 0 else {
                    report.ending = .stationary
                    break
                }
                eta = climb.stepSize.eta(
                    value: value, slope: slope, limit: climb.objective.growsWithGradientNorm ? limit : .infinity,
                    fixed: direction.eta(fixed:), reach: part * direction.reach(of: point.parameters))
            }
            let step = Step(
                direction: direction, eta: try representable(eta), limit: limit,
                start: constantEta == nil ? (value, point.place.loss) : nil)
            let halvings = report.halvings.backtracking
            guard let next = try take(step, &report) else {
                // A step that was taken back may leave rounding, or on an orbit a difference of second order.
                point = self.point()
                if step.start != nil { value = try self.value(at: point) }
                report.ending = .rejected
                break
            }
            (point, value) = next
            let halved = report.halvings.backtracking - halvings
            part = halved == 0 ? min(2 * part, 1) : part * pow(0.5, Double(halved))
            report.steps += 1
            context.stepTaken?(report.steps)
        }
        report.gradientNormSquaredAfter = try point.squaredNorm.checkedFinite()
        report.objectiveAfter = constantEta == nil ? value : try self.value(at: point)
        point.place.bringUpToDate()
        return point
    }

    /// A step to be taken.
    private struct Step {
        let direction: any Direction
        /// Its size along the direction; where an objective is to fall, what is taken is less than zero.
        let eta: Double
        /// The factor by which `||g||^2` may still grow.
        let limit: Double
        /// The objective and the loss where it begins; nil if nobody looks at where it leads.
        let start: (value: Double, loss: Double)?
    }

    /// The sign of what is to rise.
    private var sign: Double { climb.sense == .increase ? 1 : -1 }

    private func point() -> Point {
        Point(walk.place(), in: landscape, before: context.optimizer, others: others)
    }

    private func value(at point: Point) throws(TeleportReport.Restoration) -> Double {
        try climb.objective.value(at: point).checkedFinite()
    }

    private func direction(at point: Point) throws(TeleportReport.Restoration) -> (any Direction)? {
        let gradient = climb.objective.gradient(at: point)
        if gradient.hessianAlong != nil { landscape.work.count(.forwardAndBack) }
        return try attempt { () throws(TorchError) in try point.place.direction(of: gradient) }
    }

    /// Takes a step, or as much of it as the search accepts.
    ///
    /// - Returns: Where it leads, and the objective there if somebody looks; nil if nowhere, and what moved was taken back.
    private func take(
        _ step: Step, _ report: inout TeleportReport
    ) throws(TeleportReport.Restoration) -> (point: Point, value: Double)? {
        var value = Double.nan
        if climb.search == .armijo, let start = step.start { step.direction.beginSearch(from: sign * start.value) }
        for halving in 0...climb.search.halvings {
            if halving > 0 { report.halvings.backtracking += 1 }
            let part = pow(0.5, Double(halving))
            let taken = try attempt { () throws(TorchError) in
                try step.direction.take(sign * step.eta, part: part)
            }
            guard let taken else { return nil }
            report.halvings.range += taken
            let next = point()
            guard let start = step.start else { return (next, value) }
            value = climb.objective.value(at: next)
            if accepts(value, at: next, part: part, of: step, from: start) {
                return (next, try value.checkedFinite())
            }
        }
        _ = try attempt { () throws(TorchError) in try step.direction.take(sign * step.eta, part: 0) }
        if climb.search == .overshoot, !value.isFinite { throw .notFinite }
        return nil
    }

    private func accepts(
        _ value: Double, at point: Point, part: Double, of step: Step, from start: (value: Double, loss: Double)
    ) -> Bool {
        switch climb.search {
        case .none: return true
        case .overshoot:
            let growth = climb.stepSize.largestGrowth(
                limit: climb.objective.growsWithGradientNorm ? step.limit : .infinity)
            guard growth.isFinite else { return !value.isNaN }
            guard climb.sense == .increase else { return value <= start.value }
            return value <= (start.value > 0 ? growth * start.value : start.value - (growth - 1) * start.value)
        case .armijo:
            let loss = point.place.loss
            guard value.isFinite, loss.isFinite, abs(loss - walk.lossBefore) <= allowedDrift else { return false }
            let direction = step.direction
            let merit = direction.merit(of: sign * start.value, loss: start.loss)
            let slope = direction.meritSlope(sign * step.eta, from: sign * start.value)
            return direction.merit(of: sign * value, loss: loss) >= merit + 1e-4 * part * slope
        }
    }

    /// The size of a step, if the parameters' type has such numbers.
    private func representable(_ eta: Double) throws(TeleportReport.Restoration) -> Double {
        let isFloat = landscape.parameters.contains { $0.dtype == .float32 }
        guard eta.isFinite, !isFloat || Float(eta).isFinite else { throw .notFinite }
        return eta
    }

    private func attempt<Result>(
        _ body: () throws(TorchError) -> Result
    ) throws(TeleportReport.Restoration) -> Result {
        do throws(TorchError) { return try body() } catch { throw .failed(error.description) }
    }
}
