import Foundation

/// The first bytes of a file in memory, as long as there is a reference: the operating system fetches a page when it is first
/// used, and drops it again when memory is short.
final class FileMapping {
    let address: UnsafeMutableRawPointer
    let byteCount: Int

    /// The bytes, which can be read only.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: address, count: byteCount) }

    /// Maps at least one byte of a file that is open for reading and has as many; it may be closed then.
    ///
    /// The system maps what is not there, too, and ends the program where it is used.
    ///
    /// - Throws: `TorchError` if the system does not map the file.
    init(of descriptor: Int32, byteCount: Int) throws(TorchError) {
        // libtorch's own `from_file` either asks for leave to write to the file or counts all of it as memory in use.
        guard let address = mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
            throw .system(errno)
        }
        self.address = address
        self.byteCount = byteCount
    }

    deinit { munmap(address, byteCount) }
}
