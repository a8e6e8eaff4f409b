/// The checksum CRC-32C (Castagnoli; RFC 3720, appendix B.4).
enum CRC32C {
    /// What each value of a byte does to the checksum, for the polynomial 0x1EDC6F41 with its bits reversed.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in (value & 1) * 0x82F6_3B78 ^ value >> 1 }
    }

    /// The checksum of bytes.
    static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }
}
