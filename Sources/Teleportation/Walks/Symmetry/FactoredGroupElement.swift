import Foundation
import NeuralNetworks
import Torch

/// A group element `g = I + P F Q^T` and its inverse `g^{-1} = I - P F' Q^T` with P and Q `[k, r]`, F and F' `[r, r]`.
///
/// The gradient with respect to T is a product of rank r, twice the number of samples at most: `T = P Q^T`. Then
/// `exp(T) = I + P phi(Q^T P) Q^T` with `phi(Z) = (e^Z - I) Z^{-1}`, and no work is of the order of `k^3`.
struct FactoredGroupElement {
    /// P.
    private let left: Tensor
    /// `Q^T`; nil for the identity.
    private let right: Tensor?
    private let forward: Tensor
    private let backward: Tensor

    /// The element that `scale` times a matrix of the Lie algebra, `[k, k]`, stands for.
    init(_ kind: GroupElement, of direction: ParameterGradient, scale: Double) {
        switch direction {
        case .product(let delta, let input) where input.rowCount < input.columnCount:
            left = delta.transposed()
            right = input.rows
        default:
            // The product is no larger than its factors.
            left = direction.formed()
            right = nil
        }
        switch kind {
        case .firstOrder:
            forward = .identity(left.size(1), dtype: left.dtype, device: left.device) * scale
            backward = forward
        case .exponential: (forward, backward) = Self.phi(right?.matmul(left) ?? left, scale: scale)
        }
    }

    /// The highest power of Z that the series of phi needs, at most 13 for a norm of 1/2: the next one is below the
    /// resolution.
    private static func highestPower(forNorm norm: Double, resolution: Double) -> Int {
        (1..<13).first { pow(norm, Double($0 + 1)) / tgamma(Double($0 + 3)) < resolution / 16 } ?? 13
    }

    /// `scale phi(Z)` and `scale phi(-Z)` with `Z = scale z` for z `[r, r]`, computed in float64.
    ///
    /// It takes the series `sum Z^k / (k + 1)!`, whose even and odd powers serve both, and
    /// `phi(2 Z) = phi(Z) (I + Z phi(Z) / 2)`. The exponential of `[[Z, I], [0, 0]]`, which holds phi, takes five times as long.
    private static func phi(_ z: Tensor, scale: Double) -> (forward: Tensor, backward: Tensor) {
        let wide = z.to(dtype: .float64)
        let norm = wide.squaredNorm().item().squareRoot() * abs(scale)
        guard norm.isFinite else { return (z * .nan, z * .nan) }
        let doublings = norm > 0.5 ? Int(log2(norm).rounded(.up)) + 1 : 0
        let small = wide * (scale * exp2(-Double(doublings)))
        let highest = highestPower(forNorm: norm * exp2(-Double(doublings)), resolution: z.dtype.epsilon)
        let square = small.matmul(small)
        let identity = Tensor.identity(z.size(0), dtype: .float64, device: z.device)
        /// `first sum square^j / (2 j + power + 1)!` by Horner's rule, where first is `square^0` or Z.
        func series(_ first: Tensor, from power: Int) -> Tensor {
            let coefficients = stride(from: power, through: highest, by: 2).map { 1 / tgamma(Double($0 + 2)) }
            var sum = first * coefficients[coefficients.count - 1]
            for coefficient in coefficients.dropLast().reversed() {
                sum = (first * coefficient).addingMatmul(square, sum)
            }
            return sum
        }
        let (even, odd) = (series(identity, from: 0), series(small, from: 1))
        func doubled(_ phi: Tensor, of z: Tensor) -> Tensor {
            var (phi, z) = (phi, z)
            for _ in 0..<doublings {
                phi = phi.addingMatmul(phi.matmul(z), phi, scale: 0.5)
                z = z * 2
            }
            return phi
        }
        let (forward, backward) = (doubled(even + odd, of: small), doubled(even - odd, of: -small))
        return ((forward * scale).to(dtype: z.dtype), (backward * scale).to(dtype: z.dtype))
    }

    /// `X g^T` for rows X, `[m, k]`: g applied to each of them.
    func applied(toRows rows: Tensor) -> Tensor {
        let coordinates = right.map { rows.matmul($0.transposed()) } ?? rows
        return rows.addingMatmul(coordinates.matmul(forward.transposed()), left.transposed())
    }

    /// `W = g W` for a matrix `[k, d]`, in place.
    func apply(to matrix: Tensor) {
        matrix.addMatmulInPlace(left, forward.matmul(right?.matmul(matrix) ?? matrix))
    }

    /// `W = W g^{-1}` for a matrix `[d, k]`, in place.
    func applyInverse(toColumnsOf matrix: Tensor) {
        let coordinates = matrix.matmul(left)
        if let right {
            matrix.addMatmulInPlace(coordinates.matmul(backward), right, scale: -1)
        } else {
            matrix.addMatmulInPlace(coordinates, backward, scale: -1)
        }
    }
}
