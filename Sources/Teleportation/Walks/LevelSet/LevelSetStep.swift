import NeuralNetworks
import Torch

/// One successive linear step (LS24): up along the gradient of an objective, and back onto the linearized level set.
///
/// With G the gradient of the objective, `H g` for the gradient norm, and `u = G - (g^T G / ||g||^2) g`, the part of G along the
/// level set, the step is `d = eta u - ((L - L0) / ||g||^2) g`; the formula of `LevelSetTeleporter` has
/// `eta = rho / ||g||^2`.
struct LevelSetStep {
    /// g, for each parameter.
    let gradients: [Tensor]
    /// u, for each parameter.
    let tangents: [Tensor]
    /// `||g||^2`.
    let squaredNorm: Double
    /// `||u||^2`.
    let squaredTangent: Double
    /// `g^T G`.
    let curvature: Double
    /// `L - L0`.
    let drift: Double

    /// The step from a point.
    ///
    /// - Parameters:
    ///   - gradients: g, for each parameter.
    ///   - squaredNorm: `||g||^2`, which is not zero.
    ///   - objectiveGradients: G, for each parameter.
    ///   - drift: `L - L0`.
    init(gradients: [Tensor], squaredNorm: Double, objectiveGradients: [Tensor], drift: Double) {
        self.gradients = gradients
        self.squaredNorm = squaredNorm
        self.drift = drift
        let curvature = zip(gradients, objectiveGradients).map { $0.dot($1) }.total()
        self.curvature = curvature
        tangents = zip(gradients, objectiveGradients).map { $1 - $0 * (curvature / squaredNorm) }
        squaredTangent = tangents.map { $0.squaredNorm() }.total()
    }

    /// Whether G is, to the resolution of its elements, a multiple of g: then u is rounding errors alone, and the objective
    /// stationary on the level set.
    var isStationary: Bool {
        let resolution = 16 * (gradients.first?.dtype.epsilon ?? 0)
        return squaredTangent <= resolution * resolution * curvature * curvature / squaredNorm
    }

    /// Moves parameters by a part of the step.
    func add(to parameters: [Tensor], eta: Double, part: Double) {
        for ((parameter, tangent), gradient) in zip(zip(parameters, tangents), gradients) {
            parameter.addInPlace(tangent, scale: part * eta)
            parameter.addInPlace(gradient, scale: -part * drift / squaredNorm)
        }
    }

    /// The multiplier of the linearized constraint, for a merit of which the gradient is G over a scale: `g^T G / ||g||^2` over
    /// that scale.
    func multiplier(scale: Double) -> Double { curvature / (squaredNorm * scale) }

    /// The derivative along the step of the merit less `penalty |L - L0|`, for a merit of which the gradient is G over a scale;
    /// `g^T d = L0 - L`.
    func slope(eta: Double, penalty: Double, scale: Double) -> Double {
        eta * squaredTangent / scale - drift * multiplier(scale: scale) + penalty * abs(drift)
    }
}
