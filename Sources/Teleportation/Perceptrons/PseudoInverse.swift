import Torch

/// The Moore-Penrose inverse of a matrix A with one row for each sample.
struct PseudoInverse {
    /// A, `[m, d]`.
    let matrix: Tensor
    /// `(A^+)^T`, `[m, d]`: the rows that the rows of A are dual to.
    let dual: Tensor
    /// Whether the rows of A are linearly independent, and so far from dependent that `A A^+ = I` to rounding.
    let hasIndependentRows: Bool

    /// The share of the largest eigenvalue that the smallest one has at least where rows count as independent. With it
    /// `A A^+` is the identity to 1e-4 in float32 and to 1e-9 in float64.
    private static var independence: Double { 1e-6 }

    /// The inverse of `[m, d]`.
    ///
    /// It comes from the eigenvalues of the smaller one of `A A^T` and `A^T A` in float64, which square the condition
    /// number; for float32 that costs no digits. Directions below the resolution of the element type count as zero.
    ///
    /// - Throws: `TorchError` if the iteration does not converge, as with elements that are not finite.
    init(of matrix: Tensor) throws(TorchError) {
        self.matrix = matrix
        let rows = matrix.to(dtype: .float64)
        let isWide = matrix.size(0) <= matrix.size(1)
        let gram = isWide ? rows.matmul(rows.transposed()) : rows.transposed().matmul(rows)
        let (values, vectors) = try gram.symmetricEigen()
        let energies = values.doubles()
        let resolution = Double(max(matrix.size(0), matrix.size(1))) * matrix.dtype.epsilon
        let cutoff = (energies.last ?? 0) * max(resolution * resolution, Double(energies.count) * DType.float64.epsilon)
        let kept = (energies.firstIndex { $0 > cutoff } ?? energies.count)..<energies.count
        let basis = vectors.narrowed(1, to: kept)
        let inverse = (basis / values.narrowed(0, to: kept)).matmul(basis.transposed())
        dual = (isWide ? inverse.matmul(rows) : rows.matmul(inverse)).to(dtype: matrix.dtype)
        hasIndependentRows =
            kept.count == matrix.size(0) && (energies.first ?? 0) > Self.independence * (energies.last ?? 0)
    }

    /// `A A^+ x` for `[m, k]`: of what each sample has in x, what an affine map of its row in A can give.
    func fit(_ x: Tensor) -> Tensor {
        hasIndependentRows ? x : matrix.matmul(dual.transposed(), x)
    }
}
