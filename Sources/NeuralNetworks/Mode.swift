/// What passes through a model are for; layers that behave differently while training look at `Mode.current`.
///
/// As in PyTorch, a model trains unless told otherwise:
///
/// ```swift
/// let outputs = withMode(.evaluation) { model(batch.inputs) }
/// ```
public enum Mode: Sendable {
    /// Dropout drops; batch normalization uses the statistics of the batch and follows them with its running ones.
    case training
    /// The loss that training lowers, as a function of nothing but parameters and batch: nothing is dropped, batch
    /// normalization uses the statistics of the batch, and the running ones stay as they are.
    case teleportation
    /// Nothing is dropped; batch normalization uses its running statistics.
    case evaluation

    /// The mode of this task.
    @TaskLocal public static var current = Mode.training
}

/// Does a piece of work with `Mode.current` set.
public func withMode<Result>(_ mode: Mode, _ body: () throws -> Result) rethrows -> Result {
    try Mode.$current.withValue(mode, operation: body)
}
