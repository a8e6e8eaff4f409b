import Torch

/// The iteration by which Muon brings the singular values of a matrix near to 1 without decomposing it.
enum NewtonSchulz {
    /// `p(s) = 3.4445 s - 4.775 s^3 + 2.0315 s^5`: it takes singular values between 0 and 1 away from 0 as fast as it can, and
    /// then to somewhere about 1; Jordan et al. 2024.
    private static let coefficients = (3.4445, -4.7750, 2.0315)

    /// `U f(S / c) V^T` of a matrix `U S V^T`, where f is the polynomial applied `iterations` times and c the norm of the
    /// matrix, so that the largest singular value is at most 1; as `bfloat16`, possibly a transposed view.
    ///
    /// - Parameters:
    ///   - matrix: `[m, n]`; left as it is.
    ///   - iterations: How often the polynomial is applied.
    ///   - epsilon: The least c.
    static func orthogonalized(_ matrix: Tensor, iterations: Int, epsilon: Double) -> Tensor {
        // The products with the shorter side in front are the smaller ones.
        let isTall = matrix.size(0) > matrix.size(1)
        let (a, b, c) = coefficients
        let rounded = matrix.to(dtype: .bfloat16)
        var x = isTall ? rounded.transposed() : rounded
        x = x / x.norm().clamped(to: epsilon...Double.infinity)
        for _ in 0..<iterations {
            // p(X) = (a + b X X^T + c (X X^T)^2) X.
            let gram = x.matmul(x.transposed())
            let even = gram.addingMatmul(gram, gram, scale: c, keep: b)
            x = x.addingMatmul(even, x, keep: a)
        }
        return isTall ? x.transposed() : x
    }
}
