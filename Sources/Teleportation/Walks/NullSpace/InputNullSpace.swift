import NeuralNetworks
import Torch

/// The null space of an affine map's input, and the orthogonal projection onto it: pi of NS25 section 3.3.
///
/// With a bias the map's matrix is `[W b]` and each input row ends in a one (NS25 section 3.1.1); d counts that column.
/// The space is described by whichever orthonormal basis is smaller: B, `[d, k]`, of the significant row space, with
/// `pi(X) = X - (X B) B^T` (NS25 eq. 12), or N, `[d, d - k]`, of the null space, with `pi(X) = (X N) N^T`.
public struct InputNullSpace {
    /// d, the columns of the map's matrix.
    public let dimension: Int
    /// d - k, the dimension of the null space.
    public let freeDimensions: Int

    /// The basis, its last row (that of the bias) apart.
    private let basis: (weight: Tensor, bias: Tensor?)
    private let basisIsOfNullSpace: Bool

    /// The null space of fewer rows than they have dimensions, that of a bias included; see `init(of:hasBias:tau:)`.
    init(ofFew rows: Tensor, hasBias: Bool, tau: Double) throws(TorchError) {
        try checkFinite(rows.squaredNorm().item())
        let rows = hasBias ? rows.appendingOnes() : rows
        if tau >= 1 {
            // QR spans the rows without squaring their condition number, at a fraction of the cost of an SVD.
            self.init(basis: rows.transposed().orthonormalized(), ofNullSpace: false, hasBias: hasBias)
        } else {
            let (_, sigma, v) = try rows.singularValueDecomposition()
            let energies = sigma.doubles().map { $0 * $0 }
            let epsilon = rows.dtype.epsilon
            let k = significantRank(energies, tau: tau, resolution: epsilon * epsilon)
            self.init(basis: v.narrowed(0, to: 0..<k).transposed(), ofNullSpace: false, hasBias: hasBias)
        }
    }

    init(basis: Tensor, ofNullSpace: Bool, hasBias: Bool) {
        let (d, columns) = (basis.size(0), basis.size(1))
        dimension = d
        freeDimensions = ofNullSpace ? columns : d - columns
        basisIsOfNullSpace = ofNullSpace
        self.basis =
            hasBias ? (basis.narrowed(0, to: 0..<d - 1), basis.narrowed(0, to: d - 1..<d)) : (basis, nil)
    }

    /// Projects each row of a matrix `[X x]` onto the null space.
    ///
    /// - Parameters:
    ///   - weight: X, the part that belongs to the weight, `[r, in]`.
    ///   - bias: x, the column that belongs to the bias, `[r, 1]`; nil stands for zeros.
    /// - Returns: The parts of the projection, `[r, in]` and, where the map has a bias, `[r, 1]`; nil if it is zero to
    ///   rounding. Rounding errors must not pass for a direction: a step of a given growth would scale them up.
    public func project(_ weight: Tensor, _ bias: Tensor? = nil) -> (weight: Tensor, bias: Tensor?)? {
        guard freeDimensions > 0 else { return nil }
        let coordinates = weight.matmul(basis.weight)
        if let bias, let row = basis.bias { coordinates.addMatmulInPlace(bias, row) }
        let projected: (weight: Tensor, bias: Tensor?)
        if basisIsOfNullSpace {
            projected = rows(ofCoordinates: coordinates)
        } else {
            projected.weight = weight.addingMatmul(coordinates, basis.weight.transposed(), scale: -1)
            projected.bias = basis.bias.map { row in
                bias?.addingMatmul(coordinates, row.transposed(), scale: -1) ?? -coordinates.matmul(row.transposed())
            }
        }
        let left = projected.weight.squaredNorm().item() + (projected.bias?.squaredNorm().item() ?? 0)
        let whole = weight.squaredNorm().item() + (bias?.squaredNorm().item() ?? 0)
        return isRounding(left, of: whole, weight.dtype) ? nil : projected
    }

    /// Projects each row of `delta^T D`, `[out, in]`, as `project(_:_:)` does.
    ///
    /// - Parameters:
    ///   - delta: The cotangents of the map's outputs; see `AffineInput.product`.
    ///   - tangent: D, the tangents of its inputs.
    ///   - input: The input of the map.
    func projectProduct(
        _ delta: Tensor, _ tangent: Tensor, of input: any AffineInput
    ) -> (weight: Tensor, bias: Tensor?)? {
        let (out, columns) = (delta.size(1), input.columnCount)
        guard input.representation != nil, basisIsOfNullSpace, freeDimensions * (out + columns) < out * columns else {
            return project(input.product(delta, tangent))
        }
        // The coordinates of the tangents in a small null space are fewer than their products.
        let coordinates = tangent.matmul(basis.weight)
        let (left, whole) = (coordinates.squaredNorm().item(), tangent.squaredNorm().item())
        return isRounding(left, of: whole, tangent.dtype)
            ? nil : rows(ofCoordinates: delta.transposed().matmul(coordinates))
    }

    /// `X N^T` for coordinates X, `[r, d - k]`, in the null space.
    private func rows(ofCoordinates coordinates: Tensor) -> (weight: Tensor, bias: Tensor?) {
        (
            coordinates.matmul(basis.weight.transposed()),
            basis.bias.map { coordinates.matmul($0.transposed()) }
        )
    }

    /// Whether what a projection leaves of the energy of rows is no more than their rounding errors.
    private func isRounding(_ left: Double, of whole: Double, _ dtype: DType) -> Bool {
        let rounding = 8 * dtype.epsilon * Double(dimension).squareRoot()
        return left <= rounding * rounding * whole
    }
}

/// The smallest k for which the first k energies make up the share tau of all; NS25 eq. 3.
///
/// - Parameters:
///   - energies: `sigma_i^2`, descending.
///   - tau: The share.
///   - resolution: The share that may be left out also where tau says otherwise, since rounding alone makes it up.
func significantRank(_ energies: [Double], tau: Double, resolution: Double) -> Int {
    let total = energies.reduce(0) { $0 + max($1, 0) }
    let allowed = max(total - tau * total, resolution * total)
    // Summed from the small end, where the decision is made.
    var leftOut = 0.0
    var k = energies.count
    while k > 0 {
        leftOut += max(energies[k - 1], 0)
        if leftOut > allowed { break }
        k -= 1
    }
    return k
}

/// Throws if the energy of rows is not finite: a decomposition of such rows does not always fail.
func checkFinite(_ energy: Double) throws(TorchError) {
    guard energy.isFinite else { throw TorchError(description: "the inputs of an affine map are not finite") }
}
