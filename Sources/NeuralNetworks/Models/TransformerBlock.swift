import Torch

/// Attention and a perceptron for each token, both with a residual connection: `[N, T, D]` to `[N, T, D]`, or `[N, D]` of the
/// last token alone.
///
/// With the normalization first, `y = x + attention(norm1(x))` and then `y + linear2(relu(linear1(norm2(y))))`; with the
/// normalization last, as first published, `y = norm1(x + attention(x))` and then
/// `norm2(y + linear2(relu(linear1(y))))`. Parameters have the names and shapes of PyTorch's `TransformerEncoderLayer`, in the
/// order of the forward pass.
public struct TransformerBlock: CompositeLayer {
    /// The two halves, and the normalizations between or before them.
    public let body: Sequential

    /// A block with random weights as PyTorch's `TransformerEncoderLayer` draws them: attention, `linear1`, `linear2`.
    ///
    /// - Parameters:
    ///   - dimension: The features of a token; D.
    ///   - heads: The number of heads, which divides D.
    ///   - hidden: The width of the perceptron; `4 D` if nil.
    ///   - isCausal: Whether a token sees only those up to itself.
    ///   - normalizesFirst: Whether each half normalizes what it reads rather than what it gives.
    ///   - givesLastToken: Whether the output is that of the last token alone, `[N, D]`. The perceptron then does no work
    ///     for the others, and null-space teleportation need not hold what it makes of them.
    ///   - generator: Draws the weights.
    ///   - dtype: The element type of the weights.
    ///   - device: Where the weights are.
    public init(
        _ dimension: Int, heads: Int, hidden: Int? = nil, isCausal: Bool = false, normalizesFirst: Bool = true,
        givesLastToken: Bool = false, using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) {
        let hidden = hidden ?? 4 * dimension
        func dense(_ inputs: Int, _ outputs: Int) -> Dense {
            Dense(inputs, outputs, using: generator, dtype: dtype, device: device)
        }
        func norm() -> LayerNormalization { LayerNormalization(dimension, dtype: dtype, device: device) }
        let attention = MultiHeadAttention(
            dimension, heads: heads, isCausal: isCausal, using: generator, dtype: dtype, device: device)
        let (linear1, linear2) = (dense(dimension, hidden), dense(hidden, dimension))
        let selection: any Layer = givesLastToken ? TokenPooling.last : Sequential()
        body =
            if normalizesFirst {
                Sequential(named: [
                    "": Residual(Sequential(named: ["norm1": norm(), "self_attn": attention])), "": selection,
                    "": Residual(
                        Sequential(named: ["norm2": norm(), "linear1": linear1, "": ReLU(), "linear2": linear2])),
                ])
            } else {
                Sequential(named: [
                    "": Residual(Sequential(named: ["self_attn": attention])), "norm1": norm(),
                    "": selection,
                    "": Residual(Sequential(named: ["linear1": linear1, "": ReLU(), "linear2": linear2])),
                    "norm2": norm(),
                ])
            }
    }
}
