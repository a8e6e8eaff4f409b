@testable import Teleportation

/// Along the tangent of the level set of a batch's loss, and never back onto it.
final class TangentWalk: Walk {
    let landscape: BatchLoss
    let lossBefore: Double
    private let saved: SavedParameters

    init(on landscape: BatchLoss) {
        (self.landscape, lossBefore) = (landscape, landscape.value())
        saved = SavedParameters(landscape.parameters)
    }

    func place() -> any Place { TangentPlace(in: landscape) }

    func restore() { saved.restore() }
}

/// A teleporter that climbs along it.
struct TangentTeleporter: ClimbingTeleporter {
    var climb = Climb()

    func begin(_ model: some Layer, _ loss: some Loss, in context: TeleportContext) -> any Teleport {
        ClimbingTeleport(climb, in: context) { batch in
            BatchLoss(model, loss, on: batch)
        } makeWalk: { landscape in
            TangentWalk(on: landscape)
        }
    }
}
