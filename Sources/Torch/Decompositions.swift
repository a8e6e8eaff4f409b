import CTorch

extension Tensor {
    /// An orthonormal basis of the column space by Householder QR: `[d, m]` with `m <= d` to `[d, m]`.
    ///
    /// The columns span those of the matrix even where these are linearly dependent.
    public func orthonormalized() -> Tensor { qr().basis }

    /// The thin QR decomposition of `[d, m]` with `m <= d` by Householder reflections: an orthonormal basis `[d, m]`, and the upper
    /// triangle `[m, m]` with the coordinates of the columns.
    public func qr() -> (basis: Tensor, triangle: Tensor) {
        let (reflectors, tau) = householder()
        return (Tensor(ct_householder_product(reflectors.handle, tau.handle)), reflectors.leadingTriangle())
    }

    /// The triangle of the thin QR decomposition of `[m, d]` with `m >= d`, `[d, d]`: its rows have the same outer products in sum
    /// as those of the matrix.
    public func qrTriangle() -> Tensor { householder().reflectors.leadingTriangle() }

    private func householder() -> (reflectors: Tensor, tau: Tensor) {
        var reflectors: ct_tensor?
        var tau: ct_tensor?
        check(ct_geqrf(handle, &reflectors, &tau))
        return (Tensor(reflectors), Tensor(tau))
    }

    private func leadingTriangle() -> Tensor { narrowed(0, to: 0..<size(1)).upperTriangle() }

    /// Eigenvalues in ascending order, `[d]`, and orthonormal eigenvectors as columns, `[d, d]`, of a symmetric matrix,
    /// of which the upper triangle is not read. Waits for the device.
    ///
    /// - Throws: `TorchError` if the iteration does not converge, as with elements that are not finite.
    public func symmetricEigen() throws(TorchError) -> (values: Tensor, vectors: Tensor) {
        let parts = try decomposed { (matrix) throws(TorchError) in
            var values: ct_tensor?
            var vectors: ct_tensor?
            guard ct_linalg_eigh(matrix.handle, &values, &vectors) == 0 else { throw .last }
            return [Tensor(values), Tensor(vectors)]
        }
        return (parts[0], parts[1])
    }

    /// Whether a symmetric matrix is positive definite to rounding, by Cholesky's decomposition. Waits for the device.
    public func isPositiveDefinite() -> Bool {
        var result = false
        DeviceWaits.add()
        check(ct_is_positive_definite(handle, &result))
        return result
    }

    /// The thin singular value decomposition `U diag(S) V^T` of `[m, n]`: `[m, k]`, `[k]` descending and `[k, n]`. Waits
    /// for the device.
    ///
    /// - Throws: `TorchError` if the iteration does not converge, as with elements that are not finite.
    public func singularValueDecomposition() throws(TorchError) -> (u: Tensor, s: Tensor, vTransposed: Tensor) {
        let parts = try decomposed { (matrix) throws(TorchError) in
            var u: ct_tensor?
            var s: ct_tensor?
            var v: ct_tensor?
            guard ct_linalg_svd(matrix.handle, &u, &s, &v) == 0 else { throw .last }
            return [Tensor(u), Tensor(s), Tensor(v)]
        }
        return (parts[0], parts[1], parts[2])
    }

    /// The Moore-Penrose pseudo-inverse of a matrix, `[m, n]` to `[n, m]`, by its singular values, of which those below
    /// `max(m, n)` times the resolution of the element type are taken as zero; differentiable by autograd. Waits for the
    /// device.
    ///
    /// - Throws: `TorchError` if the iteration does not converge, as with elements that are not finite.
    public func pseudoInverse() throws(TorchError) -> Tensor {
        try decomposed { (matrix) throws(TorchError) in
            guard let result = ct_pinv(matrix.handle) else { throw .last }
            return [Tensor(result)]
        }[0]
    }

    /// The parts of an iterative decomposition, which looks whether it converged; what a GPU's does not, the CPU's may.
    private func decomposed(_ decompose: (Tensor) throws(TorchError) -> [Tensor]) throws(TorchError) -> [Tensor] {
        DeviceWaits.add()
        do { return try decompose(self) } catch {
            guard device != .cpu else { throw error }
            return try decompose(to(device: .cpu)).map { $0.to(device: device) }
        }
    }
}
