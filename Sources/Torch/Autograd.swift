import CTorch
import Synchronization

extension Tensor {
    /// Whether autograd follows operations on this tensor.
    public var requiresGradient: Bool {
        get { ct_requires_grad(handle) }
        nonmutating set { check(ct_set_requires_grad(handle, newValue)) }
    }

    /// Whether autograd records what is done with this tensor now.
    public var isFollowed: Bool { requiresGradient && ct_grad_enabled() }

    /// A number that every write in place to the storage raises. A graph that autograd recorded can be used as long as the
    /// versions of what it read are the same.
    public var version: Int { Int(ct_tensor_version(handle)) }

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

/// How many calls of `withGradients` follow a tensor now, by its address, in all threads, and whether it was followed before the first.
///
/// Whether a tensor is followed is a property of the tensor, not of the thread: the last of the calls sets it back.
private let followers = Mutex<[Int: (count: Int, before: Bool)]>([:])

extension Tensor {
    /// What tells tensors apart for as long as they live.
    fileprivate var address: Int { Int(bitPattern: handle) }
}

/// Runs `body` while autograd follows the given tensors, which must be leaves (not the results of followed operations).
///
/// Threads may follow the same tensors at the same time.
public func withGradients<Result, Failure: Error>(
    of tensors: [Tensor], _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    let before = ct_grad_enabled()
    ct_set_grad_enabled(true)
    followers.withLock { followers in
        for tensor in tensors {
            let known = followers[tensor.address] ?? (0, tensor.requiresGradient)
            followers[tensor.address] = (known.count + 1, known.before)
            if known.count == 0 { tensor.requiresGradient = true }
        }
    }
    defer {
        followers.withLock { followers in
            for tensor in tensors {
                let known = followers[tensor.address]!
                followers[tensor.address] = known.count > 1 ? (known.count - 1, known.before) : nil
                if known.count == 1 { tensor.requiresGradient = known.before }
            }
        }
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
