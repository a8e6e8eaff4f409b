/// Eight bytes of a text in one number, the first in its lowest bits: they are looked at together.
///
/// Where a test marks bytes, it sets the top bit of each that passes. Those behind the first that passes may be marked
/// wrongly, since sums carry over to the next byte.
struct ByteBlock {
    let bits: UInt64

    /// The number of bytes.
    static let count = 8

    /// The bytes at `position`, and zeros in the place of those from `end` on.
    @inline(__always)
    init(at position: UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>) {
        let available = position.distance(to: end)
        bits =
            available >= Self.count
            ? UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
            : Self.first(available, at: position)
    }

    @inline(never)
    private static func first(_ count: Int, at position: UnsafePointer<UInt8>) -> UInt64 {
        (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(position[$1]) }
    }

    /// Eight times the same byte.
    @inline(__always)
    static func all(_ byte: UInt8) -> UInt64 { 0x0101_0101_0101_0101 &* UInt64(byte) }

    /// How many bytes come before the first that is marked.
    @inline(__always)
    static func count(before marks: UInt64) -> Int { marks.trailingZeroBitCount >> 3 }
}
