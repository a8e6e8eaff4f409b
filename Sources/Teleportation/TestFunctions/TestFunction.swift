import Torch

/// A loss whose symmetry is known in closed form, on which to see what teleportation does; ST22 section 4.1.
///
/// The loss of n parameters w is `|c(w)|^2`, the squared length of as many coordinates, and c is one-to-one. A level set
/// is a sphere in the coordinates: O(n) acts by `c -> R c`, leaves the loss alone and reaches every point of the level
/// set.
///
/// ```swift
/// let booth = Booth()
/// let steepest = booth.steepestPoint(onLevelSetOf: [5, -5])
/// print(booth.value(at: steepest))  // 144, as at [5, -5]
/// ```
public protocol TestFunction {
    /// Where the loss is zero, `[n]`.
    var minimum: [Double] { get }

    /// c(w), `[n]`.
    func coordinates(of point: [Double]) -> [Double]

    /// c(w) of a tensor `[n]` of float64, in operations that autograd can differentiate any number of times.
    func coordinates(of point: Tensor) -> Tensor

    /// The w with the given c(w), `[n]`.
    func point(withCoordinates coordinates: [Double]) -> [Double]

    /// `(dc/dw) v`: how the coordinates move when the point moves along a tangent v, `[n]`.
    func coordinateTangent(at point: [Double], along tangent: [Double]) -> [Double]

    /// `(dc/dw)^{-1} v`: how the point moves when its coordinates move along a tangent v, `[n]`.
    func pointTangent(at point: [Double], along tangent: [Double]) -> [Double]

    /// `grad L`, `[n]`.
    func gradient(at point: [Double]) -> [Double]

    /// `H v` with the Hessian H of the loss, `[n]`.
    func hessianVectorProduct(at point: [Double], with vector: [Double]) -> [Double]

    /// The point of the level set through a point where the gradient is the longest, `[n]`: the exact maximum over the
    /// orbit in ST22 Algorithm 1, line 3. It is the point itself if none is steeper.
    func steepestPoint(onLevelSetOf point: [Double]) -> [Double]
}

extension TestFunction {
    /// n, the number of parameters.
    public var dimension: Int { minimum.count }

    /// The loss, `|c(w)|^2`.
    public func value(at point: [Double]) -> Double { squaredNorm(coordinates(of: point)) }

    /// `||grad L||^2`, the rate at which the loss decays in gradient flow (ST22 eq. 9).
    public func squaredGradientNorm(at point: [Double]) -> Double { squaredNorm(gradient(at: point)) }

    /// The action of O(n) on a point: its coordinates c become `R c`; ST22 eq. 15 and section B.1.
    ///
    /// - Parameters:
    ///   - point: w, `[n]`.
    ///   - rotation: R, an orthogonal matrix, `[n, n]`.
    /// - Returns: A point on the level set of w, `[n]`.
    public func transformed(_ point: [Double], by rotation: Tensor) -> [Double] {
        self.point(withCoordinates: product(rotation, coordinates(of: point)))
    }

    /// The derivative of `transformed(_:by:)` with respect to the point: J of ST22 Prop. 5.1.
    ///
    /// - Parameters:
    ///   - point: w, `[n]`.
    ///   - rotation: R, an orthogonal matrix, `[n, n]`.
    /// - Returns: `dw'/dw`, `[n, n]`, in float64.
    public func actionJacobian(at point: [Double], by rotation: Tensor) -> Tensor {
        let image = transformed(point, by: rotation)
        return matrix { direction in
            let tangent = coordinateTangent(at: point, along: direction)
            return pointTangent(at: image, along: product(rotation, tangent))
        }
    }

    /// The matrix of a linear map of the parameters, `[n, n]`, in float64.
    func matrix(of map: ([Double]) -> [Double]) -> Tensor {
        let columns = (0..<dimension).flatMap { column in map((0..<dimension).map { $0 == column ? 1 : 0 }) }
        return Tensor(columns, shape: [dimension, dimension]).transposed()
    }
}

/// `M v` in float64, `[n]`.
func product(_ matrix: Tensor, _ vector: [Double]) -> [Double] {
    require(
        matrix.rank == 2 && matrix.size(1) == vector.count,
        "a matrix of shape \(matrix.shape) does not act on \(vector.count) parameters")
    return matrix.to(dtype: .float64).matmul(Tensor(vector)).doubles()
}

/// The scalar product of two vectors.
func dot(_ first: [Double], _ second: [Double]) -> Double {
    require(first.count == second.count, "the product of vectors of \(first.count) and \(second.count) elements")
    return zip(first, second).reduce(0) { $0 + $1.0 * $1.1 }
}

/// The squared length of a vector.
func squaredNorm(_ vector: [Double]) -> Double { dot(vector, vector) }

/// `start + scale direction`.
func moved(_ start: [Double], along direction: [Double], by scale: Double) -> [Double] {
    require(start.count == direction.count, "a point of \(start.count) and a direction of \(direction.count) elements")
    return zip(start, direction).map { $0 + scale * $1 }
}
