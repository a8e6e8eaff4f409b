import Foundation
import Reporting
import Torch

/// The straight line closest to some points by least squares.
struct StraightLine {
    let slope: Double
    let intercept: Double
    /// The largest distance of a point from the line, relative to what the point has for y.
    let largestDeviation: Double

    /// The line through points with at least two different x; nil for others, and where a number is not finite.
    init?(x: [Double], y: [Double]) {
        require(x.count == y.count, "a line through \(x.count) x and \(y.count) y")
        let count = Double(x.count)
        let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
        let spread = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
        guard x.count > 1, spread > 0, (spread + meanY).isFinite else { return nil }
        let slope = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / spread
        let intercept = meanY - slope * meanX
        self.slope = slope
        self.intercept = intercept
        largestDeviation = zip(x, y).map { abs(slope * $0 + intercept - $1) / abs($1) }.max() ?? 0
    }
}

/// How a time grows with what it is measured against: the exponent a of `c x^a`.
struct Growth {
    /// That closest to all points, where both axes are logarithmic.
    let exponent: Double
    /// That of the last two points, where what does not grow counts the least.
    let lastExponent: Double

    /// The growth of positive numbers in the order of ascending x; nil for fewer than two.
    init?(of y: [Double], with x: [Double]) {
        let (x, y) = (x.map { log($0) }, y.map { log($0) })
        guard let all = StraightLine(x: x, y: y), let last = StraightLine(x: x.suffix(2), y: y.suffix(2)) else {
            return nil
        }
        exponent = all.slope
        lastExponent = last.slope
    }

    /// Both exponents, for `reproduction.json`.
    var values: JSONValue { ["exponent": .number(exponent), "lastExponent": .number(lastExponent)] }
}
