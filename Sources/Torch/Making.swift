import CTorch

extension Tensor {
    /// A tensor of the given elements in row-major order.
    public init<Element: TensorElement>(_ elements: [Element], shape: [Int]) {
        require(
            shape.reduce(1, *) == elements.count, "\(elements.count) elements do not fill a tensor of shape \(shape)")
        self = elements.withUnsafeBytes { Tensor(bytes: $0, shape: shape, dtype: Element.dtype) }
    }

    /// A vector, `[elements.count]`.
    public init<Element: TensorElement>(_ elements: [Element]) { self.init(elements, shape: [elements.count]) }

    /// A tensor of rank 0.
    public init(_ value: Double, dtype: DType = .float32, device: Device = .cpu) {
        self = .full([], value, dtype: dtype, device: device)
    }

    /// A tensor whose elements are copied from memory in row-major order.
    public init(bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) {
        let expected = shape.reduce(dtype.byteCount, *)
        require(bytes.count == expected, "\(bytes.count) bytes for shape \(shape) of \(dtype): \(expected) needed")
        var none: UInt8 = 0
        self = withExtents(shape) { extents, rank in
            withUnsafeBytes(of: &none) { placeholder in
                Tensor(ct_from_bytes(bytes.baseAddress ?? placeholder.baseAddress, extents, rank, dtype.rawValue))
            }
        }
    }

    /// A tensor with whatever was in memory.
    public static func empty(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
        withExtents(shape) { Tensor(ct_empty($0, $1, dtype.rawValue, device.ctDevice)) }
    }

    /// A tensor with the shape, element type and device of another tensor, whose elements are to be written.
    package static func empty(like other: Tensor) -> Tensor {
        empty(other.shape, dtype: other.dtype, device: other.device)
    }

    /// A tensor whose elements are all `value`.
    public static func full(_ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu) -> Tensor {
        withExtents(shape) { Tensor(ct_full($0, $1, value, dtype.rawValue, device.ctDevice)) }
    }

    /// A tensor of zeros.
    public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
        full(shape, 0, dtype: dtype, device: device)
    }

    /// A tensor of ones.
    public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
        full(shape, 1, dtype: dtype, device: device)
    }

    /// Zeros with the shape, element type and device of another tensor.
    public static func zeros(like other: Tensor) -> Tensor {
        zeros(other.shape, dtype: other.dtype, device: other.device)
    }

    /// `0, 1, ..., end - 1` as `int64`, `[end]`.
    public static func range(_ end: Int, device: Device = .cpu) -> Tensor {
        Tensor(ct_arange(Int64(end), DType.int64.rawValue, device.ctDevice))
    }

    /// The identity matrix, `[size, size]`.
    public static func identity(_ size: Int, dtype: DType = .float32, device: Device = .cpu) -> Tensor {
        Tensor(ct_eye(Int64(size), Int64(size), dtype.rawValue, device.ctDevice))
    }
}
