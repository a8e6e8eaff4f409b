import NeuralNetworks
import Torch

/// One successive linear step (LS24): up along the gradient of the gradient's norm, and back onto the linearized level
/// set.
///
/// With `u = H g - (g^T H g / ||g||^2) g`, the part of `H g` along the level set, the step is
/// `d = eta u - ((L - L0) / ||g||^2) g`; the formula of `LevelSetTeleporter` has `eta = rho / ||g||^2`.
struct LevelSetStep {
    /// g, for each parameter.
    let gradients: [Tensor]
    /// u, for each parameter.
    let tangents: [Tensor]
    /// `||g||^2`.
    let squaredNorm: Double
    /// `||u||^2`.
    let squaredTangent: Double
    /// `g^T H g`.
    let curvature: Double
    /// `L - L0`.
    let drift: Double

    /// The step from a point.
    ///
    /// - Parameters:
    ///   - gradients: g, for each parameter.
    ///   - squaredNorm: `||g||^2`, which is not zero.
    ///   - hessianGradients: `H g`, for each parameter.
    ///   - drift: `L - L0`.
    init(gradients: [Tensor], squaredNorm: Double, hessianGradients: [Tensor], drift: Double) {
        self.gradients = gradients
        self.squaredNorm = squaredNorm
        self.drift = drift
        let curvature = zip(gradients, hessianGradients).map { $0.dot($1) }.total()
        self.curvature = curvature
        tangents = zip(gradients, hessianGradients).map { $1 - $0 * (curvature / squaredNorm) }
        squaredTangent = tangents.map { $0.squaredNorm() }.total()
    }

    /// Whether `H g` is, to the resolution of its elements, a multiple of g: then u is rounding errors alone, and the
    /// gradient's norm stationary on the level set.
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

    /// The multiplier of the linearized constraint: `g^T H g / ||g||^4`.
    var multiplier: Double { curvature / (squaredNorm * squaredNorm) }

    /// The derivative along the step of the merit `1/2 log ||g||^2 - penalty |L - L0|`. The gradient of the first term is
    /// `H g / ||g||^2`, and `g^T d = L0 - L`.
    func slope(eta: Double, penalty: Double) -> Double {
        eta * squaredTangent / squaredNorm - drift * multiplier + penalty * abs(drift)
    }
}
