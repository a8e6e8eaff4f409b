import Foundation
import Torch

/// Adds to each token a vector that says where it is: `[N, T, D]` to `[N, T, D]`.
///
/// The vector of position p is `sin(p / 10000^(2i/D))` at feature `2i` and the cosine at feature `2i + 1`; Vaswani et al.,
/// "Attention Is All You Need", 2017, section 3.5.
public struct PositionalEncoding: Layer {
    /// The vectors, `[length, D]`.
    public let table: Tensor

    /// An encoding of sequences.
    ///
    /// - Parameters:
    ///   - length: The tokens of the longest sequence.
    ///   - dimension: The features of a token; D.
    ///   - dtype: The element type of the tokens.
    ///   - device: Where the tokens are.
    public init(length: Int, dimension: Int, dtype: DType = .float32, device: Device = .cpu) {
        let elements = (0..<length).flatMap { position in
            (0..<dimension).map { feature in
                let angle = Double(position) / pow(10000, Double(feature / 2 * 2) / Double(dimension))
                return feature.isMultiple(of: 2) ? sin(angle) : cos(angle)
            }
        }
        table = Tensor(elements, shape: [length, dimension]).to(dtype: dtype, device: device)
    }

    /// The forward pass; traps if the sequences are longer than the encoding.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        requireInput(x, x.rank > 1 && x.size(-1) == table.size(1), "[N, T, \(table.size(1))]")
        require(
            x.size(-2) <= table.size(0),
            "PositionalEncoding: sequences of \(x.size(-2)) tokens, made for \(table.size(0)) at most")
        return x + table.narrowed(0, to: 0..<x.size(-2))
    }

    /// The forward pass and its derivative at `x`, without a tape.
    public func linearize(_ x: Tensor) -> (output: Tensor, linearization: any Linearization) {
        (self(x), ElementwiseLinearization { $0 })
    }
}
