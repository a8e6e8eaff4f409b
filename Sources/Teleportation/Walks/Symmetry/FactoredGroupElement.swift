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

    /// `scale phi(Z)` and `scale phi(-Z)` with `Z = scale z` for z `[r, r]`, computed in float64.
    ///
    /// It takes the series `sum Z^k / (k + 1)!`, whose even and odd powers serve both, and
    /// `phi(2 Z) = phi(Z) (I + Z phi(Z) / 2)`. The exponential of `[[Z, I], [0, 0]]`, which holds phi, takes five times as long.
    private static func phi(_ z: Tensor, scale: Double) -> (forward: Tensor, backward: Tensor) {
        let wide = z.to(dtype: .float64)
        let norm = wide.squaredNorm().item().squareRoot() * abs(scale)
        guard norm.isFinite else { return (z * .nan, z * .nan) }
        let doublings = norm > ExponentialSeries.largestNorm ? Int(log2(norm).rounded(.up)) + 1 : 0
        let small = wide * (scale * exp2(-Double(doublings)))
        let series = ExponentialSeries(
            of: small, shift: 1, norm: norm * exp2(-Double(doublings)), resolution: z.dtype.epsilon)
        func doubled(_ phi: Tensor, of z: Tensor) -> Tensor {
            var (phi, z) = (phi, z)
            for _ in 0..<doublings {
                phi = phi.addingMatmul(phi.matmul(z), phi, scale: 0.5)
                z = z * 2
            }
            return phi
        }
        let (forward, backward) = (
            doubled(series.even + series.odd, of: small), doubled(series.even - series.odd, of: -small)
        )
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
