/// A teleporter that climbs an objective along a walk of its own.
public protocol ClimbingTeleporter: Teleporter {
    /// What is climbed, and how.
    var climb: Climb { get set }
}
