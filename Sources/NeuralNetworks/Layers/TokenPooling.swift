import Torch

/// One vector for a sequence: `[N, T, D]` to `[N, D]`.
public enum TokenPooling: Layer, Hashable, Sendable {
    /// The mean of the tokens.
    case mean
    /// The last token.
    case last

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        require(x.rank == 3, "TokenPooling: an input of shape \(x.shape) instead of [N, T, D]")
        return switch self {
        case .mean: x.sum(along: [1]) / Double(x.size(1))
        case .last: x.selected(1, x.size(1) - 1)
        }
    }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        (self(x), TokenPoolingLinearization(layer: self, inputShape: x.shape))
    }
}

/// The derivative of pooling, which is linear.
struct TokenPoolingLinearization: Linearization {
    let layer: TokenPooling
    let inputShape: [Int]

    var hasParameters: Bool { false }

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        guard needsInput else { return nil }
        let input: Tensor
        switch layer {
        case .mean:
            input = .empty(inputShape, dtype: cotangent.dtype, device: cotangent.device)
            input.copy(from: (cotangent / Double(inputShape[1])).expanded(at: 1))
        case .last:
            input = .zeros(inputShape, dtype: cotangent.dtype, device: cotangent.device)
            input.selected(1, inputShape[1] - 1).copy(from: cotangent)
        }
        return input
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        tangent.map { layer($0) }
    }
}
