import NeuralNetworks
import Optimizers

/// Teleporters one after the other on each batch: each goes on from where the one before has led.
///
/// ```swift
/// let teleporter = TeleporterSequence(NullSpaceTeleporter(), GaugeTeleporter())
/// ```
public struct TeleporterSequence: Teleporter {
    /// The teleporters, first to last.
    public var teleporters: [any Teleporter]

    /// A sequence of teleporters.
    public init(_ teleporters: any Teleporter...) { self.init(teleporters) }

    /// A sequence of teleporters.
    public init(_ teleporters: [any Teleporter]) { self.teleporters = teleporters }

    /// Whether all moves are divisible; each of them is shortened by itself.
    public var hasDivisibleMoves: Bool { teleporters.allSatisfy(\.hasDivisibleMoves) }

    /// Whether all do.
    public var movesOnShards: Bool { teleporters.allSatisfy(\.movesOnShards) }

    /// Checks that each of the teleporters can move the model.
    public func check(_ model: some Layer, before optimizer: any Optimizer) throws {
        for teleporter in teleporters { try teleporter.check(model, before: optimizer) }
    }

    /// Begins a teleport of each; see `Teleporter`. Traps on an empty sequence.
    public func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        require(!teleporters.isEmpty, "TeleporterSequence: no teleporter to begin with")
        return TeleportSequence(teleports: teleporters.map { $0.begin(model, loss, in: context) })
    }
}

extension TeleporterSequence: CustomStringConvertible {
    /// The texts of the teleporters, as `null-space+gauge`.
    public var description: String { teleporters.map { "\($0)" }.joined(separator: "+") }
}

/// Teleports under way, one after the other on each batch.
private struct TeleportSequence: Teleport {
    let teleports: [any Teleport]

    func move(on batch: Batch) -> TeleportReport {
        let first = teleports[0].move(on: batch)
        return teleports.dropFirst().reduce(first) { $0.followed(by: $1.move(on: batch)) }
    }
}

extension TeleportReport {
    /// The report of this move and the next one as of one move. What was taken back has no part in it but its cost. The objective's
    /// values are those before the first and after the last: of one objective, where both climb the same.
    fileprivate func followed(by next: TeleportReport) -> TeleportReport {
        let parts = [self, next]
        let moved = parts.filter(\.hasMoved)
        var both = moved.last ?? next
        both.steps = (moved.isEmpty ? parts : moved).map(\.steps).reduce(0, +)
        both.lossBefore = lossBefore
        both.gradientNormSquaredBefore = gradientNormSquaredBefore
        both.objectiveBefore = objectiveBefore
        both.freeDimensions = freeDimensions.merging(next.freeDimensions) { first, _ in first }
        both.restored = moved.isEmpty ? next.restored ?? restored : nil
        both.halvings = Halvings(
            backtracking: parts.map(\.halvings.backtracking).reduce(0, +),
            range: parts.map(\.halvings.range).reduce(0, +), control: parts.map(\.halvings.control).reduce(0, +))
        both.endsTeleport = parts.allSatisfy(\.endsTeleport)
        both.gradientEvaluations = gradientEvaluations + next.gradientEvaluations
        both.seconds = seconds + next.seconds
        return both
    }
}
