import Torch

/// The wish to stop, of which all processes of a group are to hear at the same step.
///
/// They ask it equally often. What one has heard, all know a few questions later: the processes exchange it now and then, since that
/// costs what a message does.
package final class SharedCancellation {
    private let group: ProcessGroup
    private let isRequested: () -> Bool
    private var questions = 0
    private var isAgreed = false

    /// The questions between two exchanges.
    private static let period = 16

    /// The wish to stop of this process and all others.
    ///
    /// - Parameters:
    ///   - group: The processes.
    ///   - isRequested: Whether this process is to stop.
    package init(in group: ProcessGroup, _ isRequested: @escaping () -> Bool) {
        self.group = group
        self.isRequested = isRequested
    }

    /// Whether all are to stop now.
    package func callAsFunction() -> Bool {
        questions += 1
        if !isAgreed, questions.isMultiple(of: Self.period) { isAgreed = group.any(isRequested()) }
        return isAgreed
    }
}
