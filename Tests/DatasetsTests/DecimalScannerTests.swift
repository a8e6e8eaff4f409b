import Foundation
import Testing

@testable import Datasets

@Suite struct DecimalScannerTests {
    private let scanner = DecimalScanner()

    /// The number at the start of a text, and how many bytes of the text belong to it.
    private func scan(_ text: String) -> (value: Double?, length: Int) {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { bytes in
            // An empty array may have no address.
            guard let start = bytes.baseAddress else { return (nil, 0) }
            var position = start
            let value = scanner.scan(&position, upTo: start + bytes.count)
            return (value, start.distance(to: position))
        }
    }

    /// Checks that a number becomes the double that the standard library makes of it, and is read to its end.
    private func expectExact(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let (value, length) = scan(text)
        #expect(value?.bitPattern == Double(text)?.bitPattern, "\(text)", sourceLocation: sourceLocation)
        #expect(length == text.utf8.count, "\(text)", sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        "0", "-0", "+0.0", "7", "-7", "+7", "12.5", ".5", "-.25", "3.", "000.100", "14.0", "0.785500", "1e3", "1E3",
        "1.5e-7", "-2.5E+10", "5.827000141143799", "41.13000106811523", "9007199254740993", "9007199254740992.5",
        "9007199254740993.0", "9999999999999999999", "1.8446744073709551615", "18446744073709551615",
        "18446744073709551616", "0.0000000000000000001", "0.9999999999999999999", "0.00000000000000000001",
        "123456789012345678901234567890.123456789", "1e308", "4.9e-324", "2.2250738585072011e-308", "1e-400", "1e400",
        "0.1000000000000000055511151231257827", "0.500000000000000166533453693773481063544750213623046875",
    ])
    func readsTheNearestDouble(text: String) { expectExact(text) }

    @Test func readsRandomNumbersAsTheStandardLibraryDoes() {
        var random = SplitMix64(seed: 23)
        for _ in 0..<30_000 {
            // Up to 19 random digits, with a point anywhere.
            let digits = "\(random.next() >> UInt64(random.integer(below: 60)))".prefix(19)
            let point = random.integer(below: digits.count + 1)
            let sign = ["", "-", "+"][random.integer(below: 3)]
            let exponent = random.integer(below: 8) == 0 ? "e\(random.integer(below: 600) - 300)" : ""
            expectExact(sign + digits.prefix(point) + "." + digits.dropFirst(point) + exponent)
        }
    }

    @Test func readsWhatTheStandardLibraryWrites() {
        var random = SplitMix64(seed: 29)
        for _ in 0..<10_000 {
            let value = Double(bitPattern: random.next())
            if value.isFinite { expectExact("\(value)") }
            let ordinary = Double(Int64(bitPattern: random.next())) * 0x1p-60
            expectExact("\(ordinary)")
        }
    }

    /// Numbers halfway between two doubles, and those just below and above.
    @Test func readsNumbersNearTheMiddleOfTwoDoubles() {
        var random = SplitMix64(seed: 31)
        for _ in 0..<5_000 {
            // An odd number of 54 bits is such a middle, and so is its half, which ends in .5.
            let middle = (1 << 53 | random.next() >> 11) | 1
            for offset in [0, 1, 2] as [UInt64] {
                expectExact("\(middle + offset - 1)")
                expectExact("\((middle * 5 + offset - 1) / 10).\((middle * 5 + offset - 1) % 10)")
            }
        }
    }

    @Test(arguments: ["", "-", "+", ".", "-.", "e5", "nan", "inf", "abc", " 1", "--1", "1e", "1e+", "1.5E-"])
    func findsNoNumber(text: String) {
        let (value, length) = scan(text)
        #expect(value == nil && length == 0)
    }

    /// However many digits there are, and wherever the bytes end.
    @Test func stopsAtWhatIsNoDigit() {
        let digits = "12345678901234567"
        for length in 1...digits.count {
            let text = Array(digits.prefix(length).utf8)
            for byte in UInt8.min...UInt8.max where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                // A point belongs to the number, and an exponent would.
                guard ![UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte) else { continue }
                for rest in [[byte], [byte] + [UInt8](repeating: UInt8(ascii: "9"), count: 8)] {
                    let bytes = text + rest
                    let (value, end) = bytes.withUnsafeBufferPointer { bytes in
                        var position = bytes.baseAddress!
                        let value = scanner.scan(&position, upTo: position + bytes.count)
                        return (value, bytes.baseAddress!.distance(to: position))
                    }
                    #expect(value == Double(digits.prefix(length)) && end == length, "\(byte) behind \(length)")
                }
            }
        }
    }

    @Test func stopsBehindTheNumber() {
        #expect(scan("12,5") == (12, 2))
        #expect(scan("1.5.5") == (1.5, 3))
        #expect(scan("0x10") == (0, 1))
        #expect(scan("1e5,2") == (1e5, 3))
        #expect(scan("7-") == (7, 1))
    }
}
