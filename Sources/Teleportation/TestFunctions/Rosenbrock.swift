import Torch

/// `100 (x1^2 - x2)^2 + (x1 - 1)^2`, a flat valley along a parabola; ST22 eq. 3 and section B.1.2.
///
/// The coordinates are `u = 10 (x1^2 - x2)` and `v = x1 - 1`.
///
/// ST22 section 6.1 starts at (-1, -1), takes 1000 steps of learning rate 1e-3 and teleports every 100 steps, by 10 steps
/// of gradient ascent on theta of learning rate 0.1. At the start the slope in theta is 1e8: such a step goes round the
/// circle a million times and ends at an angle as good as drawn at random. Only where the loss is small is it an ascent.
/// With the exact maximum, teleports before the steps 100, 200, ..., 900 reach the minimum; one before step 0 goes to a
/// point so steep that gradient descent with this learning rate diverges from it.
public struct Rosenbrock: TestFunction, Hashable, Sendable {
    /// The function, which has nothing to set.
    public init() {}

    /// (1, 1).
    public var minimum: [Double] { [1, 1] }

    /// (u, v).
    public func coordinates(of point: [Double]) -> [Double] {
        let (x, y) = pair(point)
        return [10 * (x * x - y), x - 1]
    }

    /// (u, v).
    public func coordinates(of point: Tensor) -> Tensor {
        let (x, y) = (point.selected(0, 0), point.selected(0, 1))
        return .stacked([(x * x - y) * 10, x - 1])
    }

    /// The point with the given u and v: `x1 = v + 1`, `x2 = x1^2 - u / 10`.
    public func point(withCoordinates coordinates: [Double]) -> [Double] {
        let (u, v) = pair(coordinates)
        let x = v + 1
        return [x, x * x - u / 10]
    }

    /// (du, dv) along a tangent of the point.
    public func coordinateTangent(at point: [Double], along tangent: [Double]) -> [Double] {
        let x = pair(point).0
        let (dx, dy) = pair(tangent)
        return [10 * (2 * x * dx - dy), dx]
    }

    /// (dx1, dx2) along a tangent of (u, v).
    public func pointTangent(at point: [Double], along tangent: [Double]) -> [Double] {
        let x = pair(point).0
        let (du, dv) = pair(tangent)
        return [dv, 2 * x * dv - du / 10]
    }

    /// `grad L`, two numbers.
    public func gradient(at point: [Double]) -> [Double] {
        let x = pair(point).0
        let (u, v) = pair(coordinates(of: point))
        return [2 * (20 * x * u + v), -20 * u]
    }

    /// `H v`, two numbers.
    public func hessianVectorProduct(at point: [Double], with vector: [Double]) -> [Double] {
        let (x, dx) = (pair(point).0, pair(vector).0)
        let u = pair(coordinates(of: point)).0
        let (du, dv) = pair(coordinateTangent(at: point, along: vector))
        return [2 * (20 * (x * du + u * dx) + dv), -20 * du]
    }

    /// The steepest point of the level set, found on its circle to machine precision.
    public func steepestPoint(onLevelSetOf point: [Double]) -> [Double] {
        let circle = LevelCircle(of: self, through: point)
        let angle = circle.steepestAngle()
        return angle == 0 ? point : circle.point(at: angle)
    }

    private func pair(_ vector: [Double]) -> (Double, Double) {
        require(vector.count == 2, "the Rosenbrock function has 2 parameters, not \(vector.count)")
        return (vector[0], vector[1])
    }
}
