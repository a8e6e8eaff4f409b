/// `|M (w - w*)|^2` with a symmetric and invertible matrix M: `(w - w*)^T A (w - w*)` with `A = M^2`; ST22 section 5.3.
///
/// The coordinates are `M (w - w*)`, so that O(n) acts about w* as `M^{-1} R M`; where M is positive definite this is
/// `A^{-1/2} R A^{1/2}` of ST22 eq. 15. For these functions one teleport is enough for all time, and the exact maximum
/// has a closed form: the squared gradient norm is `4 c^T A c`, which on the sphere `|c|^2 = L` is the greatest at the
/// eigenvector of A with the largest eigenvalue (ST22 Prop. C.2).
public protocol QuadraticTestFunction: TestFunction {
    /// `M v`, `[n]`.
    func rootProduct(with vector: [Double]) -> [Double]

    /// `M^{-1} v`, `[n]`.
    func inverseRootProduct(with vector: [Double]) -> [Double]

    /// The largest eigenvalue of A. Twice it is the Lipschitz constant of the gradient.
    var largestEigenvalue: Double { get }

    /// A unit eigenvector of A with that eigenvalue, `[n]`.
    var steepestAxis: [Double] { get }
}

extension QuadraticTestFunction {
    /// `M (w - w*)`, `[n]`.
    public func coordinates(of point: [Double]) -> [Double] {
        rootProduct(with: moved(point, along: minimum, by: -1))
    }

    /// `M (w - w*)`, `[n]`.
    public func coordinates(of point: Tensor) -> Tensor {
        matrix { rootProduct(with: $0) }.matmul(point - Tensor(minimum))
    }

    /// `w* + M^{-1} c`, `[n]`.
    public func point(withCoordinates coordinates: [Double]) -> [Double] {
        moved(minimum, along: inverseRootProduct(with: coordinates), by: 1)
    }

    /// `M v`, `[n]`; the same at all points.
    public func coordinateTangent(at point: [Double], along tangent: [Double]) -> [Double] {
        rootProduct(with: tangent)
    }

    /// `M^{-1} v`, `[n]`; the same at all points.
    public func pointTangent(at point: [Double], along tangent: [Double]) -> [Double] {
        inverseRootProduct(with: tangent)
    }

    /// `2 A (w - w*)`, `[n]`.
    public func gradient(at point: [Double]) -> [Double] {
        rootProduct(with: coordinates(of: point)).map { 2 * $0 }
    }

    /// `2 A v`, `[n]`; the same at all points.
    public func hessianVectorProduct(at point: [Double], with vector: [Double]) -> [Double] {
        rootProduct(with: rootProduct(with: vector)).map { 2 * $0 }
    }

    /// The steepest point of the level set in closed form: the coordinates turn onto the steepest axis, to the nearer of
    /// its two ends (ST22 Prop. C.2).
    public func steepestPoint(onLevelSetOf point: [Double]) -> [Double] {
        let coordinates = coordinates(of: point)
        let radius = squaredNorm(coordinates).squareRoot()
        let scale = dot(coordinates, steepestAxis) < 0 ? -radius : radius
        let steepest = self.point(withCoordinates: steepestAxis.map { scale * $0 })
        return squaredGradientNorm(at: steepest) > squaredGradientNorm(at: point) ? steepest : point
    }

    /// `||grad L||^2` at a point as a share of its maximum over the level set, `4 lambda L`: from 0 to 1.
    ///
    /// Where it is 1 it stays 1 along the path of gradient flow, and of gradient descent: one teleport is optimal for all
    /// time (ST22 Prop. 5.5). At the minimum, a level set of one point, it is 1.
    public func steepness(at point: [Double]) -> Double {
        let loss = value(at: point)
        return loss == 0 ? 1 : squaredGradientNorm(at: point) / (4 * largestEigenvalue * loss)
    }

    /// `|w - w*|^2`.
    public func squaredDistanceToMinimum(from point: [Double]) -> Double {
        squaredNorm(moved(point, along: minimum, by: -1))
    }

    /// The least `|w - w*|^2` on the level set through a point, `L / lambda`. The steepest point attains it: it is also
    /// the point of the level set nearest to the minimum (ST22 Prop. 5.6).
    public func leastSquaredDistanceToMinimum(onLevelSetOf point: [Double]) -> Double {
        value(at: point) / largestEigenvalue
    }
}
