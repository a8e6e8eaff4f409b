import Foundation
import NeuralNetworks
import Torch

/// A group element `g = I + L R^T` and its inverse `g^{-1} = I - L' R^T` with L, L' and R `[k, r]`.
///
/// The gradient with respect to T is a product of rank r, twice the number of samples at most: `T = P Q^T`. Then
/// `exp(T) = I + P phi(Q^T P) Q^T` with `phi(Z) = (e^Z - I) Z^{-1}`, and no work is of the order of `k^3`.
struct FactoredGroupElement {
    private let left: Tensor
    private let inverseLeft: Tensor
    /// `R^T`, `[r, k]`.
    private let right: Tensor

    /// The element that `scale` times a matrix of the Lie algebra, `[k, k]`, stands for.
    init(_ kind: GroupElement, of direction: ParameterGradient, scale: Double) {
        let columns: Tensor
        switch direction {
        case .product(let delta, let input) where input.rowCount < input.columnCount:
            columns = delta.transposed() * scale
            right = input.rows
        default:
            // The product is no larger than its factors.
            columns = direction.formed() * scale
            right = .identity(columns.size(0), dtype: columns.dtype, device: columns.device)
        }
        switch kind {
        case .firstOrder: (left, inverseLeft) = (columns, columns)
        case .exponential:
            let (forward, backward) = Self.phi(right.matmul(columns))
            (left, inverseLeft) = (columns.matmul(forward), columns.matmul(backward))
        }
    }

    /// The highest power of Z that the series of phi needs, at most 13 for a norm of 1/2: the next one is below the
    /// resolution of float64.
    private static func highestPower(forNorm norm: Double) -> Int {
        (1..<13).first { pow(norm, Double($0 + 1)) / tgamma(Double($0 + 3)) < 1e-17 } ?? 13
    }

    /// `phi(Z)` and `phi(-Z)` for `[r, r]`, by the series `sum Z^k / (k + 1)!`, whose even and odd powers serve both, and by
    /// `phi(2 Z) = phi(Z) (I + Z phi(Z) / 2)`. The exponential of `[[Z, I], [0, 0]]`, which holds phi, takes five times as long.
    private static func phi(_ z: Tensor) -> (Tensor, Tensor) {
        let wide = z.to(dtype: .float64)
        let norm = wide.squaredNorm().item().squareRoot()
        guard norm.isFinite else { return (z * .nan, z * .nan) }
        let doublings = norm > 0.5 ? Int(log2(norm).rounded(.up)) + 1 : 0
        let small = wide * exp2(-Double(doublings))
        let highest = highestPower(forNorm: norm * exp2(-Double(doublings)))
        let square = small.matmul(small)
        let identity = Tensor.identity(z.size(0), dtype: .float64, device: z.device)
        /// `sum square^j / (2 j + first + 1)!`, by Horner's rule.
        func series(from first: Int) -> Tensor {
            let powers = stride(from: first, through: highest, by: 2).reversed()
            var sum = identity * (1 / tgamma(Double(powers.first! + 2)))
            for power in powers.dropFirst() {
                sum = (identity * (1 / tgamma(Double(power + 2)))).addingMatmul(square, sum)
            }
            return sum
        }
        let even = series(from: 0)
        let odd = small.matmul(series(from: 1))
        func doubled(_ phi: Tensor, of z: Tensor) -> Tensor {
            var (phi, z) = (phi, z)
            for _ in 0..<doublings {
                phi = phi.addingMatmul(phi.matmul(z), phi, scale: 0.5)
                z = z * 2
            }
            return phi
        }
        return (
            doubled(even + odd, of: small).to(dtype: z.dtype), doubled(even - odd, of: -small).to(dtype: z.dtype)
        )
    }

    /// `X g^T` for rows X, `[m, k]`: g applied to each of them.
    func applied(toRows rows: Tensor) -> Tensor {
        rows.addingMatmul(rows.matmul(right.transposed()), left.transposed())
    }

    /// `W = g W` for a matrix `[k, d]`, in place.
    func apply(to matrix: Tensor) { matrix.addMatmulInPlace(left, right.matmul(matrix)) }

    /// `W = W g^{-1}` for a matrix `[d, k]`, in place.
    func applyInverse(toColumnsOf matrix: Tensor) {
        matrix.addMatmulInPlace(matrix.matmul(inverseLeft), right, scale: -1)
    }
}
