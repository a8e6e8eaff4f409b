/// The bytes of a word with what it is looked up by.
struct WordBytes {
    let bytes: UnsafeBufferPointer<UInt8>
    /// The first eight bytes, with zeros where there are fewer.
    let head: UInt64
    /// A hash of all bytes.
    let hash: UInt32

    // Another one in each process: so nobody can make a file whose words all have the same hash.
    private static let seed = UInt64.random(in: 0...UInt64.max)

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        func block(at position: Int) -> UInt64 {
            // No bytes may have no address.
            guard let start = bytes.baseAddress else { return 0 }
            return ByteBlock(at: start + position, upTo: start + bytes.count).bits
        }
        let head = block(at: 0)
        var state = Self.mixed(Self.seed, head)
        // A word that fills a block has another one behind it, perhaps an empty one.
        for position in stride(from: ByteBlock.count, through: bytes.count, by: ByteBlock.count) {
            state = Self.mixed(state, block(at: position))
        }
        self.init(bytes, head: head, state: state)
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>, head: UInt64, state: UInt64) {
        self.bytes = bytes
        self.head = head
        hash = UInt32(truncatingIfNeeded: state)
    }

    @inline(__always)
    private static func mixed(_ state: UInt64, _ block: UInt64) -> UInt64 {
        // Both halves of the product, since its lower bits do not depend on the upper ones of a factor.
        let product = (state ^ block).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }

    /// Calls `body` with the words of a line without control characters, which blanks and tabs separate.
    @inline(__always)
    static func forEach(in line: UnsafeBufferPointer<UInt8>, _ body: (WordBytes) -> Void) {
        guard var position = line.baseAddress else { return }
        let end = position + line.count
        let seed = seed
        while position < end {
            let start = position
            var (block, count) = ByteBlock(at: position, upTo: end).firstWord
            let head = block
            var state = mixed(seed, block)
            position += count
            while count == ByteBlock.count {
                (block, count) = ByteBlock(at: position, upTo: end).firstWord
                state = mixed(state, block)
                position += count
            }
            if position > start {
                let bytes = UnsafeBufferPointer(start: start, count: start.distance(to: position))
                body(WordBytes(bytes, head: head, state: state))
            }
            position += 1
        }
    }
}

extension ByteBlock {
    /// The bytes before the first blank, tab or zero, and how many they are.
    @inline(__always)
    fileprivate var firstWord: (bits: UInt64, count: Int) {
        // There are no other control characters, so a byte is one of these if it is less than 33.
        let marks = (bits &- Self.all(33)) & ~bits & Self.all(0x80)
        // All bits below those of the first marked byte; all if none is.
        let first = marks & (0 &- marks)
        return (bits & ((first >> 7) &- 1), Self.count(before: marks))
    }
}
