import CTorch

extension Tensor {
    /// The same numbers as another element type, on another device, or both; the tensor itself if nothing changes.
    ///
    /// Waits for the device from which numbers come to the CPU. What goes to a GPU, it fetches when it comes to it, and
    /// the program does not wait.
    public func to(dtype: DType? = nil, device: Device? = nil) -> Tensor {
        let (type, target) = ((dtype ?? self.dtype).rawValue, device ?? self.device)
        if self.device != .cpu, target == .cpu { DeviceWaits.add() }
        guard self.device == .cpu, target != .cpu, count * self.dtype.byteCount <= Self.mostPinnedBytes else {
            return Tensor(ct_to(handle, type, target.ctDevice, false))
        }
        let pinned = Tensor(ct_pin_memory(handle))
        return Tensor(ct_to(pinned.handle, type, target.ctDevice, true))
    }

    /// A GPU fetches by itself from memory that is pinned, which libtorch keeps for the next time: enough for batches and
    /// indices. Whole data sets are moved once, and would leave as much behind.
    private static let mostPinnedBytes = 16 << 20
}
