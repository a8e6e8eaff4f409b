import NeuralNetworks
import Torch

/// The shape of a model, apart from the inputs and outputs that the data set decides.
public enum Architecture: Hashable, Sendable, TextConvertible {
    /// A multi-layer perceptron with the given hidden sizes.
    case mlp(hidden: [Int], activation: Activation)

    /// `mlp:1024,1024`, or with an activation `mlp:16,10:leaky-relu(0.1)`.
    public init(text: String) throws(TextError) {
        let remedy = "give mlp:SIZES[:ACTIVATION], as mlp:1024,1024 or mlp:16,10:leaky-relu(0.1)"
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "mlp" else { throw TextError(text, remedy) }
        let hidden = parts[1].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard hidden.allSatisfy({ (1...1_000_000).contains($0) }) else { throw TextError(text, remedy) }
        // What does not fit into memory ends the process inside libtorch; a thousand million weights are refused here.
        guard zip(hidden, hidden.dropFirst()).allSatisfy({ $0 * $1 <= 1_000_000_000 }) else {
            throw TextError(text, remedy + "; two neighbouring sizes may multiply to 1000000000 at most")
        }
        self = .mlp(hidden: hidden, activation: parts.count > 2 ? try Activation(text: String(parts[2])) : .relu)
    }

    /// `mlp:1024,1024`, with the activation if it is not ReLU.
    public var text: String {
        switch self {
        case .mlp(let hidden, let activation):
            "mlp:" + hidden.map(String.init).joined(separator: ",")
                + (activation == .relu ? "" : ":\(activation.text)")
        }
    }

    /// A model of this shape with random weights.
    ///
    /// - Parameters:
    ///   - inputShape: The shape of one sample.
    ///   - outputs: The number of outputs.
    ///   - generator: Draws the weights.
    ///   - dtype: The element type of the weights.
    ///   - device: Where the weights are.
    public func makeModel(
        inputShape: [Int], outputs: Int, using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) -> MLP {
        switch self {
        case .mlp(let hidden, let activation):
            MLP(
                inputs: inputShape.reduce(1, *), hidden: hidden, outputs: outputs, activation: activation,
                using: generator, dtype: dtype, device: device)
        }
    }
}

extension Activation: TextConvertible {
    /// `relu`, `leaky-relu(0.1)`, `tanh`, `sigmoid` or `gelu`.
    public init(text: String) throws(TextError) {
        switch text {
        case "relu": self = .relu
        case "leaky-relu": self = .leakyReLU(slope: 0.01)
        case "tanh": self = .tanh
        case "sigmoid": self = .sigmoid
        case "gelu": self = .gelu
        default:
            guard text.hasPrefix("leaky-relu("), text.hasSuffix(")"),
                let slope = Double(text.dropFirst("leaky-relu(".count).dropLast()), slope.isFinite
            else { throw TextError(text, "give relu, leaky-relu(SLOPE), tanh, sigmoid or gelu") }
            self = .leakyReLU(slope: slope)
        }
    }

    /// `relu`, `leaky-relu(0.1)`, `tanh`, `sigmoid` or `gelu`.
    public var text: String {
        switch self {
        case .relu: "relu"
        case .leakyReLU(let slope): "leaky-relu(\(slope.shortText))"
        case .tanh: "tanh"
        case .sigmoid: "sigmoid"
        case .gelu: "gelu"
        }
    }
}
