import Foundation

/// TFRecord files: records one behind the other.
///
/// A record is the number of its bytes (8 bytes), the masked checksum of that number (4), the bytes, and their masked checksum (4);
/// all numbers are little-endian.
enum TFRecord {
    private static let headerSize = 12
    private static let footerSize = 4

    /// A record as a file has it.
    static func framed(_ record: Data) -> Data {
        let length = bytes(of: UInt64(record.count))
        return length + bytes(of: maskedChecksum(of: length)) + record + bytes(of: maskedChecksum(of: record))
    }

    /// The records that a file begins with, up to the first that is torn or damaged.
    static func records(in file: Data) -> [Data] {
        var records: [Data] = []
        var rest = file[...]
        while let record = firstRecord(in: rest) {
            records.append(Data(record))
            rest = rest[(record.endIndex + footerSize)...]
        }
        return records
    }

    private static func firstRecord(in bytes: Data) -> Data? {
        guard bytes.count >= headerSize + footerSize else { return nil }
        let length = bytes.prefix(8)
        guard
            maskedChecksum(of: length) == number(in: bytes.dropFirst(8).prefix(4)),
            let count = Int(exactly: number(in: length) as UInt64),
            count <= bytes.count - headerSize - footerSize
        else { return nil }
        let record = bytes.dropFirst(headerSize).prefix(count)
        guard maskedChecksum(of: record) == number(in: bytes[record.endIndex...].prefix(footerSize)) else { return nil }
        return record
    }

    /// The checksum with its halves swapped and a constant added: one of data that hold checksums themselves is weak.
    static func maskedChecksum(of bytes: Data) -> UInt32 {
        let checksum = CRC32C.checksum(of: bytes)
        return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
    }

    private static func bytes(of number: some FixedWidthInteger) -> Data {
        withUnsafeBytes(of: number.littleEndian) { Data($0) }
    }

    private static func number<Number: FixedWidthInteger>(in bytes: Data) -> Number {
        bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
    }
}
