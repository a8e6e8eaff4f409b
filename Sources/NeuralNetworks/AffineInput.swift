import Torch

/// The input of an affine map over a batch: the representation matrix of NS25 eqs. 8-10, transposed, in whatever form the
/// layer has it.
public protocol AffineInput: AnyObject {
    /// m, the rows: one for each sample, or for each token or patch of each sample.
    var rowCount: Int { get }

    /// The columns, without that of a bias.
    var columnCount: Int { get }

    /// The element type.
    var dtype: DType { get }

    /// Where the elements are.
    var device: Device { get }

    /// The input as a matrix where the layer has it so; nil where its rows are made part by part. (That matrix is one of the
    /// inputs: `Representation` and this protocol need each other.)
    var representation: Representation? { get }

    /// Calls `body` with all rows, `[m', in]` with `m'` at most `limit` or the rows of one sample, part by part.
    func forEachPart(ofAtMost limit: Int, _ body: (Tensor) -> Void)

    /// `delta^T D`, `[out, in]`: the sum over rows of the outer products of cotangents of the map's outputs and tangents of
    /// its inputs, both in the shapes that the layer's pull-back and pushforward give.
    func product(_ delta: Tensor, _ tangent: Tensor) -> Tensor
}

extension AffineInput {
    /// None.
    public var representation: Representation? { nil }
}
