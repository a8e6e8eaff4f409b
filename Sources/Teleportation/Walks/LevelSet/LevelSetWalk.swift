import Foundation
import NeuralNetworks
import Torch

/// The level set of the loss of a batch, as far as successive linear steps follow it (LS24).
final class LevelSetWalk: Walk {
    let landscape: BatchLoss
    fileprivate let scaled: (Double, LevelSetStep) -> Double
    let lossBefore: Double
    /// The greatest penalty so far for a loss that is off the level set.
    var penalty = 0.0
    private let saved: SavedParameters
    /// The place where the walk begins, until somebody asks for it.
    private var start: LevelSetPlace?

    /// The walk on a batch.
    ///
    /// - Parameters:
    ///   - landscape: The loss of the batch.
    ///   - scaled: Eta of a step, for a step size that is fixed.
    init(on landscape: BatchLoss, scaled: @escaping (Double, LevelSetStep) -> Double) {
        self.landscape = landscape
        self.scaled = scaled
        saved = SavedParameters(landscape.parameters)
        let differentiated = landscape.twiceDifferentiable()
        lossBefore = differentiated.value.item()
        start = LevelSetPlace(differentiated, on: self)
    }

    func place() -> any Place {
        defer { start = nil }
        return start ?? LevelSetPlace(landscape.twiceDifferentiable(), on: self)
    }

    func restore() { saved.restore() }

    /// What a fixed size multiplies, and the way back, have norms in them.
    var scalesFixedSteps: Bool { true }
}

/// A place near the level set.
final class LevelSetPlace: DifferentiatedPlace {
    private let walk: LevelSetWalk
    let differentiated: TwiceDifferentiableLoss

    init(_ differentiated: TwiceDifferentiableLoss, on walk: LevelSetWalk) {
        self.walk = walk
        self.differentiated = differentiated
    }

    func direction(of gradient: ObjectiveGradient) -> (any Direction)? {
        let parameters = walk.landscape.parameters
        guard let sum = differentiated.formed(gradient, for: parameters) else { return nil }
        let squaredNorm = differentiated.gradients.map { $0.squaredNorm() }.total()
        guard squaredNorm > 0 else { return nil }
        let step = LevelSetStep(
            gradients: differentiated.gradients, squaredNorm: squaredNorm, objectiveGradients: sum,
            drift: loss - walk.lossBefore)
        // What is not finite is for the climb to see.
        return step.squaredTangent.isFinite && step.isStationary ? nil : LevelSetDirection(step, on: walk)
    }
}

/// A direction along the level set, and back onto it.
final class LevelSetDirection: Direction {
    private let walk: LevelSetWalk
    private let step: LevelSetStep
    private var start: SavedParameters?

    init(_ step: LevelSetStep, on walk: LevelSetWalk) {
        self.step = step
        self.walk = walk
    }

    var slope: Double { step.squaredTangent }

    var isZero: Bool { slope == 0 }

    func eta(fixed size: Double) -> Double { walk.scaled(size, step) }

    func take(_ eta: Double, part: Double) -> Int? {
        let parameters = walk.landscape.parameters
        if let start { start.restore() } else { start = SavedParameters(parameters) }
        if part > 0 { step.add(to: parameters, eta: eta, part: part) }
        return 0
    }

    /// `1/2 log 2 |J|`, with the sign of what is to rise, less the penalty for the drift: for the gradient norm LS24's
    /// `1/2 log ||g||^2 - gamma |L - L0|`.
    func merit(of value: Double, loss: Double) -> Double {
        let rising = 0.5 * log(2 * value.magnitude)
        return (value < 0 ? -rising : rising) - walk.penalty * abs(loss - walk.lossBefore)
    }

    func meritSlope(_ eta: Double, from value: Double) -> Double {
        // Where the objective is to fall, the gradient of what is to rise is that of the objective turned round.
        step.slope(eta: eta, penalty: walk.penalty, scale: (eta < 0 ? -2 : 2) * value.magnitude)
    }

    /// Any penalty above the multiplier makes the step one that leads up, from wherever the loss has drifted to.
    func beginSearch(from value: Double) {
        walk.penalty = max(walk.penalty, 2 * abs(step.multiplier(scale: 2 * value.magnitude)))
    }
}
