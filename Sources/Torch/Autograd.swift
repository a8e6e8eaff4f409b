import CTorch

extension Tensor {
    /// Whether autograd follows operations on this tensor.
    public var requiresGradient: Bool {
        get { ct_requires_grad(handle) }
        nonmutating set { check(ct_set_requires_grad(handle, newValue)) }
    }

    /// Whether autograd records what is done with this tensor now.
    public var isFollowed: Bool { requiresGradient && ct_grad_enabled() }

    /// The same storage, cut off from the graph that computed it.
    public func detached() -> Tensor { Tensor(ct_detach(handle)) }
}

/// Runs `body` with autograd recording switched off, on this thread.
public func withoutGradients<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    let before = ct_grad_enabled()
    ct_set_grad_enabled(false)
    defer { ct_set_grad_enabled(before) }
    return try body()
}

/// Runs `body` while autograd follows the given tensors, which must be leaves (not the results of followed operations).
public func withGradients<Result, Failure: Error>(
    of tensors: [Tensor], _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    let before = ct_grad_enabled()
    let followed = tensors.map(\.requiresGradient)
    ct_set_grad_enabled(true)
    for tensor in tensors { tensor.requiresGradient = true }
    defer {
        for (tensor, value) in zip(tensors, followed) { tensor.requiresGradient = value }
        ct_set_grad_enabled(before)
    }
    return try body()
}

/// The vector-Jacobian product by autograd: the gradients of `<output, cotangent>` with respect to `inputs`.
///
/// - Parameters:
///   - output: What was computed from the inputs while they were followed.
///   - inputs: Leaves or results of followed operations.
///   - cotangent: Of the shape of `output`; nil for a scalar output stands for 1.
///   - retainGraph: Whether the graph is needed again.
///   - createGraph: Whether the result can be differentiated in turn.
/// - Returns: One tensor for each input, zeros for an input that the output does not depend on.
public func gradient(
    of output: Tensor, with inputs: [Tensor], cotangent: Tensor? = nil, retainGraph: Bool = false,
    createGraph: Bool = false
) -> [Tensor] {
    // The output does not depend on anything followed: libtorch calls that an error, mathematics calls it zero.
    guard output.requiresGradient else { return inputs.map(Tensor.zeros(like:)) }
    var results = [ct_tensor?](repeating: nil, count: inputs.count)
    let status = withHandles([output]) { outputs in
        withHandles(inputs) { inputs_ in
            withHandles(cotangent.map { [$0] } ?? []) { cotangents in
                ct_grad(
                    outputs, cotangent == nil ? nil : cotangents, 1, inputs_, inputs.count,
                    retainGraph || createGraph, createGraph, &results)
            }
        }
    }
    check(status)
    return zip(results, inputs).map { result, input in result.map { Tensor($0) } ?? Tensor.zeros(like: input) }
}
