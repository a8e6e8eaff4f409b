import CTorch

extension Tensor {
    /// The elements on and above a diagonal of the last two dimensions, zeros below; diagonal 1 is the first one above the
    /// main diagonal.
    public func upperTriangle(diagonal: Int = 0) -> Tensor { Tensor(ct_triu(handle, Int64(diagonal))) }

    /// The matrix product; leading dimensions broadcast.
    public func matmul(_ other: Tensor) -> Tensor {
        other.rank == 2 && rank == 2 && size(1) == other.size(0) && isFaster(byOneDNN: other, columns: other.size(1))
            ? linearByOneDNN(other.transposed(), nil) : Tensor(ct_matmul(handle, other.handle))
    }

    /// The product of each two matrices of stacks, `[B, m, k]` and `[B, k, n]` to `[B, m, n]`: one operation, where `matmul` takes
    /// several to see what broadcasts.
    public func matmuls(_ other: Tensor) -> Tensor { Tensor(ct_bmm(handle, other.handle)) }

    /// The product of three matrices, in the order that is less work.
    public func matmul(_ second: Tensor, _ third: Tensor) -> Tensor {
        let (m, k, n, d) = (size(0), size(1), second.size(1), third.size(1))
        return m * n * (k + d) <= k * d * (n + m) ? matmul(second).matmul(third) : matmul(second.matmul(third))
    }

    /// `keep self + scale first second` for matrices.
    public func addingMatmul(_ first: Tensor, _ second: Tensor, scale: Double = 1, keep: Double = 1) -> Tensor {
        Tensor(ct_addmm(handle, first.handle, second.handle, keep, scale))
    }

    /// `self weight^T + bias`: `[..., in]` with `weight` `[out, in]` and `bias` `[out]` to `[..., out]`.
    public func linear(_ weight: Tensor, _ bias: Tensor?) -> Tensor {
        // What does not fit, or is broadcast, is libtorch's to say.
        guard weight.rank == 2, rank > 1, size(-1) == weight.size(1),
            bias.map({ $0.rank == 1 && $0.count == weight.size(0) && $0.dtype == dtype }) ?? true
        else { return Tensor(ct_linear(handle, weight.handle, bias?.handle)) }
        if bias?.isFollowed != true, isFaster(byOneDNN: weight, columns: weight.size(0)) {
            return linearByOneDNN(weight, bias)
        }
        return isFewRows(for: weight)
            ? fewRowsLinear(weight, bias) : Tensor(ct_linear(handle, weight.handle, bias?.handle))
    }

    /// `self = keep self + scale first second` for matrices, in one pass over `self`.
    public func addMatmulInPlace(_ first: Tensor, _ second: Tensor, scale: Double = 1, keep: Double = 1) {
        check(ct_addmm_(handle, first.handle, second.handle, keep, scale))
    }

    /// `self = keep self + scale first second` for each matrix of stacks `[B, m, n]`, `[B, m, k]` and `[B, k, n]`.
    public func addMatmulsInPlace(_ first: Tensor, _ second: Tensor, scale: Double = 1, keep: Double = 1) {
        check(ct_baddbmm_(handle, first.handle, second.handle, keep, scale))
    }

    /// `self = keep self + scale matrix vector`.
    public func addMatrixVectorInPlace(_ matrix: Tensor, _ vector: Tensor, scale: Double = 1, keep: Double = 1) {
        check(ct_addmv_(handle, matrix.handle, vector.handle, keep, scale))
    }

    /// `self = first second` for matrices.
    public func setMatmul(_ first: Tensor, _ second: Tensor) {
        check(ct_mm_out(handle, first.handle, second.handle))
    }
}
