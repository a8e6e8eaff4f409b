import CTorch

/// Where the elements of a tensor lie in memory.
struct TensorLayout: Hashable {
    /// The address of what tells the storage from others.
    let storage: UInt
    /// The addresses from the first element to behind the last one; empty if there are no elements.
    let addresses: Range<UInt>
    /// The extent of each dimension.
    let shape: [Int]
    /// How many elements lie between an entry and the next one along each dimension.
    let strides: [Int]
    /// The element type.
    let dtype: DType

    /// The layout of a tensor, which holds as long as the tensor lives.
    init(of tensor: Tensor) {
        var (storage, begin, end): (UnsafeRawPointer?, UnsafeRawPointer?, UnsafeRawPointer?)
        check(ct_memory(tensor.handle, &storage, &begin, &end))
        self.storage = UInt(bitPattern: storage)
        addresses = UInt(bitPattern: begin)..<UInt(bitPattern: end)
        shape = tensor.shape
        strides = (0..<ct_dim(tensor.handle)).map { Int(ct_stride(tensor.handle, $0)) }
        dtype = tensor.dtype
    }
}

extension Tensor {
    /// Calls `body` with the elements in row-major order and the byte order of the machine.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let elements = to(device: .cpu).contiguous()
        let addresses = TensorLayout(of: elements).addresses
        defer { withExtendedLifetime(elements) {} }
        return try body(
            UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: addresses.lowerBound), count: addresses.count))
    }
}
