import CTorch
import Foundation

extension Tensor {
    /// A tensor on the CPU whose elements are the first bytes of a file, in row-major order and the byte order of the
    /// machine.
    ///
    /// The file is mapped, not read: the operating system fetches a page when an element in it is first used, and drops
    /// it again when memory is short. So a tensor may be larger than memory.
    ///
    /// The elements can be read only; writing to them ends the program. The file must not become shorter while the
    /// tensor or a view of it lives. It may be renamed or removed: its data stay until then.
    ///
    /// - Parameters:
    ///   - descriptor: The file, open for reading; the caller may close it as soon as there is a tensor.
    ///   - shape: The shape, with at least one element.
    ///   - dtype: The element type.
    /// - Throws: `TorchError` if the file is shorter than the elements, or the operating system does not map it.
    public init(mapping descriptor: Int32, shape: [Int], dtype: DType) throws(TorchError) {
        let byteCount = shape.reduce(dtype.byteCount, *)
        require(byteCount > 0, "a mapped tensor of shape \(shape)")
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(errno) }
        guard status.st_size >= byteCount else {
            throw TorchError(
                description: "\(status.st_size) bytes in the file, \(byteCount) needed for shape \(shape) of \(dtype)")
        }
        let mapping = Unmanaged.passRetained(try FileMapping(of: descriptor, byteCount: byteCount))
        let address = mapping.takeUnretainedValue().address
        self = withExtents(shape) { extents, rank in
            Tensor(
                ct_from_blob(
                    address, extents, rank, dtype.rawValue, { Unmanaged<FileMapping>.fromOpaque($0!).release() },
                    mapping.toOpaque()))
        }
    }
}
