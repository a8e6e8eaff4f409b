import CTorch

extension Tensor {
    /// `e^A = I + A + A^2 / 2 + ...` of a square matrix, or of each one of a batch, `[..., d, d]`; differentiable by
    /// autograd.
    public func matrixExponential() -> Tensor { Tensor(ct_matrix_exp(handle)) }
}
