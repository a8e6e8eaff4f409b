import Torch

/// The input of an affine map as a matrix.
public final class Representation: AffineInput {
    /// One row for each sample or token, `[m, in]`.
    public let rows: Tensor

    /// The inner products of the rows, `[m, m]`, computed when first asked for.
    public private(set) lazy var gram = rows.matmul(rows.transposed())

    /// The representation with the given rows.
    public init(rows: Tensor) {
        require(rows.rank == 2, "a representation has one row for each sample, but its shape is \(rows.shape)")
        self.rows = rows
    }

    /// This one.
    public var representation: Representation? { self }
    /// The rows of the matrix.
    public var rowCount: Int { rows.size(0) }
    /// The columns of the matrix.
    public var columnCount: Int { rows.size(1) }
    /// The element type.
    public var dtype: DType { rows.dtype }
    /// Where the elements are.
    public var device: Device { rows.device }

    /// Whether a product with the rows, `[out, m]` times `[m, in]`, has fewer elements in its factors than a matrix `[out, in]`.
    package func isThinner(than matrix: Tensor) -> Bool {
        rowCount * (matrix.size(0) + columnCount) < matrix.size(0) * columnCount
    }

    /// Calls `body` with views of at most `limit` rows.
    public func forEachPart(ofAtMost limit: Int, _ body: (Tensor) -> Void) {
        for start in stride(from: 0, to: rowCount, by: limit) {
            body(rows.narrowed(0, to: start..<min(start + limit, rowCount)))
        }
    }

    /// `delta^T D` for delta `[m, out]` and D `[m, in]`.
    public func product(_ delta: Tensor, _ tangent: Tensor) -> Tensor { delta.transposed().matmul(tangent) }
}
