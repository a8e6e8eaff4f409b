import Torch

/// Self-attention with several heads: `[N, T, D]` to `[N, T, D]`; NS25 eqs. 6 and 7.
///
/// It has two affine maps. `in_proj` gives the queries, keys and values of all heads at once. They all read the same tokens,
/// and a projection acts on each row of a weight by itself, so that one basis serves the three and all heads, and stacking
/// their weights changes nothing (NS25 eqs. 10, 15 and 16). `out_proj` reads the heads side by side.
///
/// Parameters have the names, shapes and order of PyTorch's `MultiheadAttention`.
public struct MultiHeadAttention: CompositeLayer {
    /// The map to queries, keys and values, D to `3 D`.
    public let inProjection: Dense
    /// What the heads do.
    public let attention: ScaledDotProductAttention
    /// The map of the heads side by side, D to D.
    public let outProjection: Dense

    /// The three of them, one after the other.
    public let body: Sequential

    /// Attention with the given maps, D to `3 D` and D to D.
    public init(inProjection: Dense, outProjection: Dense, heads: Int, isCausal: Bool = false) {
        let dimension = outProjection.weight.size(0)
        require(
            inProjection.weight.shape == [3 * dimension, dimension]
                && outProjection.weight.shape == [dimension, dimension] && dimension.isMultiple(of: heads),
            "MultiHeadAttention: weights of shapes \(inProjection.weight.shape) and \(outProjection.weight.shape) with "
                + "\(heads) heads")
        self.inProjection = inProjection
        self.outProjection = outProjection
        attention = ScaledDotProductAttention(heads: heads, isCausal: isCausal)
        body = Sequential(named: ["in_proj": inProjection, "": attention, "out_proj": outProjection])
    }

    /// Attention with random weights as PyTorch's `MultiheadAttention` draws them: first that of `out_proj`, uniform within
    /// `1 / sqrt(D)` of zero, then that of `in_proj`, uniform within `sqrt(6 / (D + 3 D))` of zero; the biases are zeros.
    ///
    /// - Parameters:
    ///   - dimension: The features of a token; D.
    ///   - heads: The number of heads, which divides D.
    ///   - isCausal: Whether a token sees only those up to itself.
    ///   - generator: Draws the numbers, on the CPU.
    ///   - dtype: The element type of the parameters.
    ///   - device: Where the parameters are.
    public init(
        _ dimension: Int, heads: Int, isCausal: Bool = false, using generator: Generator, dtype: DType = .float32,
        device: Device = .cpu
    ) {
        // PyTorch draws a bias too and then puts zeros in its place.
        let outProjection = Dense(dimension, dimension, using: generator, dtype: dtype, device: device)
        outProjection.bias?.fill(0)
        let bound = (6 / Double(dimension + 3 * dimension)).squareRoot()
        let weight = Tensor.uniform(
            [3 * dimension, dimension], in: -bound..<bound, using: generator, dtype: dtype)
        self.init(
            inProjection: Dense(
                weight: weight.to(device: device), bias: .zeros([3 * dimension], dtype: dtype, device: device)),
            outProjection: outProjection, heads: heads, isCausal: isCausal)
    }

    /// The tensors that training changes.
    public var parameters: [Parameter] {
        body.parameters.map { parameter in
            guard parameter.name.hasPrefix("in_proj.") else { return parameter }
            return Parameter("in_proj_\(parameter.name.dropFirst("in_proj.".count))", parameter.value)
        }
    }
}
