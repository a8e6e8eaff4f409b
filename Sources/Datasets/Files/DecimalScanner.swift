import Foundation

/// Reads decimal numbers from bytes, each as the double that is nearest to it.
///
/// A number of up to 19 digits without an exponent is `mantissa / 10^scale`, two integers of 64 bits. Where both are exact
/// as doubles their quotient is correctly rounded (W. D. Clinger, How to read floating-point numbers accurately, 1990);
/// otherwise the integers are divided, and the quotient is rounded once. All other numbers go to the C library.
struct DecimalScanner {
    private let powers: [UInt64]
    private let doublePowers: [Double]

    init() {
        powers = (0..<19).reduce(into: [1]) { powers, _ in powers.append(powers.last! * 10) }
        doublePowers = powers.map { Double($0) }
    }

    /// Reads one number, as `12`, `-0.5`, `.5`, `3.` or `1e-7`, and moves `position` behind it.
    ///
    /// - Parameters:
    ///   - position: Where the number begins; unchanged if there is none.
    ///   - end: Where the bytes end.
    /// - Returns: nil if there is no number; an infinity for one that is too large.
    @inline(__always)
    func scan(_ position: inout UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>) -> Double? {
        var cursor = position
        let isNegative = cursor < end && cursor.pointee == UInt8(ascii: "-")
        if isNegative || cursor < end && cursor.pointee == UInt8(ascii: "+") { cursor += 1 }

        let start = cursor
        var mantissa: UInt64
        (mantissa, cursor) = digits(from: cursor, upTo: end, after: 0)
        var digitCount = start.distance(to: cursor)
        var scale = 0
        if cursor < end && cursor.pointee == UInt8(ascii: ".") {
            let point = cursor + 1
            (mantissa, cursor) = digits(from: point, upTo: end, after: mantissa)
            scale = point.distance(to: cursor)
            digitCount += scale
        }
        guard digitCount > 0 else { return nil }
        let hasExponent = cursor < end && cursor.pointee | 0x20 == UInt8(ascii: "e")
        if digitCount > 19 || hasExponent {
            guard let (value, end) = scanUnusual(from: position, exponent: cursor, upTo: end) else { return nil }
            position = end
            return value
        }

        position = cursor
        let magnitude: Double
        if mantissa <= 1 << 53 {
            let integer = Double(Int64(bitPattern: mantissa))
            magnitude = scale == 0 ? integer : integer / doublePowers[scale]
        } else {
            magnitude = quotient(mantissa, scale: scale)
        }
        return isNegative ? -magnitude : magnitude
    }

    /// Reads digits behind those of a mantissa, and returns the mantissa of all and where they end.
    ///
    /// The mantissa may wrap around where there are more than 19 digits; then it is not used.
    @inline(__always)
    private func digits(
        from start: UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>, after mantissa: UInt64
    ) -> (mantissa: UInt64, end: UnsafePointer<UInt8>) {
        let block = ByteBlock(at: start, upTo: end)
        let count = block.digitCount
        let mantissa = mantissa &* powers[count] &+ block.number(ofDigits: count)
        // Not many numbers have more digits in a row.
        return count < ByteBlock.count
            ? (mantissa, start + count) : moreDigits(from: start + count, upTo: end, after: mantissa)
    }

    @inline(never)
    private func moreDigits(
        from start: UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>, after mantissa: UInt64
    ) -> (mantissa: UInt64, end: UnsafePointer<UInt8>) {
        var (mantissa, cursor) = (mantissa, start)
        while cursor < end {
            let digit = cursor.pointee &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            cursor += 1
        }
        return (mantissa, cursor)
    }

    /// `mantissa / 10^scale`, rounded to the nearest double; the mantissa is not 0.
    private func quotient(_ mantissa: UInt64, scale: Int) -> Double {
        // With the leading bits of both at the top, and the numerator halved, the quotient has 63 or 64 bits.
        let divisor = powers[scale]
        let shift = mantissa.leadingZeroBitCount
        let divisorShift = divisor.leadingZeroBitCount
        let numerator = mantissa << shift
        let division = (divisor << divisorShift).dividingFullWidth((numerator >> 1, numerator << 63))
        // The last bit is far below those that a double keeps; set, it tells the rounding that the quotient is not exact.
        let bits = division.quotient | (division.remainder == 0 ? 0 : 1)
        return Double(sign: .plus, exponent: divisorShift - shift - 63, significand: Double(bits))
    }

    /// Reads a number with an exponent, or many digits, whose exponent would begin at `exponent`, and returns where it ends.
    private func scanUnusual(
        from start: UnsafePointer<UInt8>, exponent: UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>
    ) -> (value: Double?, end: UnsafePointer<UInt8>)? {
        var cursor = exponent
        if cursor < end && cursor.pointee | 0x20 == UInt8(ascii: "e") {
            cursor += 1
            if cursor < end && (cursor.pointee == UInt8(ascii: "-") || cursor.pointee == UInt8(ascii: "+")) {
                cursor += 1
            }
            let digits = cursor
            cursor = moreDigits(from: digits, upTo: end, after: 0).end
            guard cursor > digits else { return nil }
        }
        let text = UnsafeBufferPointer(start: start, count: start.distance(to: cursor))
        return (Double(String(decoding: text, as: UTF8.self)), cursor)
    }
}

extension ByteBlock {
    /// How many digits the bytes begin with.
    @inline(__always)
    fileprivate var digitCount: Int {
        // What was a digit is at most 9; any more, and with 118 added the top bit is set.
        let values = bits ^ Self.all(UInt8(ascii: "0"))
        return Self.count(before: ((values &+ Self.all(118)) | values) & Self.all(0x80))
    }

    /// The number that the first digits make; 0 if there are none.
    @inline(__always)
    fileprivate func number(ofDigits count: Int) -> UInt64 {
        // Behind as many zeros as there are other bytes; then two neighbours at a time become one number, three times over
        // (D. Lemire, Quickly parsing eight digits, 2018).
        let digits = (bits ^ Self.all(UInt8(ascii: "0"))) << UInt64(8 * (Self.count - count))
        let pairs = (digits &* 10) &+ (digits >> 8)
        let mask: UInt64 = 0x0000_00ff_0000_00ff
        let outer = (pairs & mask) &* (100 + 1_000_000 << 32)
        let inner = (pairs >> 16 & mask) &* (1 + 10_000 << 32)
        return (outer &+ inner) >> 32
    }
}
