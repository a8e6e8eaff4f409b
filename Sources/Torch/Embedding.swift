import CTorch

extension Kernels {
    /// The rows of `weight` (`[V, D]`) that `indices` (`int64`, any shape) name: `[..., D]`; differentiable by autograd.
    public static func embedding(_ weight: Tensor, indices: Tensor) -> Tensor {
        Tensor(ct_embedding(weight.handle, indices.handle))
    }

    /// The pull-back of `cotangent` (`[..., D]`) through `embedding` to the weight, `[V, D]`.
    public static func embeddingPullback(_ cotangent: Tensor, indices: Tensor, vocabulary: Int) -> Tensor {
        Tensor(ct_embedding_dense_backward(cotangent.handle, indices.handle, Int64(vocabulary)))
    }
}
