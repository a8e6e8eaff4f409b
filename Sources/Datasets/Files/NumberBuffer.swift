import Foundation
import Torch

/// Numbers in one piece of memory that grows as they arrive.
///
/// Room is made for many of them at once, so that none has to be asked whether there is any. Memory in which no number was
/// written is not used, however much of it there is.
struct NumberBuffer<Number: TensorElement>: ~Copyable {
    /// The numbers that were added.
    private(set) var count = 0
    /// The file that they come from, for error messages.
    private let path: String
    private var memory = UnsafeMutableBufferPointer<Number>(start: nil, count: 0)

    init(path: String) { self.path = path }

    deinit { free(memory.baseAddress) }

    /// The numbers as they are in memory.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: memory.prefix(count))) }

    /// Makes room for more numbers behind those that there are, and returns where it is; the next call may move it.
    mutating func reserve(_ additional: Int) throws(DatasetError) -> UnsafeMutablePointer<Number> {
        if count + additional > memory.count || memory.isEmpty {
            let capacity = max(1 << 16, 2 * memory.count, count + additional)
            // For large blocks the C library moves pages instead of copying bytes.
            guard let address = realloc(memory.baseAddress, capacity * MemoryLayout<Number>.stride) else {
                throw .file(path: path, .unreadable("out of memory"))
            }
            memory = UnsafeMutableBufferPointer(start: address.assumingMemoryBound(to: Number.self), count: capacity)
        }
        return memory.baseAddress! + count
    }

    /// Adds the numbers that were written where `reserve` made room for at least as many.
    mutating func add(_ written: Int) { count += written }

    /// The numbers in a tensor.
    func tensor(shape: [Int]) -> Tensor { Tensor(bytes: bytes, shape: shape, dtype: Number.dtype) }
}
