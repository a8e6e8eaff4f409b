import Foundation

/// Pearson's coefficient of how two numbers go together, and where that of the whole population lies.
package struct Correlation: Equatable, Sendable {
    /// r, from -1 to 1; NaN where one of the numbers is always the same, or there are fewer than two pairs.
    package let coefficient: Double
    /// The interval that covers the population's coefficient with a probability of 95 %, by Fisher's transformation: `atanh r` is
    /// about normal with the standard deviation `1 / sqrt(n - 3)`. Nil for fewer than four pairs, and where there is no coefficient.
    package let interval: ClosedRange<Double>?

    /// The correlation of pairs of numbers; the arrays are equally long.
    package init(of x: [Double], with y: [Double]) {
        precondition(x.count == y.count, "a correlation is of pairs, and there are \(x.count) and \(y.count) numbers")
        let count = Double(x.count)
        let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
        let deviations = zip(x, y).map { ($0 - meanX, $1 - meanY) }
        let product = deviations.reduce(0) { $0 + $1.0 * $1.1 }
        let squares = deviations.reduce((0, 0)) { ($0.0 + $1.0 * $1.0, $0.1 + $1.1 * $1.1) }
        let coefficient = product / (squares.0 * squares.1).squareRoot()
        // Rounding may lead beyond a perfect correlation.
        self.coefficient = coefficient.isNaN ? .nan : min(max(coefficient, -1), 1)
        if x.count > 3, coefficient.isFinite {
            let (center, half) = (atanh(self.coefficient), 1.959963984540054 / (count - 3).squareRoot())
            interval = tanh(center - half)...tanh(center + half)
        } else {
            interval = nil
        }
    }

    /// Whether the interval leaves out that the two numbers have nothing to do with each other.
    package var isSignificant: Bool { interval.map { !$0.contains(0) } ?? false }

    /// `0.70 (0.58 to 0.79)`.
    package var text: String {
        guard coefficient.isFinite else { return "none" }
        func text(_ number: Double) -> String { String(format: "%.3f", number) }
        return text(coefficient) + (interval.map { " (\(text($0.lowerBound)) to \(text($0.upperBound)))" } ?? "")
    }
}
