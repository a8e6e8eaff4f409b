import Teleportation

/// Half the squared norm of all parameters, `J = 1/2 ||w||^2`, with the gradient w: to be lowered.
struct WeightNorm: Objective {
    var name: String { "weight-norm" }

    func value(at point: Point) -> Double { 0.5 * point.parameters.map { $0.squaredNorm() }.total() }

    func gradient(at point: Point) -> ObjectiveGradient {
        // The parameters move in place, and the gradient stays.
        ObjectiveGradient(explicit: point.parameters.map { .tensor($0.clone()) })
    }
}
