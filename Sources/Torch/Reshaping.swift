import CTorch

extension Tensor {
    /// A copy with a storage of its own.
    public func clone() -> Tensor { Tensor(ct_clone(handle)) }

    /// The same elements in row-major order in memory; the tensor itself if they are already.
    public func contiguous() -> Tensor { Tensor(ct_contiguous(handle)) }

    /// The same images, `[N, C, H, W]`, with the channels of a pixel beside each other in memory; the tensor itself if they are already.
    public func channelsLast() -> Tensor { Tensor(ct_channels_last(handle)) }

    /// The same elements under another shape; one extent may be -1 and follows from the others.
    public func reshaped(_ shape: [Int]) -> Tensor { withExtents(shape) { Tensor(ct_reshape(handle, $0, $1)) } }

    /// A view with the dimensions from `start` to the last, both included, made one.
    public func flattened(from start: Int = 0) -> Tensor { Tensor(ct_flatten(handle, Int64(start), -1)) }

    /// The same elements with the dimensions from the first to `end`, both included, made one.
    public func flattened(upTo end: Int) -> Tensor {
        reshaped([-1] + shape.dropFirst(end + 1))
    }

    /// A view with two dimensions exchanged, by default the last two.
    public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
        Tensor(ct_transpose(handle, Int64(first), Int64(second)))
    }

    /// A view of the entries of `range` along a dimension.
    public func narrowed(_ dimension: Int, to range: Range<Int>) -> Tensor {
        Tensor(ct_narrow(handle, Int64(dimension), Int64(range.lowerBound), Int64(range.count)))
    }

    /// A view of one entry along a dimension, which goes away.
    public func selected(_ dimension: Int, _ index: Int) -> Tensor {
        Tensor(ct_select(handle, Int64(dimension), Int64(index)))
    }

    /// The entries along a dimension that `indices` (`int64`, `[K]`) names, copied.
    public func gathered(_ dimension: Int, _ indices: Tensor) -> Tensor {
        Tensor(ct_index_select(handle, Int64(dimension), indices.handle))
    }

    /// A view with a new dimension of extent 1.
    public func expanded(at dimension: Int) -> Tensor { Tensor(ct_unsqueeze(handle, Int64(dimension))) }

    /// Tensors joined along an existing dimension.
    public static func concatenated(_ tensors: [Tensor], along dimension: Int) -> Tensor {
        withHandles(tensors) { Tensor(ct_cat($0, tensors.count, Int64(dimension))) }
    }

    /// Tensors of one shape joined along a new dimension.
    public static func stacked(_ tensors: [Tensor], along dimension: Int = 0) -> Tensor {
        withHandles(tensors) { Tensor(ct_stack($0, tensors.count, Int64(dimension))) }
    }
}
