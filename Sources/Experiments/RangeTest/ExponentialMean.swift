import Foundation

/// An exponential moving average that is corrected for its beginning at zero, as Adam's moments are (Kingma and Ba, 2015,
/// section 3): with `m_t = beta m_(t-1) + (1 - beta) x_t` and `m_0 = 0` it is `m_t / (1 - beta^t)`.
package struct ExponentialMean: Sendable {
    /// The share of the average that stays with each number.
    package let beta: Double
    private var moment = 0.0
    private var count = 0.0

    /// The average of none; beta is at least 0 and below 1, and with 0 the last number is the average.
    package init(beta: Double) {
        precondition((0..<1).contains(beta), "a moving average of which \(beta) stays")
        self.beta = beta
    }

    /// Takes a number in.
    ///
    /// - Returns: The average with it.
    package mutating func add(_ number: Double) -> Double {
        moment = beta * moment + (1 - beta) * number
        count += 1
        return moment / (1 - pow(beta, count))
    }
}
