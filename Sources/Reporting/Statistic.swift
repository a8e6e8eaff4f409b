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

extension Statistic {
    /// The interval that covers the mean of the population with a probability of 95 %, by Student's distribution.
    ///
    /// - Parameter count: How many numbers the statistic is of.
    /// - Returns: Nil for fewer than two numbers, and where the mean is not finite.
    package func interval(of count: Int) -> ClosedRange<Double>? {
        guard let standardDeviation, count > 1, mean.isFinite, standardDeviation.isFinite else { return nil }
        // Of 1 to 10 degrees of freedom; of more that of 11, which is a little too wide.
        let quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
        let quantile = count - 2 < quantiles.count ? quantiles[count - 2] : 2.201
        let half = quantile * standardDeviation / Double(count).squareRoot()
        return mean - half...mean + half
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
