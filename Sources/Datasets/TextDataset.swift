import NeuralNetworks
import Torch

/// Pieces of a text in which each word is to be predicted from those before it (NS25, section 5).
///
/// The text is kept once: sample i is the tokens `iT..<iT + T`, and its targets are the tokens `iT + 1..<iT + T + 1`. What
/// is left at the end is not used.
public struct TextDataset: Dataset {
    /// The words by their indices, `int64`, `[L]`.
    public let tokens: Tensor
    /// What the indices stand for.
    public let vocabulary: Vocabulary
    /// The tokens in a sample, T.
    public let length: Int

    /// The pieces of a text.
    ///
    /// - Parameters:
    ///   - tokens: `int64`, `[L]`, each in `0..<vocabulary.count`; at least one.
    ///   - vocabulary: What the tokens stand for.
    ///   - length: The tokens in a sample, at least 1.
    public init(_ tokens: Tensor, vocabulary: Vocabulary, length: Int = 256) {
        require(
            tokens.dtype == .int64 && tokens.rank == 1 && tokens.count >= 1,
            "tokens are [L] of int64, not \(tokens.shape) of \(tokens.dtype)")
        require(length >= 1, "samples of \(length) tokens")
        self.tokens = tokens
        self.vocabulary = vocabulary
        self.length = length
    }

    /// The number of pieces of which the last token has a successor, `(L - 1) / T` rounded down.
    public var count: Int { (tokens.count - 1) / length }

    /// The shape of one piece, `[T]`.
    public var inputShape: [Int] { [length] }

    /// Language modelling.
    public var task: LearningTask { .languageModelling(vocabulary: vocabulary.count) }

    /// The pieces at `indices` (`int64`, `[n]`), and the tokens that follow each of theirs, both `int64`, `[n, T]`.
    public func batch(_ indices: Tensor) -> Batch {
        let rows = indices.to(device: tokens.device)
        return Batch(inputs: pieces(from: 0).gathered(0, rows), targets: pieces(from: 1).gathered(0, rows))
    }

    /// A view of the tokens from `start` on as the rows of a matrix, `[count, T]`.
    private func pieces(from start: Int) -> Tensor {
        tokens.narrowed(0, to: start..<start + count * length).reshaped([count, length])
    }

    /// The first `length` pieces, or all if there are fewer; they share the storage of this data set.
    public func prefix(_ length: Int) -> TextDataset {
        let tokenCount = min(length, count) * self.length + 1
        return TextDataset(tokens.narrowed(0, to: 0..<tokenCount), vocabulary: vocabulary, length: self.length)
    }

    /// The same pieces on another device; tokens are `int64` whatever the floating-point type.
    public func to(dtype: DType?, device: Device?) -> TextDataset {
        TextDataset(tokens.to(device: device), vocabulary: vocabulary, length: length)
    }
}
