/// The mean of a number over seeds, and its spread.
package struct Statistic: Codable, Equatable, Sendable {
    /// The arithmetic mean; not finite where one of the numbers is not.
    @JSONNumber package var mean: Double
    /// The sample standard deviation (divisor n - 1); nil for fewer than two numbers, which show no spread.
    @JSONNumber package var standardDeviation: Double?

    /// The mean and spread of some numbers; the mean of none is NaN.
    package init(of values: [Double]) {
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        self.mean = mean
        standardDeviation =
            values.count < 2
            ? nil : (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
    }
}

extension [Double] {
    /// The middle value, or the mean of the two in the middle; NaN for none.
    package var median: Double {
        guard !isEmpty else { return .nan }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}
