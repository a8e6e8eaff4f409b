import CTorch

/// Where a tensor lives.
public enum Device: Hashable, Sendable, CustomStringConvertible {
    /// Main memory.
    case cpu
    /// The memory of a GPU; they count from 0.
    case cuda(index: Int = 0)

    /// Whether this libtorch has CUDA and finds a GPU.
    public static var cudaIsAvailable: Bool { ct_cuda_is_available() }

    /// `cpu` or `cuda:0`, as PyTorch writes them.
    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        }
    }

    init(_ device: ct_device) {
        switch device.type {
        case 0: self = .cpu
        case 1: self = .cuda(index: Int(device.index))
        default: fatalError("libtorch device type \(device.type) is neither the CPU nor CUDA")
        }
    }

    var ctDevice: ct_device {
        switch self {
        case .cpu: ct_device(type: 0, index: -1)
        case .cuda(let index): ct_device(type: 1, index: Int32(index))
        }
    }
}

/// The libtorch this program runs with.
public enum Libtorch {
    /// Its version, as `2.13.0`.
    public static var version: String { String(cString: ct_version()) }

    /// The file that it was loaded from; nil where the system does not tell.
    package static var file: String? { ct_library_path().map { String(cString: $0) } }

    /// The number of threads that one operation may use, from 1 to 1024.
    public static var threadCount: Int {
        get { Int(ct_get_num_threads()) }
        set {
            require((1...1024).contains(newValue), "Libtorch.threadCount = \(newValue); give 1 to 1024")
            check(ct_set_num_threads(Int32(newValue)), "Libtorch.threadCount")
        }
    }

    /// Runs a body in which one operation uses one thread, as befits matrices so small that threads would wait for each other
    /// longer than they work.
    ///
    /// - Returns: What the body returns.
    package static func withOneThread<Result>(_ body: () throws -> Result) rethrows -> Result {
        let count = threadCount
        threadCount = 1
        defer { threadCount = count }
        return try body()
    }
}
