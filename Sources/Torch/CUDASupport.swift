import CTorch

/// What there is of CUDA in this process, and if nothing, why.
package enum CUDASupport: Hashable, Sendable {
    /// This libtorch is built without it.
    case notBuilt
    /// This libtorch has it, and the system has no driver.
    case noDriver(version: CUDAVersion)
    /// There is a driver, and no GPU that it gives to this process.
    case noDevice(version: CUDAVersion)
    /// There are so many GPUs.
    case devices(Int, version: CUDAVersion)

    /// What there is; the first call may take the time in which a driver starts.
    package static var current: CUDASupport {
        let number = Int(ct_cuda_version())
        guard number > 0 else { return .notBuilt }
        let version = CUDAVersion(number: number)
        let count = Int(ct_cuda_device_count())
        guard count == 0 else { return .devices(count, version: version) }
        return ct_cuda_has_driver() ? .noDevice(version: version) : .noDriver(version: version)
    }
}

/// The version of CUDA that a libtorch is built with.
package struct CUDAVersion: Hashable, Sendable, CustomStringConvertible {
    /// As CUDA counts: 12060 for 12.6.
    package let number: Int

    /// A version.
    package init(number: Int) { self.number = number }

    /// `12.6`.
    package var description: String { "\(number / 1000).\(number % 1000 / 10)" }
}

extension CUDASupport: CustomStringConvertible {
    /// Why there is none; nil if there are GPUs.
    package var obstacle: String? {
        switch self {
        case .notBuilt: "this libtorch is built for the CPU alone"
        case .noDriver(let version): "this libtorch is built for CUDA \(version), and there is no driver (libcuda.so.1)"
        case .noDevice(let version): "this libtorch is built for CUDA \(version), and its driver finds no GPU"
        case .devices: nil
        }
    }

    /// Why a GPU cannot be computed on, with those that there are; nil if it can.
    ///
    /// - Parameter index: Its number.
    package func obstacle(to index: Int) -> String? {
        guard case .devices(let count, _) = self else { return obstacle }
        guard index >= count else { return nil }
        return count == 1 ? "there is one GPU, cuda:0" : "there are \(count) GPUs, cuda:0 to cuda:\(count - 1)"
    }

    /// The version and the number of GPUs, or why there are none.
    package var description: String {
        guard case .devices(let count, let version) = self else { return "none: \(obstacle ?? "")" }
        return "\(version), \(count) \(count == 1 ? "GPU" : "GPUs")"
    }
}
