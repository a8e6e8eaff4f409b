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

        var mantissa: UInt64 = 0
        let start = cursor
        Self.digits(&cursor, upTo: end, into: &mantissa)
        var digitCount = start.distance(to: cursor)
        var scale = 0
        if cursor < end && cursor.pointee == UInt8(ascii: ".") {
            cursor += 1
            let point = cursor
            Self.digits(&cursor, upTo: end, into: &mantissa)
            scale = point.distance(to: cursor)
            digitCount += scale
        }
        guard digitCount > 0 else { return nil }
        let hasExponent = cursor < end && cursor.pointee | 0x20 == UInt8(ascii: "e")
        if digitCount > 19 || hasExponent { return scanUnusual(&position, from: cursor, upTo: end) }

        position = cursor
        let magnitude =
            mantissa <= 1 << 53
            ? Double(Int64(bitPattern: mantissa)) / doublePowers[scale] : quotient(mantissa, scale: scale)
        return isNegative ? -magnitude : magnitude
    }

    @inline(__always)
    private static func digits(
        _ cursor: inout UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>, into mantissa: inout UInt64
    ) {
        while cursor < end {
            let digit = cursor.pointee &- UInt8(ascii: "0")
            guard digit <= 9 else { return }
            // May wrap around where there are more than 19 digits; then the mantissa is not used.
            mantissa = mantissa &* 10 &+ UInt64(digit)
            cursor += 1
        }
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

    /// Reads a number with an exponent, or many digits, whose exponent would begin at `exponent`.
    private func scanUnusual(
        _ position: inout UnsafePointer<UInt8>, from exponent: UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>
    ) -> Double? {
        var cursor = exponent
        if cursor < end && cursor.pointee | 0x20 == UInt8(ascii: "e") {
            cursor += 1
            if cursor < end && (cursor.pointee == UInt8(ascii: "-") || cursor.pointee == UInt8(ascii: "+")) {
                cursor += 1
            }
            let start = cursor
            var ignored: UInt64 = 0
            Self.digits(&cursor, upTo: end, into: &ignored)
            guard cursor > start else { return nil }
        }
        let text = UnsafeBufferPointer(start: position, count: position.distance(to: cursor))
        position = cursor
        return Double(String(decoding: text, as: UTF8.self))
    }
}
