/// The activations, by name.
public enum Activation: Hashable, Sendable {
    case relu
    case leakyReLU(slope: Double)
    case tanh
    case sigmoid
    case gelu

    /// Whether `f(c x) = c f(x)` for each c > 0.
    public var isPositivelyHomogeneous: Bool {
        switch self {
        case .relu, .leakyReLU: true
        case .tanh, .sigmoid, .gelu: false
        }
    }
}
