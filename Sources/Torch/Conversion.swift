import CTorch

extension Tensor {
    /// The same numbers as another element type, on another device, or both; the tensor itself if nothing changes.
    ///
    /// Waits for a GPU from which numbers come. For up to 16 MB that go to one the program does not wait.
    public func to(dtype: DType? = nil, device: Device? = nil) -> Tensor {
        let (type, target) = ((dtype ?? self.dtype).rawValue, device ?? self.device)
        if self.device != .cpu, target == .cpu { DeviceWaits.add() }
        guard self.device == .cpu, target != .cpu, count * self.dtype.byteCount <= Self.mostPinnedBytes else {
            return Tensor(ct_to(handle, type, target.ctDevice, false))
        }
        // A view would be pinned with all that lies between its elements.
        let pinned = Tensor(ct_pin_memory(contiguous().handle))
        return Tensor(ct_to(pinned.handle, type, target.ctDevice, true))
    }

    /// A GPU fetches by itself from memory that is pinned, which libtorch keeps for the next time: enough for batches and
    /// indices. Whole data sets are moved once, and would leave as much behind.
    private static let mostPinnedBytes = 16 << 20
}
