/// The activations, by name.
public enum Activation: Hashable, Sendable {
    case relu
    case leakyReLU(slope: Double)
    case tanh
    case sigmoid
    case gelu

    /// The activation that a layer applies; nil if it is a layer of another kind.
    public init?(of layer: any Layer) {
        guard case .activation(let activation) = layer.structure else { return nil }
        self = activation
    }

    /// The layer that applies it.
    public var layer: any Layer {
        switch self {
        case .relu: ReLU()
        case .leakyReLU(let slope): LeakyReLU(slope: slope)
        case .tanh: Tanh()
        case .sigmoid: Sigmoid()
        case .gelu: GELU()
        }
    }

    /// Whether `f(c x) = c f(x)` for each c > 0.
    public var isPositivelyHomogeneous: Bool {
        switch self {
        case .relu, .leakyReLU: true
        case .tanh, .sigmoid, .gelu: false
        }
    }
}
