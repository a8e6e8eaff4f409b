import Torch

extension Tensor {
    /// `(A^+)^T`, `[m, d]`, for a matrix A of the same shape: the rows that the rows of A are dual to.
    ///
    /// It comes from the eigenvalues of the smaller one of `A A^T` and `A^T A` in float64, which square the condition
    /// number; for float32 that costs no digits. Directions below the resolution of the element type count as zero.
    ///
    /// - Throws: `TorchError` if the iteration does not converge, as with elements that are not finite.
    func transposedPseudoInverse() throws(TorchError) -> Tensor {
        let rows = to(dtype: .float64)
        let isWide = size(0) <= size(1)
        let gram = isWide ? rows.matmul(rows.transposed()) : rows.transposed().matmul(rows)
        let (values, vectors) = try gram.symmetricEigen()
        let energies = values.doubles()
        let resolution = Double(max(size(0), size(1))) * dtype.epsilon
        let cutoff = (energies.last ?? 0) * max(resolution * resolution, Double(energies.count) * DType.float64.epsilon)
        let kept = (energies.firstIndex { $0 > cutoff } ?? energies.count)..<energies.count
        let basis = vectors.narrowed(1, to: kept)
        let inverse = (basis / values.narrowed(0, to: kept)).matmul(basis.transposed())
        return (isWide ? inverse.matmul(rows) : rows.matmul(inverse)).to(dtype: dtype)
    }
}
