import CTorch

extension Tensor {
    /// Runs a body in which tensors have the elements of others of their shapes; afterwards each has its own again, to the last
    /// bit.
    ///
    /// Nothing is copied, but for tensors of whose storage there are other views: these would not see the exchange. The versions
    /// of the tensors stay what they were, unlike after a write.
    ///
    /// - Parameters:
    ///   - tensors: Whose elements are exchanged, each once.
    ///   - others: The elements for the time being, as many. They are not to be used in the body, nor written to afterwards.
    ///   - body: What is run.
    /// - Returns: What the body returns.
    package static func exchanging<Result>(
        _ tensors: [Tensor], with others: [Tensor], _ body: () throws -> Result
    ) rethrows -> Result {
        require(tensors.count == others.count, "\(others.count) tensors in the place of \(tensors.count)")
        var copies: [(tensor: Tensor, copy: Tensor)] = []
        var exchanged: [(Tensor, Tensor)] = []
        for (tensor, other) in zip(tensors, others) {
            require(
                tensor.shape == other.shape && tensor.dtype == other.dtype,
                "a tensor of shape \(other.shape) in the place of one of \(tensor.shape)")
            if ct_owns_storage(tensor.handle) {
                check(ct_swap_storage(tensor.handle, other.handle))
                exchanged.append((tensor, other))
            } else {
                copies.append((tensor, tensor.clone()))
                tensor.copy(from: other)
            }
        }
        defer {
            for (tensor, other) in exchanged { check(ct_swap_storage(tensor.handle, other.handle)) }
            // Last to first: of views that overlap, the one that was copied first has what was there first.
            for (tensor, copy) in copies.reversed() { tensor.copy(from: copy) }
        }
        return try body()
    }
}
