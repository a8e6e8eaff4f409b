import Foundation
import Torch

/// How much longer a teleport must make the gradient for it to be the longer one also T steps of gradient descent later;
/// ST22 Prop. 5.4.
///
/// The condition is sufficient: it supposes the worst that the Lipschitz constant allows on both paths, that one gradient
/// grows by the factor `1 + eta L` at each step while the other shrinks by `1 - eta L`.
public struct SubsequentStepsCondition: Hashable, Sendable {
    /// eta.
    public let learningRate: Double
    /// L, with which the norm of the gradient is Lipschitz continuous (ST22 Assumption 5.3).
    public let lipschitzConstant: Double

    /// The condition for a learning rate and a Lipschitz constant, neither of them negative, with `eta L < 1`.
    public init(learningRate: Double, lipschitzConstant: Double) {
        require(
            learningRate >= 0 && lipschitzConstant >= 0 && learningRate * lipschitzConstant < 1,
            "learning rate \(learningRate) times Lipschitz constant \(lipschitzConstant) must lie in [0, 1)")
        self.learningRate = learningRate
        self.lipschitzConstant = lipschitzConstant
    }

    /// The least ratio of the gradient norms after and before the teleport: `((1 + eta L) / (1 - eta L))^T`; ST22 eq. 13.
    public func leastRatio(steps: Int) -> Double {
        let change = learningRate * lipschitzConstant
        return pow((1 + change) / (1 - change), Double(steps))
    }

    /// Whether the gradient is sure to be no shorter after the given number of steps than it would be without the
    /// teleport.
    ///
    /// - Parameters:
    ///   - gradientNorm: `||grad L||` before the teleport.
    ///   - teleportedGradientNorm: `||grad L||` after it.
    ///   - steps: T.
    public func isMet(gradientNorm: Double, teleportedGradientNorm: Double, steps: Int) -> Bool {
        teleportedGradientNorm >= leastRatio(steps: steps) * gradientNorm
    }
}
