import Torch

/// `(x1 + 2 x2 - 7)^2 + (2 x1 + x2 - 5)^2`; ST22 eq. 4 and section B.1.3.
///
/// The coordinates are `u = x1 + 2 x2 - 7` and `v = 2 x1 + x2 - 5`.
///
/// ST22 section 6.1 starts at (5, -5), takes 10 steps of learning rate 0.08 and teleports once, before step 5, by 10 steps
/// of gradient ascent on theta of learning rate 0.001 from an angle drawn uniformly from `[0, pi)`.
public struct Booth: QuadraticTestFunction, Hashable, Sendable {
    /// The function, which has nothing to set.
    public init() {}

    /// (1, 3).
    public var minimum: [Double] { [1, 3] }

    /// 9, the larger eigenvalue of A, whose rows are (5, 4) and (4, 5).
    public var largestEigenvalue: Double { 9 }

    /// The diagonal, `u = v`.
    public var steepestAxis: [Double] { [1, 1].map { $0 / Double(2).squareRoot() } }

    /// `M v` with the rows (1, 2) and (2, 1) of M.
    public func rootProduct(with vector: [Double]) -> [Double] {
        let (x, y) = pair(vector)
        return [x + 2 * y, 2 * x + y]
    }

    /// `M^{-1} v`.
    public func inverseRootProduct(with vector: [Double]) -> [Double] {
        let (u, v) = pair(vector)
        return [(2 * v - u) / 3, (2 * u - v) / 3]
    }

    private func pair(_ vector: [Double]) -> (Double, Double) {
        require(vector.count == 2, "the Booth function has 2 parameters, not \(vector.count)")
        return (vector[0], vector[1])
    }
}
