import Foundation
import Torch

/// `w^T A w` with a symmetric positive definite matrix A; ST22 section 5.3.
///
/// The coordinates are `A^{1/2} w`, and O(n) acts as `A^{-1/2} R A^{1/2}` (ST22 eq. 15).
public struct QuadraticForm: QuadraticTestFunction {
    /// The eigenvalues of A, ascending, `[n]`.
    public let eigenvalues: [Double]
    /// A unit eigenvector of the largest eigenvalue, `[n]`.
    public let steepestAxis: [Double]

    /// The eigenvectors, as columns, `[n, n]`.
    private let eigenvectors: Tensor
    /// `A^{1/2}`, `[n, n]`.
    private let root: Tensor
    /// `A^{-1/2}`, `[n, n]`.
    private let inverseRoot: Tensor

    /// The function of a matrix.
    ///
    /// - Parameter matrix: A, symmetric to the resolution of its element type and positive definite, `[n, n]`. It is
    ///   computed with in float64.
    /// - Throws: `TorchError` if the eigenvalues are not found.
    public init(_ matrix: Tensor) throws(TorchError) {
        require(
            matrix.rank == 2 && matrix.size(0) == matrix.size(1) && matrix.count > 0,
            "a quadratic form needs a square matrix, not one of shape \(matrix.shape)")
        let tolerance = max(16 * matrix.dtype.epsilon, 1e-12)
        let matrix = matrix.to(dtype: .float64)
        require(matrix.isAllFinite(), "a quadratic form needs a matrix of finite numbers")
        let scale = matrix.absolute().doubles().max() ?? 0
        let asymmetry = (matrix - matrix.transposed()).absolute().doubles().max() ?? 0
        require(
            asymmetry <= tolerance * scale,
            "a quadratic form needs a symmetric matrix: elements across the diagonal differ by \(asymmetry)")
        let (values, vectors) = try ((matrix + matrix.transposed()) * 0.5).symmetricEigen()
        let eigenvalues = values.doubles()
        let (least, largest) = (eigenvalues[0], eigenvalues[eigenvalues.count - 1])
        require(
            least > max(Double(eigenvalues.count) * Double.ulpOfOne * largest, 0),
            "a quadratic form needs a positive definite matrix: the least eigenvalue is \(least)")
        self.eigenvalues = eigenvalues
        steepestAxis = vectors.selected(1, eigenvalues.count - 1).doubles()
        eigenvectors = vectors
        root = (vectors * values.squareRoot()).matmul(vectors.transposed())
        inverseRoot = (vectors * values.power(-0.5)).matmul(vectors.transposed())
    }

    /// The origin.
    public var minimum: [Double] { eigenvalues.map { _ in 0 } }

    /// The largest eigenvalue of A.
    public var largestEigenvalue: Double { eigenvalues[eigenvalues.count - 1] }

    /// `A^{1/2} v`, `[n]`.
    public func rootProduct(with vector: [Double]) -> [Double] { product(root, vector) }

    /// `A^{-1/2} v`, `[n]`.
    public func inverseRootProduct(with vector: [Double]) -> [Double] { product(inverseRoot, vector) }

    /// The point that gradient flow, `dw/dt = -grad L`, reaches after a time: `exp(-2 A t) w`, `[n]`; ST22 Prop. 5.5.
    ///
    /// - Parameters:
    ///   - point: w, `[n]`.
    ///   - time: t.
    public func gradientFlow(from point: [Double], time: Double) -> [Double] {
        let components = product(eigenvectors.transposed(), point)
        return product(eigenvectors, zip(components, eigenvalues).map { $0 * exp(-2 * $1 * time) })
    }
}
