import NeuralNetworks
import Torch

/// Where parameters can go while the loss of a batch stays: a way on the level set, from where it began.
protocol Walk: AnyObject {
    /// The loss of the batch where the walk began.
    var lossBefore: Double { get }

    /// The place where the parameters are now.
    func place() -> any Place

    /// Sets the parameters back to where the walk began, to the last bit.
    func restore()

    /// Takes half of the whole way back, where a part of a way keeps the loss as all of it does.
    ///
    /// - Returns: Whether that is so; if not, nothing has changed.
    func halve() -> Bool

    /// The derivative of the whole way, applied to a velocity; see `Teleport.carried(_:)`.
    func carried(_ velocity: [Tensor]) -> [Tensor]

    /// The dimension of the null space of each affine map that can move, by its name; empty if the walk asks for none.
    var freeDimensions: [String: Int] { get }

    /// Whether anything is free to move.
    var hasRoom: Bool { get }

    /// Whether the size of a step that is fixed depends on the place all the same.
    var scalesFixedSteps: Bool { get }
}

extension Walk {
    /// No null spaces.
    var freeDimensions: [String: Int] { [:] }

    /// Something is.
    var hasRoom: Bool { true }

    /// The velocity itself, as after an addition.
    func carried(_ velocity: [Tensor]) -> [Tensor] { velocity }

    /// Parts of a way are not on the level set.
    func halve() -> Bool { false }

    /// A fixed step is the same everywhere.
    var scalesFixedSteps: Bool { false }
}

/// A place on a walk. Its gradients and directions are those of the parameters as they are when it is made.
protocol Place: AnyObject {
    /// The loss of the batch, which the walk holds as well as it can.
    var loss: Double { get }

    /// g, the gradient with respect to each parameter of the model.
    var gradients: [ParameterGradient] { get }

    /// The direction in which an objective rises the fastest of those that keep the loss, from this place.
    ///
    /// - Parameter gradient: The gradient of the objective here.
    /// - Returns: nil if there is none: nothing is free to move, or the objective is stationary.
    /// - Throws: `TorchError` if a decomposition fails.
    func direction(of gradient: ObjectiveGradient) throws(TorchError) -> (any Direction)?

    /// Brings the parameters up to date: moves may leave changes pending that no derivative needs.
    func bringUpToDate()
}

extension Place {
    /// Nothing is pending.
    func bringUpToDate() {}
}

/// A direction from a place, along which the loss stays.
protocol Direction: AnyObject {
    /// The derivative of the objective with respect to eta: zero or more.
    var slope: Double { get }

    /// Whether all elements of the direction are zero; asked where the slope is not.
    var isZero: Bool { get }

    /// Eta for a step size that is fixed.
    func eta(fixed size: Double) -> Double

    /// Eta of a step that is as long as parameters are; of a group element, one whose distance from the identity is 1.
    func reach(of parameters: [Tensor]) -> Double

    /// Moves the parameters by a part of a step of size eta from the place; what it has moved them by before is replaced. The
    /// part zero takes the step back.
    ///
    /// - Returns: How often parts of the move were halved, to keep hidden units in the range of their activation; nil if
    ///   that did not help, and nothing moved.
    /// - Throws: `TorchError` if a decomposition fails.
    func take(_ eta: Double, part: Double) throws(TorchError) -> Int?

    /// Prepares for a line search from the value that is to rise.
    func beginSearch(from value: Double)

    /// What a line search wants to rise, for the value that is to rise and the loss of a place.
    func merit(of value: Double, loss: Double) -> Double

    /// The derivative of the merit with respect to the part of a step of size eta.
    ///
    /// - Parameters:
    ///   - eta: The size of the step, less than zero where the objective is to fall.
    ///   - value: The value that is to rise, at the place.
    func meritSlope(_ eta: Double, from value: Double) -> Double
}

extension Direction {
    /// The same everywhere.
    func eta(fixed size: Double) -> Double { size }

    /// The slope along a direction that is a projection is its squared norm.
    func reach(of parameters: [Tensor]) -> Double {
        (parameters.map { $0.squaredNorm() }.total() / slope).squareRoot()
    }

    /// Nothing is to be prepared.
    func beginSearch(from value: Double) {}

    /// The value itself: the loss stays.
    func merit(of value: Double, loss: Double) -> Double { value }

    /// That of the value.
    func meritSlope(_ eta: Double, from value: Double) -> Double { eta.magnitude * slope }
}

extension ParameterGradient {
    /// Whether a direction is zero. The second factor of one that is a product is not, so that the first one tells.
    var isZero: Bool {
        switch self {
        case .tensor(let direction): direction.squaredNorm().item() == 0
        case .product(let delta, _): delta.squaredNorm().item() == 0
        }
    }
}
