@testable import Teleportation

/// A place of a `TangentWalk`, which knows the loss, its gradient and the direction that leads on.
final class TangentPlace: DifferentiatedPlace {
    let parameters: [Tensor]
    let differentiated: TwiceDifferentiableLoss

    init(in landscape: BatchLoss) {
        (parameters, differentiated) = (landscape.parameters, landscape.twiceDifferentiable())
    }

    func direction(of gradient: ObjectiveGradient) -> (any Direction)? {
        differentiated.formed(gradient, for: parameters).map {
            TangentDirection(of: $0, beside: differentiated.gradients, moving: parameters)
        }
    }
}
