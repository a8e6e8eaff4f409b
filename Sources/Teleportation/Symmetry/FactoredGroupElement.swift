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

    /// `phi(Z)` and `phi(-Z)` for `[r, r]`: the upper right block of the exponential of `[[Z, I], [0, 0]]`.
    private static func phi(_ z: Tensor) -> (Tensor, Tensor) {
        let size = z.size(0)
        // The exponential of what is not finite need not come to an end.
        guard z.isAllFinite() else { return (z * .nan, z * .nan) }
        let wide = z.to(dtype: .float64)
        let identity = Tensor.identity(size, dtype: .float64, device: z.device)
        let nothing = Tensor.zeros([size, 2 * size], dtype: .float64, device: z.device)
        let blocks = [wide, -wide].map {
            Tensor.concatenated([.concatenated([$0, identity], along: 1), nothing], along: 0)
        }
        let exponentials = Tensor.stacked(blocks).matrixExponential()
            .narrowed(1, to: 0..<size).narrowed(2, to: size..<2 * size).to(dtype: z.dtype)
        return (exponentials.selected(0, 0), exponentials.selected(0, 1))
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
