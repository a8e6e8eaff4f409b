import Foundation

/// A message of Protocol Buffers as bytes, as far as TensorBoard's events take it: numbered fields one behind the other.
struct ProtocolBuffer {
    /// The fields, in their order.
    private(set) var fields: [(number: Int, value: Value)]

    /// What a field holds, by its wire type.
    enum Value: Equatable {
        /// An integer, in as many bytes as it needs.
        case variable(UInt64)
        /// The 64 bits of a `double`.
        case fixed64(UInt64)
        /// A text or a message.
        case bytes(Data)
        /// The 32 bits of a `float`.
        case fixed32(UInt32)
    }

    /// A message of fields.
    init(_ fields: [(number: Int, value: Value)]) { self.fields = fields }

    /// The message.
    var data: Data {
        fields.reduce(into: Data()) { data, field in
            func append(_ wireType: UInt64) { Self.append(UInt64(field.number) << 3 | wireType, to: &data) }
            switch field.value {
            case .variable(let number):
                append(0)
                Self.append(number, to: &data)
            case .fixed64(let bits):
                append(1)
                withUnsafeBytes(of: bits.littleEndian) { data.append(contentsOf: $0) }
            case .bytes(let bytes):
                append(2)
                Self.append(UInt64(bytes.count), to: &data)
                data.append(bytes)
            case .fixed32(let bits):
                append(5)
                withUnsafeBytes(of: bits.littleEndian) { data.append(contentsOf: $0) }
            }
        }
    }

    /// Seven bits to a byte, the lowest first; all bytes but the last have the highest bit set.
    private static func append(_ number: UInt64, to data: inout Data) {
        var rest = number
        while rest >= 0x80 {
            data.append(UInt8(rest & 0x7F | 0x80))
            rest >>= 7
        }
        data.append(UInt8(rest))
    }

    /// Reads a message; nil if it is none, or has groups, which are long out of use.
    init?(_ data: Data) {
        fields = []
        var rest = data[...]
        while !rest.isEmpty {
            guard let tag = Self.variable(in: &rest) else { return nil }
            let value: Value
            switch tag & 7 {
            case 0:
                guard let number = Self.variable(in: &rest) else { return nil }
                value = .variable(number)
            case 1:
                guard let bits = Self.bits(64, in: &rest) else { return nil }
                value = .fixed64(bits)
            case 2:
                guard let count = Self.variable(in: &rest), count <= rest.count else { return nil }
                value = .bytes(Data(rest.prefix(Int(count))))
                rest = rest.dropFirst(Int(count))
            case 5:
                guard let bits = Self.bits(32, in: &rest) else { return nil }
                value = .fixed32(UInt32(bits))
            default: return nil
            }
            fields.append((Int(tag >> 3), value))
        }
    }

    private static func variable(in data: inout Data) -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = data.popFirst() else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }

    private static func bits(_ count: Int, in data: inout Data) -> UInt64? {
        let bytes = data.prefix(count / 8)
        guard bytes.count == count / 8 else { return nil }
        data = data.dropFirst(count / 8)
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
