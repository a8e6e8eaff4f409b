import CTorch

extension Tensor {
    /// `e^A = I + A + A^2 / 2 + ...` of a square matrix, or of each one of a batch, `[..., d, d]`; differentiable by
    /// autograd.
    public func matrixExponential() -> Tensor { Tensor(ct_matrix_exp(handle)) }

    /// The Moore-Penrose pseudo-inverse of a matrix, `[m, n]` to `[n, m]`, by its singular values, of which those below
    /// `max(m, n)` times the resolution of the element type are taken as zero; differentiable by autograd.
    ///
    /// - Throws: `TorchError` if the iteration does not converge, as with elements that are not finite.
    public func pseudoInverse() throws(TorchError) -> Tensor {
        guard let result = ct_pinv(handle) else { throw .last }
        return Tensor(result)
    }
}
