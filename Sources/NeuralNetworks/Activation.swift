/// The activations, by name.
public enum Activation: Hashable, Sendable {
    /// `max(x, 0)`.
    case relu
    /// `x` where it is positive, `slope x` elsewhere.
    case leakyReLU(slope: Double)
    /// The hyperbolic tangent.
    case tanh
    /// The logistic function, `1 / (1 + exp(-x))`.
    case sigmoid
    /// `x Phi(x)`, with the distribution function Phi of the standard normal distribution.
    case gelu

    /// Whether `f(c x) = c f(x)` for each c > 0.
    public var isPositivelyHomogeneous: Bool {
        switch self {
        case .relu, .leakyReLU: true
        case .tanh, .sigmoid, .gelu: false
        }
    }
}
