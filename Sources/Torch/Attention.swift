import CTorch

extension Tensor {
    /// The exponentials of the elements divided by their sum, along the last dimension.
    public func softmax() -> Tensor { Tensor(ct_softmax(handle, -1)) }
}

extension Kernels {
    /// The pull-back of `cotangent` through `softmax`, given its output P: `P (c - sum(P c))`. The Jacobian is symmetric, so
    /// that this is the pushforward too.
    public static func softmaxDerivative(_ cotangent: Tensor, output: Tensor) -> Tensor {
        Tensor(ct_softmax_backward(cotangent.handle, output.handle, -1))
    }

    /// `softmax(Q K^T / sqrt(d)) V` on the CPU, without ever holding the softmax of a whole sequence.
    ///
    /// - Parameters:
    ///   - queries: Q, `[N, H, T, d]`.
    ///   - keys: K, `[N, H, T, d]`.
    ///   - values: V, `[N, H, T, d]`.
    ///   - isCausal: Whether a token sees only those up to itself.
    /// - Returns: The output, `[N, H, T, d]`, which lies in memory as `[N, T, H, d]`, and the logarithms of the sums of
    ///   the exponentials, `[N, H, T]`, which the pull-back needs.
    public static func flashAttention(
        queries: Tensor, keys: Tensor, values: Tensor, isCausal: Bool
    ) -> (output: Tensor, logarithmicSums: Tensor) {
        var output: ct_tensor?
        var sums: ct_tensor?
        check(
            ct_flash_attention_for_cpu(queries.handle, keys.handle, values.handle, isCausal, &output, &sums))
        return (Tensor(output), Tensor(sums))
    }

    /// The pull-back of `cotangent` (`[N, H, T, d]`) through `flashAttention`: those of the queries, keys and values,
    /// `[N, H, T, d]` each, which lie in memory as `[N, T, H, d]`.
    public static func flashAttentionPullback(
        _ cotangent: Tensor, queries: Tensor, keys: Tensor, values: Tensor, output: Tensor, logarithmicSums: Tensor,
        isCausal: Bool
    ) -> (queries: Tensor, keys: Tensor, values: Tensor) {
        var results: (ct_tensor?, ct_tensor?, ct_tensor?)
        check(
            ct_flash_attention_for_cpu_backward(
                cotangent.handle, queries.handle, keys.handle, values.handle, output.handle, logarithmicSums.handle,
                isCausal, &results.0, &results.1, &results.2))
        return (Tensor(results.0), Tensor(results.1), Tensor(results.2))
    }
}
