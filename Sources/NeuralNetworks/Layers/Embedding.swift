import Torch

/// A vector for each token of a vocabulary: indices `[N, T]` (`int64`, below V) to `[N, T, D]`.
///
/// It is an affine map of data, the tokens as unit vectors, and so one that null-space teleportation never moves; its
/// linearization records no affine map.
public struct Embedding: Layer {
    /// The vectors, `[V, D]`.
    public let weight: Tensor

    /// A layer with the given vectors, `[V, D]`.
    public init(weight: Tensor) {
        require(weight.rank == 2, "Embedding: a weight of shape \(weight.shape) instead of [V, D]")
        self.weight = weight
    }

    /// A layer with random vectors as PyTorch's `Embedding` draws them: standard normal.
    ///
    /// - Parameters:
    ///   - vocabulary: The number of tokens; V.
    ///   - dimension: The features of a vector; D.
    ///   - generator: Draws the numbers, on the CPU.
    ///   - dtype: The element type of the vectors.
    ///   - device: Where the vectors are.
    public init(
        _ vocabulary: Int, _ dimension: Int, using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) {
        self.init(weight: Tensor.normal([vocabulary, dimension], using: generator, dtype: dtype).to(device: device))
    }

    /// The tensors that training changes.
    public var parameters: [Parameter] { [Parameter("weight", weight)] }

    /// The forward pass.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        requireInput(x, true, of: .int64, "indices [N, T]")
        return Kernels.embedding(weight, indices: x)
    }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        (self(x), EmbeddingLinearization(weight: weight, indices: x))
    }
}

/// The derivative of an embedding with respect to its vectors. Indices have neither tangent nor cotangent.
struct EmbeddingLinearization: Linearization {
    /// `[V, D]`.
    let weight: Tensor
    /// `[N, T]`.
    let indices: Tensor

    func pullback(_ cotangent: Tensor, needsInput: Bool, into collected: inout Pullback) -> Tensor? {
        guard collected.needsGradients else { return nil }
        let gradient = Kernels.embeddingPullback(cotangent, indices: indices, vocabulary: weight.size(0))
        collected.gradients.add(.tensor(gradient), of: weight)
        return nil
    }

    func pushforward(_ tangent: Tensor?, along directions: Gradients, into collected: inout Pushforward) -> Tensor? {
        require(tangent == nil, "Embedding: a tangent for its input, which is indices")
        return directions[weight].map { Kernels.embedding($0.formed(), indices: indices) }
    }
}
