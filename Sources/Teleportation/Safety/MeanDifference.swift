/// The mean of differences, and what chance may have made of it.
struct MeanDifference {
    /// The mean; not a number if there is no difference, or one is none.
    let mean: Double
    /// The standard error of the mean; 0 of one difference, of whose spread nothing is known.
    let standardError: Double

    /// The mean of differences that are independent of each other.
    init(_ differences: [Double]) {
        let count = differences.count
        let mean = differences.reduce(0, +) / Double(count)
        let squares = differences.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
        self.mean = mean
        standardError = (squares / Double(max(count - 1, 1) * count)).squareRoot()
    }

    /// The standard errors that are more than chance, here and in a trial.
    static var clearly: Double { 2 }
}
