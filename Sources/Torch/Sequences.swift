import CTorch

extension Tensor {
    /// The exponentials of the elements divided by their sum, along the last dimension.
    public func softmax() -> Tensor { Tensor(ct_softmax(handle, -1)) }

    /// The elements on and above a diagonal of the last two dimensions, zeros below; diagonal 1 is the first one above the
    /// main diagonal.
    public func upperTriangle(diagonal: Int = 0) -> Tensor { Tensor(ct_triu(handle, Int64(diagonal))) }

    /// `self = keep self + scale first second` for each matrix of stacks `[B, m, n]`, `[B, m, k]` and `[B, k, n]`.
    public func addMatmulsInPlace(_ first: Tensor, _ second: Tensor, scale: Double = 1, keep: Double = 1) {
        check(ct_baddbmm_(handle, first.handle, second.handle, keep, scale))
    }
}

extension Kernels {
    // MARK: Layer normalization

    /// The last dimension shifted and scaled to mean 0 and variance 1, times a weight, plus a bias; differentiable by
    /// autograd any number of times.
    ///
    /// - Parameters:
    ///   - x: `[..., D]`.
    ///   - weight: `[D]`; nil stands for ones.
    ///   - bias: `[D]`; nil stands for zeros.
    ///   - epsilon: Added to the variance.
    /// - Returns: The output, `[..., D]`, and the means and the reciprocals of the standard deviations, `[..., 1]`.
    public static func layerNormalization(
        _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Double
    ) -> (output: Tensor, mean: Tensor, reciprocalDeviation: Tensor) {
        var output: ct_tensor?
        var mean: ct_tensor?
        var deviation: ct_tensor?
        check(
            ct_native_layer_norm(
                x.handle, Int64(x.size(-1)), weight?.handle, bias?.handle, epsilon, &output, &mean, &deviation))
        return (Tensor(output), Tensor(mean), Tensor(deviation))
    }

    /// The pull-back of `cotangent` (`[..., D]`) through `layerNormalization`.
    ///
    /// - Parameters:
    ///   - cotangent: dL/d(output).
    ///   - input: The input, `[..., D]`.
    ///   - mean: What the forward pass returned.
    ///   - reciprocalDeviation: What the forward pass returned.
    ///   - weight: The weight, `[D]`; nil stands for ones.
    ///   - bias: The bias, `[D]`, if there is one.
    ///   - needs: Which of the gradients to compute.
    public static func layerNormalizationPullback(
        _ cotangent: Tensor, input: Tensor, mean: Tensor, reciprocalDeviation: Tensor, weight: Tensor?, bias: Tensor?,
        needs: (input: Bool, weight: Bool, bias: Bool)
    ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
        var results: (ct_tensor?, ct_tensor?, ct_tensor?)
        let status = withUnsafeTemporaryAllocation(of: Bool.self, capacity: 3) { wants in
            wants[0] = needs.input
            wants[1] = needs.weight
            wants[2] = needs.bias
            return ct_native_layer_norm_backward(
                cotangent.handle, input.handle, Int64(input.size(-1)), mean.handle, reciprocalDeviation.handle,
                weight?.handle, bias?.handle, wants.baseAddress, &results.0, &results.1, &results.2)
        }
        check(status)
        return (results.0.map { Tensor($0) }, results.1.map { Tensor($0) }, results.2.map { Tensor($0) })
    }

    // MARK: Embedding

    /// The rows of `weight` (`[V, D]`) that `indices` (`int64`, any shape) name: `[..., D]`; differentiable by autograd.
    public static func embedding(_ weight: Tensor, indices: Tensor) -> Tensor {
        Tensor(ct_embedding(weight.handle, indices.handle))
    }

    /// The pull-back of `cotangent` (`[..., D]`) through `embedding` to the weight, `[V, D]`.
    public static func embeddingPullback(_ cotangent: Tensor, indices: Tensor, vocabulary: Int) -> Tensor {
        Tensor(ct_embedding_dense_backward(cotangent.handle, indices.handle, Int64(vocabulary)))
    }

    // MARK: Attention

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
