import Foundation

/// Bytes in one piece of memory that grows as they arrive.
///
/// How many there will be is known only from a header that may lie, so memory is never claimed on its word: a buffer
/// is at most twice as large as what was read, save for the first block.
struct ByteBuffer: ~Copyable {
    private var memory: UnsafeMutableRawBufferPointer

    /// The bytes that were read.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory.prefix(count)) }
    /// The number of bytes that were read.
    private(set) var count = 0

    /// Reads `limit` bytes (at least 1), or all if the stream has fewer.
    init(readingUpTo limit: Int, from stream: some ByteStream) throws(DatasetError) {
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        while count == memory.count && count < limit {
            // For large blocks the C library moves pages instead of copying bytes.
            let capacity = min(limit, max(1 << 20, 2 * count))
            guard let address = realloc(memory.baseAddress, capacity) else {
                throw .file(path: stream.path, .unreadable("out of memory"))
            }
            memory = UnsafeMutableRawBufferPointer(start: address, count: capacity)
            count += try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
        }
    }

    deinit { free(memory.baseAddress) }
}
