import Teleportation

/// An objective by its name.
package enum ObjectiveOption: String, CaseIterable, Sendable {
    /// `1/2 ||g||^2`.
    case gradientNorm = "gradient-norm"
    /// `1/2 ||g||_A^2` with the optimizer's preconditioner A.
    case preconditionedNorm = "preconditioned-norm"

    /// The objective.
    package var objective: any Objective {
        switch self {
        case .gradientNorm: GradientNorm()
        case .preconditionedNorm: PreconditionedNorm()
        }
    }
}
