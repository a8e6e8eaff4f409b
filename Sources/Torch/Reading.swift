import CTorch

// What makes numbers of elements, for which the program waits.
extension Tensor {
    /// The only element, as a double; traps if there is more than one. Waits for the device.
    public func item() -> Double {
        var value = 0.0
        DeviceWaits.add()
        check(ct_item(handle, &value))
        return value
    }

    /// All elements in row-major order; `Element` must be the tensor's element type. Waits for the device.
    public func elements<Element: TensorElement>(as type: Element.Type = Element.self) -> [Element] {
        require(Element.dtype == dtype, "elements(as: \(Element.self)) of a tensor of \(dtype)")
        DeviceWaits.add()
        return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            check(ct_copy_bytes(handle, buffer.baseAddress, buffer.count * MemoryLayout<Element>.stride))
            initialized = buffer.count
        }
    }

    /// All elements in row-major order, converted to doubles. Waits for the device.
    public func doubles() -> [Double] { to(dtype: .float64).elements() }

    /// Whether no element is infinite or not a number. Waits for the device.
    public func isAllFinite() -> Bool {
        var result = false
        DeviceWaits.add()
        check(ct_all_finite(handle, &result))
        return result
    }
}

extension Sequence where Element == Tensor {
    /// The sum of tensors of rank 0, as a double; 0 if there are none. Waits for the device once.
    public func total() -> Double {
        var sum: Tensor?
        for element in self { if let sum { sum.addInPlace(element) } else { sum = element.clone() } }
        return sum?.item() ?? 0
    }
}

extension Tensor: CustomStringConvertible {
    /// The elements as PyTorch's C++ library prints them.
    public var description: String { String(cString: ct_describe(handle)) }
}
