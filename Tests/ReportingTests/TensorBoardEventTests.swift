import Foundation
import Testing

@testable import Reporting

/// The bytes of TensorBoard's event files.
@Suite struct TensorBoardEventTests {
    private let event = TensorBoardEvent(
        wallTime: 1_234_567_890.25, step: 300, scalars: [.init("loss/train", 0.5), .init("t", -2)])

    private func bytes(_ hexadecimal: String) -> Data {
        let digits = Array(hexadecimal)
        return Data(
            stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...($0 + 1)]), radix: 16)! })
    }

    @Test("CRC-32C of the vectors of RFC 3720, appendix B.4, and of the digits that catalogues of checksums have")
    func checksums() {
        #expect(CRC32C.checksum(of: "123456789".utf8) == 0xE306_9283)
        #expect(CRC32C.checksum(of: [UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum(of: [UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum(of: (0..<32).map { UInt8($0) }) == 0x46DD_794E)
        #expect(CRC32C.checksum(of: (0..<32).reversed().map { UInt8($0) }) == 0x113F_DB5C)
        #expect(CRC32C.checksum(of: []) == 0)
    }

    @Test("A record has the bytes that TensorBoard's own writer gives it")
    func record() {
        #expect(
            event.record
                == bytes(
                    "2b00000000000000861bc34b09000090b48065d24110ac022a1d0a110a0a6c6f73732f747261696e150000003f"
                        + "0a080a017415000000c04fca8215"))
        let first = TensorBoardEvent.firstRecord(wallTime: 1.5)
        #expect(TFRecord.records(in: first) == [bytes("09000000000000f83f1a0d627261696e2e4576656e743a32")])
    }

    @Test("What was written is read, steps below zero and numbers that are not finite too")
    func roundTrip() {
        let events = [
            event, TensorBoardEvent(wallTime: 0, step: -1, scalars: [.init("a", .infinity)]),
            TensorBoardEvent(wallTime: 1, step: .max, scalars: [.init("ü/b", 1e-40), .init("", 3)]),
        ]
        let file = events.reduce(TensorBoardEvent.firstRecord(wallTime: 0)) { $0 + $1.record }
        #expect(TensorBoardEvent.events(in: file) == events)
        let diverged = TensorBoardEvent(wallTime: 1, step: 2, scalars: [.init("a", .nan)])
        #expect(TensorBoardEvent.events(in: diverged.record)[0].scalars[0].value.isNaN)
    }

    @Test("A file is read up to what is torn, wherever that is")
    func torn() {
        let file = event.record + event.record
        for count in 0..<file.count {
            let whole = count < event.record.count ? 0 : 1
            #expect(TFRecord.records(in: file.prefix(count)).count == whole, "\(count) bytes")
        }
        // The indices of a part of other bytes do not begin at zero.
        #expect(TensorBoardEvent.events(in: (Data([7]) + file).dropFirst()) == [event, event])
    }

    @Test("A record with any bit changed is none")
    func damaged() {
        for place in event.record.indices {
            for bit in 0..<8 {
                var file = event.record
                file[place] ^= 1 << bit
                #expect(TFRecord.records(in: file).isEmpty, "bit \(bit) of byte \(place)")
            }
        }
    }

    @Test("Messages that are none are refused, and fields that nobody asks for are left out")
    func messages() throws {
        // A length beyond the end, an integer without an end, a group, half a number.
        for message in ["0a05", "08ff", "08ffffffffffffffffffff01", "0b", "0900", "1500"] {
            #expect(ProtocolBuffer(bytes(message)) == nil, "\(message)")
        }
        let fields = try #require(ProtocolBuffer(bytes("08ac0212016115000000c0"))).fields
        #expect(fields.map(\.number) == [1, 2, 2])
        #expect(fields.map(\.value) == [.variable(300), .bytes(Data("a".utf8)), .fixed32(0xC000_0000)])
        let other = TFRecord.framed(bytes("2203000000"))
        #expect(TensorBoardEvent.events(in: other + event.record) == [event])
    }
}
