import Torch

/// When one teleport is enough: whether gradient flow stays at the steepest points of its level sets once it is at one; PS24
/// section 3.3.
///
/// R is the vector field of gradient flow, `-grad L`, and A a field along which the loss stays, such as that of a symmetry.
/// A point is optimal where no such field changes `||grad L||^2` (PS24 Definition 3.3).
extension LocalDerivatives {
    /// `([A, R] L)(w) = -A ||grad L||^2 = -2 <a, H g>`, from the value of the field A at w; PS24 Prop. 3.4.
    ///
    /// Where it is zero for all fields of a symmetry, moving along the symmetry does not change the rate of convergence, and a
    /// teleport has nothing to gain here.
    ///
    /// - Parameter field: a, the value at w of a field that is orthogonal to the gradient everywhere, `[n]`.
    public func commutator(with field: Tensor) -> Double {
        require(field.shape == [dimension], "a field of shape \(field.shape) for \(dimension) parameters")
        return -2 * hessianProduct(with: gradient).dot(field).item()
    }

    /// `(R [A, R] L)(w)` for the field `A = M grad L` with an antisymmetric matrix M, whose change along gradient flow this is:
    /// `2 <M g, T[g, g] + H H g>`; PS24 eq. 41.
    ///
    /// Where a point is optimal it has to be zero for all M, or gradient flow leaves the steepest points (PS24 Prop. 3.5).
    ///
    /// - Parameter matrix: M, `[n, n]`.
    public func commutatorDerivative(along matrix: Tensor) -> Double {
        require(
            matrix.shape == [dimension, dimension], "a matrix of shape \(matrix.shape) for \(dimension) parameters")
        let field = matrix.matmul(gradient)
        let turned = hessianProduct(with: hessianProduct(with: gradient))
        return 2 * field.dot(thirdDerivative(along: gradient, gradient) + turned).item()
    }

    /// How far the point is from an optimal one, from 0 to 1: the sine of the angle between `H g` and g.
    ///
    /// The fields `M grad L` with antisymmetric M reach every direction along the level set (PS24 Lemma C.2), so that a point is
    /// optimal with regard to all of them where g is an eigenvector of H, and the sine is zero (ST22 Lemma C.4).
    public var departureFromOptimality: Double { sine(to: hessianProduct(with: gradient)) }

    /// How much the third derivatives lead away from optimal points, from 0 to 1: the sine of the angle between `T[g, g]` and g;
    /// 0 where there are none.
    ///
    /// The condition of PS24 Prop. 3.6, `<M g, T[g, g]> = 0` for all antisymmetric M, says that `T[g, g]` has no part across g. If
    /// the sine is zero at all optimal points, gradient flow from any of them passes optimal points alone, and one teleport is
    /// enough.
    public var thirdOrderDeparture: Double { sine(to: thirdDerivative(along: gradient, gradient)) }

    /// How much the third derivatives miss the condition of PS24 Prop. C.3 by, from 0 to 1: the greatest sine of the angle between
    /// `T[u, v]` and g, over pairs of random vectors; 0 where there are no third derivatives.
    ///
    /// The condition, `T_kij g_a = T_kia g_j` for all indices, says that `T[u, v]` is along g for all u and v, and is enough for that
    /// of Prop. 3.6. Random vectors find a departure with probability one.
    ///
    /// - Parameters:
    ///   - pairs: The number of pairs.
    ///   - generator: What the vectors are drawn from.
    public func thirdDerivativeAsymmetry(pairs: Int = 4, using generator: Generator) -> Double {
        (0..<pairs).map { _ in
            let vectors = (0..<2).map { _ in Tensor.normal([dimension], using: generator, dtype: .float64) }
            return sine(to: thirdDerivative(along: vectors[0], vectors[1]))
        }.max() ?? 0
    }

    /// The sine of the angle between a vector and g; 0 if one of them is zero.
    private func sine(to vector: Tensor) -> Double {
        let (squaredLength, squaredNorm) = (vector.squaredNorm().item(), gradient.squaredNorm().item())
        guard squaredLength > 0, squaredNorm > 0 else { return 0 }
        let across = vector - gradient * (vector.dot(gradient).item() / squaredNorm)
        return (across.squaredNorm().item() / squaredLength).squareRoot()
    }
}
