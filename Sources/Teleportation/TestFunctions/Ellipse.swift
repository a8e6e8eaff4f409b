import Torch

/// `sum (s_i w_i)^2`, whose level sets are ellipses along the axes; ST22 section B.1.1.
///
/// The coordinates are `s_i w_i`. The paper's ellipse has two parameters; an ellipsoid may have any number. From the
/// steepest points, the ends of the shortest half-axis, gradient descent leads straight at the minimum.
public struct Ellipse: QuadraticTestFunction, Hashable, Sendable {
    /// s, one number that is not zero for each parameter, `[n]`.
    public let scales: [Double]

    private let steepestIndex: Int

    /// The function with the given scales: one or more finite numbers, none of them zero.
    public init(scales: [Double]) {
        require(
            !scales.isEmpty && scales.allSatisfy { $0 != 0 && $0.isFinite },
            "the scales of an ellipse must be finite numbers other than zero, not \(scales)")
        self.scales = scales
        steepestIndex = scales.indices.max { scales[$0].magnitude < scales[$1].magnitude } ?? 0
    }

    /// The origin.
    public var minimum: [Double] { scales.map { _ in 0 } }

    /// The largest `s_i^2`.
    public var largestEigenvalue: Double { scales[steepestIndex] * scales[steepestIndex] }

    /// The axis of the largest `s_i^2`.
    public var steepestAxis: [Double] { scales.indices.map { $0 == steepestIndex ? 1 : 0 } }

    /// `s_i v_i`, `[n]`.
    public func rootProduct(with vector: [Double]) -> [Double] {
        requireCount(of: vector)
        return zip(scales, vector).map { $0 * $1 }
    }

    /// `v_i / s_i`, `[n]`.
    public func inverseRootProduct(with vector: [Double]) -> [Double] {
        requireCount(of: vector)
        return zip(scales, vector).map { $1 / $0 }
    }

    private func requireCount(of vector: [Double]) {
        require(vector.count == scales.count, "this ellipse has \(scales.count) parameters, not \(vector.count)")
    }
}
