import NeuralNetworks
import Optimizers
import Torch

/// A way to move a model's parameters within the level set of its loss: a method with its hyperparameters, as a value.
///
/// ```swift
/// let teleporter = NullSpaceTeleporter()
/// let reports = teleporter.teleport(model, CrossEntropy(), on: batches, before: optimizer)
/// ```
///
/// Most teleporters climb an objective, as their `climb` says; one that does not, as a random one, begins a teleport of its own.
public protocol Teleporter {
    /// Whether half of a move keeps the loss as the whole of it does, so that a guard may shorten it instead of undoing it.
    var hasDivisibleMoves: Bool { get }

    /// Whether moves act on the parameters by more than an addition, so that a velocity points elsewhere after them; see
    /// `Teleport.carried(_:)`.
    var carriesVelocities: Bool { get }

    /// Whether it moves on a batch whose samples are spread over processes (`Batch.shard`). If not, each process is given all samples of
    /// a batch, and all do the same.
    var movesOnShards: Bool { get }

    /// Checks that the method can move a model before an optimizer goes on.
    ///
    /// - Throws: A refusal, which says what does not fit and what to use instead.
    func check(_ model: some Layer, before optimizer: any Optimizer) throws

    /// Begins a teleport: what all its batches share is computed here.
    ///
    /// - Parameters:
    ///   - model: The model whose parameters move, in place; one that `check` accepts.
    ///   - loss: The loss whose level set they stay in.
    ///   - context: What there is only when a training runs.
    func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport
}

/// A teleport under way.
public protocol Teleport {
    /// Moves the parameters on one batch: a transaction.
    ///
    /// The parameters are set back, to the last bit, where a number stopped being finite or the loss of the batch drifted beyond
    /// the tolerance, and the report says so.
    func move(on batch: Batch) -> TeleportReport

    /// The derivative of the last move, applied to a velocity of the parameters from before it: where the same motion points after it.
    ///
    /// - Parameter velocity: A vector for each parameter of the model, in their order and of their shapes.
    /// - Returns: Likewise, after the move; the velocity itself where the move only added to the parameters.
    func carried(_ velocity: [Tensor]) -> [Tensor]
}

extension Teleport {
    /// The velocity itself.
    public func carried(_ velocity: [Tensor]) -> [Tensor] { velocity }
}

/// What a teleport knows of the training around it.
public struct TeleportContext {
    /// The optimizer that goes on from where the teleport leads; its state is read and not changed.
    public var optimizer: any Optimizer
    /// All training samples, for teleports that hold the loss of all of them; nil where they are not at hand.
    public var samples: (any Sequence<Batch>)?
    /// What random teleports are drawn from; nil where none are made.
    public var generator: Generator?
    /// Draws so many training samples that have no part in the teleport, for objectives that look at others than those of its batches
    /// (`Objective.looksAtOtherSamples`); nil where none are at hand.
    public var drawOthers: ((Int) -> Batch)?
    /// Called after each step of a climb with the number of steps on the batch so far, while the parameters are where it led.
    public var stepTaken: ((Int) -> Void)?
    /// Asked before each step of a climb, and before each batch; once true, the teleport ends with what it has done.
    public var isInterrupted: () -> Bool = { false }

    /// The context of a teleport before an optimizer goes on.
    public init(
        before optimizer: any Optimizer, samples: (any Sequence<Batch>)? = nil, generator: Generator? = nil,
        stepTaken: ((Int) -> Void)? = nil, drawOthers: ((Int) -> Batch)? = nil
    ) {
        self.optimizer = optimizer
        self.samples = samples
        self.generator = generator
        self.drawOthers = drawOthers
        self.stepTaken = stepTaken
    }
}

extension TeleportContext {
    /// A seed for what one teleport draws; nil where the context has nothing to draw it from.
    func drawSeed() -> UInt64? {
        generator.map { generator in
            Tensor.integers([1], in: 0..<Int(Int32.max), using: generator).elements(as: Int64.self).reduce(0) {
                $0 + UInt64($1)
            }
        }
    }
}

extension Teleporter {
    /// Moves are all or nothing.
    public var hasDivisibleMoves: Bool { false }

    /// Moves are additions.
    public var carriesVelocities: Bool { false }

    /// It asks for all samples.
    public var movesOnShards: Bool { false }

    /// Any model can be moved.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {}

    /// Moves the parameters on one batch after the other.
    ///
    /// - Parameters:
    ///   - model: The model whose parameters move, in place. Traps if `check(_:before:)` throws.
    ///   - loss: The loss whose level set they stay in.
    ///   - batches: The samples on which the loss is held.
    ///   - optimizer: The optimizer that goes on from there; its state is read by `Cap.predicted` and not changed.
    /// - Returns: One report for each batch.
    public func teleport(
        _ model: some Layer, _ loss: some Loss, on batches: some Sequence<Batch>, before optimizer: any Optimizer
    ) -> [TeleportReport] {
        teleport(model, loss, on: batches, in: TeleportContext(before: optimizer))
    }

    /// Moves the parameters on one batch after the other, with all that the context gives.
    ///
    /// The loss that is held is that of `Mode.teleportation`.
    ///
    /// - Returns: One report for each batch, up to one with which the teleport ends.
    public func teleport(
        _ model: some Layer, _ loss: some Loss, on batches: some Sequence<Batch>, in context: TeleportContext
    ) -> [TeleportReport] {
        do { try check(model, before: context.optimizer) } catch { fatalError("\(error)") }
        return withoutGradients {
            withMode(.teleportation) {
                let teleport = begin(model, loss, in: context)
                var reports: [TeleportReport] = []
                for batch in batches {
                    if context.isInterrupted() { break }
                    let report = teleport.move(on: batch)
                    reports.append(report)
                    if report.endsTeleport { break }
                }
                return reports
            }
        }
    }
}
