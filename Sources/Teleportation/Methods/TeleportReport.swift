import Foundation
import TextForms

/// What a teleport did on one batch.
public struct TeleportReport: Hashable, Sendable {
    /// The number of steps taken; where they are fewer than asked for, `ending` says why.
    public var steps = 0
    /// How often moves, or parts of them, were halved, and for what.
    public var halvings = Halvings()
    /// The loss of the batch before the first step.
    public var lossBefore: Double
    /// The loss of the batch after the last step, computed anew from the moved parameters, also where these were then set
    /// back because it drifted; the loss before where the move was given up earlier.
    public var lossAfter: Double
    /// The squared norm of the loss's gradient with respect to all parameters before the first step.
    public var gradientNormSquaredBefore: Double
    /// The same after the last step.
    public var gradientNormSquaredAfter: Double
    /// The name of the objective that the teleport climbs, as `lookahead` or the name of a type of your own; nil if it climbs none.
    public var objective: String?
    /// The objective before the first step; nil if the teleport climbs none.
    public var objectiveBefore: Double?
    /// The objective after the last step; nil if the teleport climbs none, or was given up before its end.
    public var objectiveAfter: Double?
    /// The dimension of the null space of each affine map's input, of those that can move, by the map's name; empty if the
    /// teleporter asks for no null space.
    public var freeDimensions: [String: Int] = [:]
    /// Why the climb ended; nil if there was none, or it was given up on the way.
    public var ending: Ending?
    /// Why the parameters were set back to where they were; nil if they moved.
    public var restored: Restoration?
    /// Whether the teleport ends with this batch though there may be others: control samples have left nothing of the last moves.
    public var endsTeleport = false
    /// The passes through the model, as evaluations of the gradient of the batch: forward a third, back two thirds, a
    /// Hessian-vector product one. Looks at control samples are counted by their number.
    public var gradientEvaluations = 0.0
    /// The time taken, in seconds.
    public var seconds = 0.0

    /// Why a climb took no further step.
    public enum Ending: String, CaseIterable, Sendable, CustomStringConvertible {
        /// All steps were taken.
        case steps
        /// All steps were taken that control samples had left after batches before; see `ControlledTeleporter`.
        case fewerSteps = "fewer-steps"
        /// The cap was reached.
        case cap
        /// Nothing is free to move: the inputs of no layer leave a null space.
        case noRoom = "no-room"
        /// Nothing that is free to move changes the objective.
        case stationary
        /// However short, no step was accepted.
        case rejected
        /// The optimizer gets on by itself; see `TeleportPlan.largestOwnProgress`.
        case ownProgress = "own-progress"
        /// Somebody asked to stop; see `TeleportContext.isInterrupted`.
        case interrupted

        /// A clause for people, which says what would let the climb go on.
        public var description: String {
            switch self {
            case .steps: "all steps were taken"
            case .fewerSteps: "fewer steps were tried, since control samples took the moves before back"
            case .cap: "the cap was reached; a higher one, or none, leads on"
            case .noRoom:
                "nothing is free to move, for the inputs of all layers fill their spaces; smaller teleport batches, or a tau "
                    + "below 1, make room"
            case .stationary: "what is free to move does not change the objective"
            case .rejected: "no step was accepted, however short"
            case .ownProgress:
                "the optimizer gets on by itself: its next three steps take a larger share of the loss than the plan's own progress allows; 1 "
                    + "always teleports"
            case .interrupted: "the teleport was interrupted"
            }
        }
    }

    /// How often moves were halved.
    public struct Halvings: Hashable, Sendable {
        /// Steps that went too far, or that a line search did not accept.
        public var backtracking = 0
        /// Group elements that led out of the range of an activation.
        public var range = 0
        /// Whole moves, for the sake of control samples.
        public var control = 0

        /// All of them.
        public var total: Int { backtracking + range + control }

        /// So many.
        package init(backtracking: Int = 0, range: Int = 0, control: Int = 0) {
            self.backtracking = backtracking
            self.range = range
            self.control = control
        }
    }

    /// The report of a teleport that has not begun.
    package init(lossBefore: Double) {
        self.lossBefore = lossBefore
        lossAfter = lossBefore
        gradientNormSquaredBefore = .nan
        gradientNormSquaredAfter = .nan
    }

    /// Why parameters were set back.
    public enum Restoration: Error, Hashable, CustomStringConvertible {
        /// A loss, a gradient or a step was infinite or not a number.
        case notFinite
        /// A decomposition failed, for the reason given.
        case failed(String)
        /// The loss changed by more than the tolerance, both relative to the loss before.
        case drifted(relativeDrift: Double, tolerance: Double)
        /// However short the move, down to an eighth of a whole one, the optimizer's next step would have left the loss of the control
        /// samples clearly higher than it was before the teleport.
        case costly(before: Double, after: Double)
        /// Training that went on from where the teleports led came to a higher loss than training without them.
        case lostTrial(steps: Int, with: Double, without: Double)
        /// One of the above, as a file tells it.
        case recorded(String)

        /// A sentence for people.
        public var description: String {
            switch self {
            case .notFinite: "a loss, gradient or step was not finite"
            case .failed(let reason): "a matrix could not be decomposed: \(reason)"
            case .drifted(let drift, let tolerance):
                "the loss of the teleport batch drifted by \(drift) relative, more than the tolerance \(tolerance)"
            case .costly(let before, let after):
                "the optimizer's next step would leave the loss of other samples at \(after), above the \(before) from "
                    + "before the teleport"
            case .lostTrial(let steps, let with, let without):
                "training on trial, \(steps.counted("step")) long, came to a loss of \(with) with the teleports and \(without) without"
            case .recorded(let sentence): sentence
            }
        }
    }

    /// Whether the parameters are elsewhere than before.
    public var hasMoved: Bool { steps > 0 && restored == nil }

    /// The change of the loss, relative to the loss before; zero where it did not change, also from zero.
    public var relativeDrift: Double {
        lossAfter == lossBefore ? 0 : abs(lossAfter - lossBefore) / abs(lossBefore)
    }
}

extension TeleportReport: CustomStringConvertible {
    /// One line: the steps, what became of loss and gradient, and why it ended or was taken back.
    public var description: String {
        var text = steps.counted("step")
        if hasMoved {
            text += ", squared gradient norm \(gradientNormSquaredBefore.brief) to \(gradientNormSquaredAfter.brief)"
            if let objectiveBefore, let objectiveAfter {
                text += ", \(objective ?? "objective") \(objectiveBefore.brief) to \(objectiveAfter.brief)"
            }
            text += ", loss \(lossBefore.brief) to \(lossAfter.brief)"
        }
        if let restored {
            return text + ", taken back: \(restored)"
                + (endsTeleport ? ", as the batches before; the teleport ends" : "")
        }
        if let ending, ending != .steps { text += "; \(ending)" }
        return text
    }
}

extension Double {
    /// Four digits, for people.
    fileprivate var brief: String { String(format: "%.4g", self) }
}
