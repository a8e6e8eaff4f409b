import Foundation

/// The heap of the C library, in which tensors on the CPU lie.
///
/// All of this is of glibc; with another C library the functions do nothing.
public enum Heap {
    /// Keeps what tensors free for those that follow, instead of giving it back to the system; for a program that trains, as `teleport` does.
    ///
    /// By default the end of the heap goes back where it is larger than twice the largest tensor so far. Each step of training then asks for its
    /// activations anew, and the system clears them page by page: a quarter of the time of a convolutional network's teleport, and a tenth of a
    /// transformer's training step. What a process takes at its peak hardly changes by this, but it stays taken until the
    /// process ends. Where the environment has settings for glibc's heap, those stand.
    ///
    /// - Returns: Whether it is kept now.
    @discardableResult
    public static func keepFreedMemory() -> Bool {
        let environment = ProcessInfo.processInfo.environment
        let names = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_"]
        guard !names.contains(where: { environment[$0] != nil }),
            environment["GLIBC_TUNABLES"]?.contains("glibc.malloc") != true
        else { return false }
        // The most that glibc takes for the one, and no end for the other.
        return set(.mappingThreshold, to: 32 << 20) && set(.trimThreshold, to: -1)
    }

    /// From here on, blocks of 64 KB and more are the system's own mappings, which go when they are freed: what a process has is then what
    /// it uses, and large allocations are slow.
    package static func mapLargeBlocks() { set(.mappingThreshold, to: 64 << 10) }

    /// Gives what is not used back to the system.
    package static func trim() { _ = trimFunction?(0) }

    /// The options of `mallopt` by glibc's numbers.
    private enum Option: CInt {
        case trimThreshold = -1
        case mappingThreshold = -3
    }

    @discardableResult
    private static func set(_ option: Option, to value: CInt) -> Bool { setFunction?(option.rawValue, value) == 1 }

    // glibc's module map leaves both out.
    private static let setFunction = dlsym(nil, "mallopt").map {
        unsafeBitCast($0, to: (@convention(c) (CInt, CInt) -> CInt).self)
    }
    private static let trimFunction = dlsym(nil, "malloc_trim").map {
        unsafeBitCast($0, to: (@convention(c) (Int) -> CInt).self)
    }
}
