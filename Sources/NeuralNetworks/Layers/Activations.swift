import Torch

/// `max(x, 0)`, elementwise; its derivative at 0 is taken as 0.
public struct ReLU: Layer {
    /// The activation.
    public init() {}
    /// A known activation.
    public var structure: LayerStructure { .activation(.relu) }
    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.relu() }
    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let output = x.relu()
        return (output, ElementwiseLinearization { Kernels.reluDerivative($0, output: output) })
    }
}

/// `x` where it is positive, `slope x` elsewhere.
public struct LeakyReLU: Layer {
    /// The derivative at negative inputs.
    public let slope: Double
    /// The activation with the given derivative at negative inputs; PyTorch's is 0.01 by default.
    public init(slope: Double = 0.01) { self.slope = slope }
    /// A known activation.
    public var structure: LayerStructure { .activation(.leakyReLU(slope: slope)) }
    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.leakyReLU(slope: slope) }
    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let slope = self.slope
        return (self(x), ElementwiseLinearization { Kernels.leakyReLUDerivative($0, input: x, slope: slope) })
    }
}

/// The hyperbolic tangent, elementwise.
public struct Tanh: Layer {
    /// The activation.
    public init() {}
    /// A known activation.
    public var structure: LayerStructure { .activation(.tanh) }
    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.tanh() }
    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let output = x.tanh()
        return (output, ElementwiseLinearization { Kernels.tanhDerivative($0, output: output) })
    }
}

/// The logistic function `1 / (1 + exp(-x))`, elementwise.
public struct Sigmoid: Layer {
    /// The activation.
    public init() {}
    /// A known activation.
    public var structure: LayerStructure { .activation(.sigmoid) }
    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.sigmoid() }
    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        let output = x.sigmoid()
        return (output, ElementwiseLinearization { Kernels.sigmoidDerivative($0, output: output) })
    }
}

/// The Gaussian error linear unit `x Phi(x)`, elementwise, with the error function and not its tanh approximation.
public struct GELU: Layer {
    /// The activation.
    public init() {}
    /// A known activation.
    public var structure: LayerStructure { .activation(.gelu) }
    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor { x.gelu() }
    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        (x.gelu(), ElementwiseLinearization { Kernels.geluDerivative($0, input: x) })
    }
}

extension Activation {
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
}
