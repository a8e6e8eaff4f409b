import Torch

/// A transformer: an embedding of each token, what says where it is, blocks, a last normalization and a head; NS25 section
/// 3.1.3 and appendix A.3.
///
/// The parts are called `embedding`, `layers.0` and so on, `norm` and `head`, and their weights are drawn in this order. A
/// token of the blocks has `heads headDimension` features.
///
/// ```swift
/// let model = Transformer.regression(
///     features: 7, outputs: 7, length: 168, heads: 4, layers: 4, using: Generator(seed: 0))
/// ```
public struct Transformer: CompositeLayer {
    /// The parts, first to last.
    public let body: Sequential

    /// Assigns a class to a sequence, `[N, T, F]` to `[N, classes]`: the head reads the mean of the tokens.
    ///
    /// NS25's network for sequential MNIST has `features: 1, classes: 10, length: 784, heads: 2, layers: 2`.
    ///
    /// - Parameters:
    ///   - features: The features of a token of the input; F.
    ///   - classes: The number of classes.
    ///   - length: The tokens of the longest sequence.
    ///   - heads: The number of heads.
    ///   - headDimension: The features of a head.
    ///   - layers: The number of blocks.
    ///   - generator: Draws the weights.
    ///   - dtype: The element type of the weights.
    ///   - device: Where the weights are.
    public static func classifier(
        features: Int, classes: Int, length: Int, heads: Int, headDimension: Int = 64, layers: Int,
        using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) -> Transformer {
        let dimension = heads * headDimension
        return Transformer(
            embedding: Dense(features, dimension, using: generator, dtype: dtype, device: device), pooling: .mean,
            outputs: classes, length: length, heads: heads, headDimension: headDimension, layers: layers,
            isCausal: false, using: generator, dtype: dtype, device: device)
    }

    /// Predicts from a sequence, `[N, T, F]` to `[N, outputs]`: the head reads the last token, which has seen all others,
    /// and the perceptron of the last block computes no other.
    ///
    /// NS25's network for time series has `heads: 4, layers: 4` and as many outputs as features.
    ///
    /// - Parameters:
    ///   - features: The features of a token of the input; F.
    ///   - outputs: The number of outputs.
    ///   - length: The tokens of the longest sequence.
    ///   - heads: The number of heads.
    ///   - headDimension: The features of a head.
    ///   - layers: The number of blocks.
    ///   - generator: Draws the weights.
    ///   - dtype: The element type of the weights.
    ///   - device: Where the weights are.
    public static func regression(
        features: Int, outputs: Int, length: Int, heads: Int, headDimension: Int = 64, layers: Int,
        using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) -> Transformer {
        let dimension = heads * headDimension
        return Transformer(
            embedding: Dense(features, dimension, using: generator, dtype: dtype, device: device), pooling: .last,
            outputs: outputs, length: length, heads: heads, headDimension: headDimension, layers: layers,
            isCausal: false, using: generator, dtype: dtype, device: device)
    }

    /// Predicts each token from those before, indices `[N, T]` (`int64`) to logits `[N, T, V]`: a token sees only those up to
    /// itself, and the head reads every one.
    ///
    /// NS25's network for the Penn Treebank has `heads: 4, layers: 4` and sequences of 256 tokens.
    ///
    /// - Parameters:
    ///   - vocabulary: The number of tokens that there are; V.
    ///   - length: The tokens of the longest sequence.
    ///   - heads: The number of heads.
    ///   - headDimension: The features of a head.
    ///   - layers: The number of blocks.
    ///   - tiesHead: Whether the rows of the head's weight are the vectors of the embedding, one tensor for both; Press and Wolf,
    ///     "Using the Output Embedding to Improve Language Models", 2017.
    ///   - generator: Draws the weights.
    ///   - dtype: The element type of the weights.
    ///   - device: Where the weights are.
    public static func languageModel(
        vocabulary: Int, length: Int, heads: Int, headDimension: Int = 64, layers: Int, tiesHead: Bool = false,
        using generator: Generator, dtype: DType = .float32, device: Device = .cpu
    ) -> Transformer {
        let dimension = heads * headDimension
        let embedding = Embedding(vocabulary, dimension, using: generator, dtype: dtype, device: device)
        return Transformer(
            embedding: embedding, pooling: nil, headWeight: tiesHead ? embedding.weight : nil, outputs: vocabulary,
            length: length, heads: heads, headDimension: headDimension, layers: layers, isCausal: true,
            using: generator, dtype: dtype, device: device)
    }

    private init(
        embedding: any Layer, pooling: TokenPooling?, headWeight: Tensor? = nil, outputs: Int, length: Int, heads: Int,
        headDimension: Int, layers: Int, isCausal: Bool, using generator: Generator, dtype: DType, device: Device
    ) {
        require(layers > 0 && heads > 0, "Transformer: \(layers) layers of \(heads) heads")
        let dimension = heads * headDimension
        let blocks = (1...layers).map { index in
            TransformerBlock(
                dimension, heads: heads, isCausal: isCausal, givesLastToken: pooling == .last && index == layers,
                using: generator, dtype: dtype, device: device)
        }
        let drawn = Dense(dimension, outputs, using: generator, dtype: dtype, device: device)
        let head = Dense(weight: headWeight ?? drawn.weight, bias: drawn.bias)
        body = Sequential(named: [
            "embedding": embedding,
            "": PositionalEncoding(length: length, dimension: dimension, dtype: dtype, device: device),
            "layers": Sequential(blocks),
            "norm": LayerNormalization(dimension, dtype: dtype, device: device),
            "": pooling == .mean ? TokenPooling.mean : Sequential(),
            "head": head,
        ])
    }
}
