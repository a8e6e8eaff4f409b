import NeuralNetworks
import Torch

/// `phi(w, T, D)`, the mean of the loss `L(w + t d)` over displacements t of T and random unit directions d of D; PS24 eq. 4.
///
/// It is high where the loss is sharp, that is, where it grows steeply all around. A teleport holds `L(w)`, so that what it
/// changes in phi is how much the loss grows. It is lowered, with `Climb.sharpness(_:)`, or raised.
///
/// ```swift
/// let phi = Sharpness().value(of: BatchLoss(model, CrossEntropy(), on: batch))
/// let teleporter = NullSpaceTeleporter(.sharpness())
/// ```
///
/// The directions are drawn anew for each teleport, and are the same for all that it compares. One value costs `|T| |D|`
/// forward passes, and one gradient as many evaluations of the gradient: reports count them.
public struct Sharpness: Objective, Hashable {
    /// T, how far from w the loss is looked at. The length of a direction is that over all parameters: the more there are, the
    /// less each moves, and the larger displacements must be for the loss to change by more than rounding.
    public let displacements: [Double]
    /// `|D|`, the number of random directions.
    public let directions: Int
    /// What the directions follow from, where a teleport has no generator to draw them from.
    public let seed: UInt64

    /// The sharpness over displacements and a number of random directions.
    ///
    /// The published correlations take the displacements 0.001, 0.011, ..., 0.191 and 200 directions, 4,000 evaluations for
    /// one value (PS24 appendix E.3). By default there are two displacements, one forwards and one backwards, in which the slope
    /// of the loss cancels, and few directions, for the sake of time. A climb sees its own directions alone, and part of what it
    /// gains is theirs: on two small perceptrons the sharpness over other directions fell by 10 to 98 % of what the climb saw with
    /// 8 directions, 33 to 98 % with 32 or 64, and 86 to 100 % with 128 or 256.
    ///
    /// - Parameters:
    ///   - displacements: T, one or more finite numbers.
    ///   - directions: `|D|`, at least 1.
    ///   - seed: What the directions follow from.
    public init(displacements: [Double] = [1, -1], directions: Int = 8, seed: UInt64 = 0) {
        require(
            !displacements.isEmpty && displacements.allSatisfy(\.isFinite) && directions > 0,
            "Sharpness: displacements \(displacements), \(directions) directions")
        self.displacements = displacements
        self.directions = directions
        self.seed = seed
    }

    /// phi of a model on a batch, at its parameters as they are. These are set back to the last bit.
    public func value(of landscape: BatchLoss) -> Double {
        value(of: landscape, along: unitDirections(of: landscape))
    }

    /// The gradient of phi with respect to each of the parameters: the mean of the gradients at the displaced weights.
    public func gradient(of landscape: BatchLoss) -> [Tensor] {
        let parameters = landscape.parameters
        let sums = parameters.map { Tensor.zeros(like: $0) }
        let share = 1 / Double(displacements.count * directions)
        for direction in unitDirections(of: landscape).lazy.map({ $0.map(ParameterGradient.tensor) }) {
            for displacement in displacements {
                let gradients = landscape.at(landscape.displaced(by: direction, scale: displacement)) {
                    landscape.linearized().gradients(of: parameters)
                }
                for (sum, gradient) in zip(sums, gradients) { gradient.add(to: sum, scale: share) }
            }
        }
        return sums
    }

    /// phi along given directions.
    func value(of landscape: BatchLoss, along directions: some Sequence<[Tensor]>) -> Double {
        var (sum, count) = (0.0, 0.0)
        for direction in directions.lazy.map({ $0.map(ParameterGradient.tensor) }) {
            for displacement in displacements {
                sum += landscape.at(landscape.displaced(by: direction, scale: displacement), landscape.value)
                count += 1
            }
        }
        return sum / count
    }

    private func unitDirections(of landscape: BatchLoss) -> UnitDirections {
        UnitDirections(parameters: landscape.parameters, count: directions, seed: seed)
    }

    // MARK: Objective

    /// `sharpness`.
    public var name: String { "sharpness" }

    /// phi at a point.
    public func value(at point: Point) -> Double { value(of: point.currentLandscape) }

    /// The gradient of phi at a point.
    public func gradient(at point: Point) -> ObjectiveGradient {
        ObjectiveGradient(explicit: gradient(of: point.currentLandscape).map { .tensor($0) })
    }

    /// Directions of its own for each teleport.
    public func prepared(in context: TeleportContext) -> Sharpness {
        Sharpness(displacements: displacements, directions: directions, seed: context.drawSeed() ?? seed)
    }
}

extension Climb {
    /// A climb down from sharpness, or up to it: PS24's ten steps, each by a share of the weights' norm and halved until the
    /// sharpness falls; no cap is needed.
    public static func sharpness(_ objective: Sharpness = Sharpness(), sense: Sense = .decrease) -> Climb {
        Climb(
            objective: objective, sense: sense, steps: 10, stepSize: .share(0.05), search: .armijo, cap: .none)
    }
}
