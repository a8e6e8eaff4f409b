import Foundation
import NeuralNetworks
import Torch

/// What group actions need to know about an activation: two derivatives and the inverse, elementwise.
extension Activation {
    /// The derivative at z, given the activation's output there.
    func derivative(at z: Tensor, output: Tensor) -> Tensor {
        let one = Tensor.ones(z.shape, dtype: z.dtype, device: z.device)
        return switch self {
        case .relu: Kernels.reluDerivative(one, output: output)
        case .leakyReLU(let slope): Kernels.leakyReLUDerivative(one, input: z, slope: slope)
        case .tanh: Kernels.tanhDerivative(one, output: output)
        case .sigmoid: Kernels.sigmoidDerivative(one, output: output)
        case .gelu: Kernels.geluDerivative(one, input: z)
        }
    }

    /// The second derivative at z, given the activation's output there; nil where it is zero almost everywhere.
    func secondDerivative(at z: Tensor, output: Tensor) -> Tensor? {
        switch self {
        case .relu, .leakyReLU: return nil
        case .tanh: return derivative(at: z, output: output) * output * -2
        case .sigmoid: return derivative(at: z, output: output) * (output * -2 + 1)
        case .gelu:
            let square = z * z
            let density = (square * -0.5).exponential() / (2 * Double.pi).squareRoot()
            return density * (-square + 2)
        }
    }

    /// The derivatives of the inverse, elementwise.
    struct InverseDerivatives {
        /// The first, `1 / sigma'`.
        let first: Tensor
        /// The second; nil where it is zero almost everywhere.
        let second: Tensor?
        /// The third; nil where it is zero almost everywhere.
        let third: Tensor?
    }

    /// The derivatives of the inverse at the output y of the activation for the input z, in operations that autograd can follow;
    /// infinite where y is, to rounding, at an end of the range.
    func inverseDerivatives(at z: Tensor, output y: Tensor) -> InverseDerivatives {
        switch self {
        case .leakyReLU:
            return InverseDerivatives(
                first: derivative(at: z.detached(), output: y.detached()).power(-1), second: nil, third: nil)
        case .tanh:
            let first = (-(y * y) + 1).power(-1)
            let square = first * first
            return InverseDerivatives(
                first: first, second: square * y * 2, third: square * first * (y * y * 6 + 2))
        case .sigmoid:
            let (low, high) = (y.power(-1), (-y + 1).power(-1))
            return InverseDerivatives(
                first: low + high, second: high * high - low * low,
                third: (low * low * low + high * high * high) * 2)
        case .relu, .gelu: fatalError(SymmetryRefusal.notBijective(self).description)
        }
    }

    /// Whether the activation, or its extension (ST22 section 4.2), is a bijection of the real numbers.
    var isBijective: Bool {
        switch self {
        case .leakyReLU(let slope): slope > 0
        case .tanh, .sigmoid: true
        case .relu, .gelu: false
        }
    }

    /// What the activation itself, and not only its extension, attains, or comes as near as rounding lets it; nil for all
    /// numbers.
    private var range: ClosedRange<Double>? {
        switch self {
        case .tanh: -1...1
        case .sigmoid: 0...1
        case .relu, .leakyReLU, .gelu: nil
        }
    }

    /// The units whose values, given as `[N, k]`, are not all in the range of the activation, which is smaller than that of
    /// its extension.
    func unitsOutOfRange(_ y: Tensor) -> [Int] {
        guard let range else { return [] }
        let excess = (y - y.clamped(to: range)).absolute().sum(along: [0]).doubles()
        return excess.indices.filter { excess[$0] != 0 }
    }

    /// The units that for some sample are so near an end of the activation's range that no digit of the derivative, given
    /// as `[N, k]`, is left.
    func saturatedUnits(_ derivative: Tensor) -> [Int] {
        guard range != nil else { return [] }
        let epsilon = derivative.dtype.epsilon
        let shortfall = (-derivative.clamped(to: 0...epsilon) + epsilon).sum(along: [0]).doubles()
        return shortfall.indices.filter { shortfall[$0] > 0 }
    }

    /// The x at which the activation, or its extension, is `y`; autograd can differentiate it once.
    func inverse(_ y: Tensor) -> Tensor {
        switch self {
        case .leakyReLU(let slope): return y.leakyReLU(slope: 1 / slope)
        case .tanh: return ExtendedTanh.inverse(y)
        // The logistic function is (1 + tanh(x / 2)) / 2.
        case .sigmoid: return ExtendedTanh.inverse(y * 2 - 1) * 2
        case .relu, .gelu: fatalError(SymmetryRefusal.notBijective(self).description)
        }
    }
}

/// `tanh(x) + e^{x - N} - e^{-x - N}`, a bijection of the real numbers that is tanh to rounding where that is less than 1
/// (ST22 section 4.2, which prints the last exponent as `-x + N`).
private enum ExtendedTanh {
    /// N; `e^{-36}` is the resolution of float64.
    private static let offset = 36.0
    /// The inflection point, `4 sech^2(x) = e^{x - N}` for large x, and where it is reached.
    private static let inflection = (offset + log(8)) / 3
    /// From the start below, Newton's method has reached the resolution of float64 after four steps.
    private static let newtonSteps = 5

    static func inverse(_ y: Tensor) -> Tensor {
        let target = y.to(dtype: .float64)
        let scale = 2 * exp(-offset)
        // Each term alone rules on its side of the inflection point.
        let bound = tanh(inflection)
        let outer = ((target - target.clamped(to: -1...1)) / scale).inverseSinh()
        var x = target.clamped(to: -bound...bound).inverseTanh() + outer - outer.clamped(to: -inflection...inflection)
        for _ in 0..<newtonSteps {
            let (growing, falling) = (x.exponential(), (-x).exponential())
            let inner = x.tanh()
            let value = inner + (growing - falling) * (scale / 2)
            let slope = (growing + falling) * (scale / 2) - inner * inner + 1
            x = x - (value - target) / slope
        }
        return x.to(dtype: y.dtype)
    }
}
