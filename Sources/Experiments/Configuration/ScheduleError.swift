import Teleportation
import TextForms

/// A schedule that does not go with a training.
package enum ScheduleError: Error, Hashable, CustomStringConvertible {
    /// There are moments for teleports, and the training is over before the first of them.
    case neverDue(TeleportSchedule, epochs: Int, stepsPerEpoch: Int)

    /// Which schedule does not go with which training, and what to do.
    package var description: String {
        switch self {
        case .neverDue(let schedule, let epochs, let stepsPerEpoch):
            let waits = schedule.warmUpSteps > 0
            return
                "schedule \(schedule.moments)\(waits ? " after \(schedule.warmUpSteps) warm-up steps" : ""): no teleport "
                + "takes place in a training of \(epochs.counted("epoch")) and \((epochs * stepsPerEpoch).counted("step")), "
                + "which are counted from 0; give earlier moments, \(waits ? "fewer warm-up steps, " : "")more epochs, or "
                + "schedule none"
        }
    }
}

extension TeleportSchedule {
    /// Checks that there is a teleport in a training, unless none is asked for.
    ///
    /// - Throws: `ScheduleError.neverDue` if all moments are past its end.
    package func check(epochs: Int, stepsPerEpoch: Int) throws(ScheduleError) {
        guard moments.text != Moments.epochs([]).text else { return }
        let steps = max(warmUpSteps, 0)..<max(epochs * stepsPerEpoch, warmUpSteps, 0)
        let isDueOnce =
            switch moments {
            case .auto, .epochs:
                (self.epochs(stepsPerEpoch: stepsPerEpoch) ?? []).contains {
                    $0 < epochs && warmUpSteps < ($0 + 1) * stepsPerEpoch
                }
            case .steps(let numbers): numbers.contains(where: steps.contains)
            case .every(let period): steps.contains((warmUpSteps + period - 1) / period * period)
            }
        if isDueOnce { return }
        throw .neverDue(self, epochs: epochs, stepsPerEpoch: stepsPerEpoch)
    }
}
