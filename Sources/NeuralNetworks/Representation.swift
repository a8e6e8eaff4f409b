import Torch

/// The input of an affine map over a batch: the representation matrix of NS25 eqs. 8-10, transposed.
public final class Representation {
    /// One row for each sample, `[m, d]`.
    public let rows: Tensor

    /// The inner products of the rows, `[m, m]`, computed when first asked for.
    public private(set) lazy var gram = rows.matmul(rows.transposed())

    /// The representation with the given rows.
    public init(rows: Tensor) {
        require(rows.rank == 2, "a representation has one row for each sample, but its shape is \(rows.shape)")
        self.rows = rows
    }
}
