import CTorch

/// A multi-dimensional array of one element type on one device: libtorch's tensor.
///
/// A `Tensor` is a reference: copies of the struct, and views such as `transposed`, share one storage, and the methods
/// that work in place (their names end in `InPlace`, or are verbs such as `fill`) change it for all of them.
/// Operations on shapes that do not fit are programming errors and trap with libtorch's message, which names the shapes.
///
/// ```swift
/// let x = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
/// let y = x.matmul(x.transposed())  // [2, 2]
/// print(y.sum().item())             // 30.0 + 2 * 11.0
/// ```
public struct Tensor {
    let reference: Reference

    /// One counted reference to a libtorch tensor.
    final class Reference {
        let handle: ct_tensor
        init(_ handle: ct_tensor) { self.handle = handle }
        deinit { ct_tensor_release(handle) }
    }

    /// The handle, valid as long as the tensor: pass only those of parameters, which their caller keeps alive, never that
    /// of a temporary.
    var handle: ct_tensor { reference.handle }

    /// Takes ownership of a handle that an operation returned; traps with libtorch's message if it failed.
    init(_ handle: ct_tensor?, _ operation: StaticString = #function) {
        guard let handle else { trap(operation) }
        reference = Reference(handle)
    }

    /// What tells this tensor from any other one that is alive: copies of the struct share it, views and clones do not.
    package var id: ObjectIdentifier { ObjectIdentifier(reference) }

    // MARK: Shape and type

    /// The number of dimensions.
    public var rank: Int { Int(ct_dim(handle)) }

    /// The extent of each dimension.
    public var shape: [Int] { (0..<ct_dim(handle)).map { Int(ct_size(handle, $0)) } }

    /// The extent of one dimension; a negative one counts from the last.
    public func size(_ dimension: Int) -> Int {
        let rank = self.rank
        require((-rank..<rank).contains(dimension), "dimension \(dimension) of a tensor of shape \(shape)")
        return Int(ct_size(handle, Int32(dimension < 0 ? dimension + rank : dimension)))
    }

    /// The number of elements.
    public var count: Int { Int(ct_numel(handle)) }

    /// The element type.
    public var dtype: DType {
        let code = ct_dtype(handle)
        guard let dtype = DType(rawValue: code) else {
            fatalError("libtorch element type \(code) is not one that this library knows")
        }
        return dtype
    }

    /// Where the elements are.
    public var device: Device { Device(ct_tensor_device(handle)) }

    /// Whether both are views of one storage, so that writing to one may change the other.
    public func sharesStorage(with other: Tensor) -> Bool { ct_shares_storage(handle, other.handle) }

    /// Whether both are one tensor, and not only equal or views of one storage: what tells parameters apart.
    public func isIdentical(to other: Tensor) -> Bool { reference === other.reference }
}

/// Calls a C function that takes a list of handles.
func withHandles<Result>(_ tensors: [Tensor], _ body: (UnsafePointer<ct_tensor?>) -> Result) -> Result {
    withExtendedLifetime(tensors) {
        withUnsafeTemporaryAllocation(of: Optional<ct_tensor>.self, capacity: max(tensors.count, 1)) { handles in
            for (index, tensor) in tensors.enumerated() { handles.initializeElement(at: index, to: tensor.handle) }
            return body(UnsafePointer(handles.baseAddress!))
        }
    }
}

/// Calls a C function that takes a list of extents or dimensions.
func withExtents<Result>(_ extents: [Int], _ body: (UnsafePointer<Int64>, Int) -> Result) -> Result {
    let wide = extents.map(Int64.init)
    return wide.withUnsafeBufferPointer { buffer in
        // An empty list has no address, but libtorch wants one that is not null.
        var none: Int64 = 0
        return withUnsafePointer(to: &none) { body(buffer.baseAddress ?? $0, buffer.count) }
    }
}
