import Torch

extension TestFunction {
    /// H, the matrix of second derivatives of the loss, `[n, n]`, in float64.
    public func hessian(at point: [Double]) -> Tensor { matrix { hessianVectorProduct(at: point, with: $0) } }

    /// `H^{-1} grad L`, the direction of Newton's method, `[n]`; nil where H is singular to rounding.
    ///
    /// Where the squared gradient norm is at its maximum on the level set, or at another critical point, the gradient is
    /// an eigenvector of H, and gradient descent goes in Newton's direction (ST22 Prop. 5.7), or in the opposite one if
    /// the eigenvalue is negative.
    ///
    /// - Throws: `TorchError` if the eigenvalues are not found, as where H is not finite.
    public func newtonDirection(at point: [Double]) throws(TorchError) -> [Double]? {
        let (values, vectors) = try hessian(at: point).symmetricEigen()
        let eigenvalues = values.doubles()
        let largest = eigenvalues.map(\.magnitude).max() ?? 0
        let resolution = Double(dimension) * Double.ulpOfOne * largest
        guard eigenvalues.allSatisfy({ $0.magnitude > resolution }) else { return nil }
        let components = product(vectors.transposed(), gradient(at: point))
        return product(vectors, zip(components, eigenvalues).map { $0 / $1 })
    }

    /// The gradient of `1/2 ||grad L||^2` along the level set, `H g - g <g, H g> / <g, g>`, `[n]`.
    ///
    /// It is zero where the squared gradient norm is critical on the level set, and there alone (ST22 Lemma C.4). Where
    /// the gradient is zero, so is this.
    public func levelSetSlope(at point: [Double]) -> [Double] {
        let gradient = gradient(at: point)
        let norm = squaredNorm(gradient)
        guard norm > 0 else { return gradient }
        let product = hessianVectorProduct(at: point, with: gradient)
        return moved(product, along: gradient, by: -dot(gradient, product) / norm)
    }
}
