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

    /// The null space of rows of which there are not many more than dimensions; see `init(of:hasBias:tau:)`.
    ///
    /// - Parameters:
    ///   - rows: `[m, d]`, with the column of a bias.
    ///   - hasBias: Whether they have one.
    ///   - tau: The share of the energy.
    ///   - resolution: The share of the energy that is rounding; see `rowResolution(count:_:)`.
    init(ofFew rows: Tensor, hasBias: Bool, tau: Double, resolution: Double) throws(TorchError) {
        let energy = rows.squaredNorm().item()
        try checkFinite(energy)
        let (count, dimension) = (rows.size(0), rows.size(1))
        if tau >= 1, count < dimension {
            // QR spans the rows without squaring their condition number, at a fraction of the cost of an SVD.
            let (basis, triangle) = rows.transposed().qr()
            // Of rows that depend on those before them next to nothing is left; the basis then has directions that no row needs.
            let remainders = (triangle * .identity(count, dtype: rows.dtype, device: rows.device)).sum(along: [0])
                .doubles()
            let smallest = remainders.map { $0 * $0 }.min() ?? .infinity
            guard smallest <= Double(dimension) * resolution * energy else {
                self.init(basis: basis, ofNullSpace: false, hasBias: hasBias)
                return
            }
        }
        let exact = tau >= 1 ? rows.to(dtype: .float64) : rows
        let (_, sigma, v) = try exact.singularValueDecomposition()
        let energies = sigma.doubles().map { $0 * $0 }
        let k = significantRank(energies, tau: tau, resolution: resolution)
        // Where there are as many rows as dimensions, the null space may be the smaller of the two.
        let ofNullSpace = count >= dimension && dimension - k < k
        let basis = v.narrowed(0, to: ofNullSpace ? k..<dimension : 0..<k).transposed()
        self.init(basis: basis.to(dtype: rows.dtype), ofNullSpace: ofNullSpace, hasBias: hasBias)
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
        let (left, whole) = Self.energies([projected.weight, projected.bias], [weight, bias])
        return isRounding(left, of: whole, weight.dtype) ? nil : projected
    }

    /// Projects each row of `delta^T D`, `[out, in]`, as `project(_:_:)` does.
    ///
    /// - Parameters:
    ///   - delta: The cotangents of the map's outputs; see `AffineInput.product`.
    ///   - tangent: D, the tangents of its inputs.
    ///   - input: The input of the map.
    ///   - shard: Which part of a batch that is spread over processes these belong to; the product is then that of all.
    func projectProduct(
        _ delta: Tensor, _ tangent: Tensor, of input: any AffineInput, over shard: Shard? = nil
    ) -> (weight: Tensor, bias: Tensor?)? {
        let (out, columns) = (delta.size(1), input.columnCount)
        guard input.representation != nil, basisIsOfNullSpace, freeDimensions * (out + columns) < out * columns else {
            let product = input.product(delta, tangent)
            return project(shard?.sum(product) ?? product)
        }
        // The coordinates of the tangents in a small null space are fewer than their products.
        let coordinates = tangent.matmul(basis.weight)
        var (left, whole) = Self.energies([coordinates], [tangent])
        if let shard {
            let sums = shard.sums([left, whole])
            (left, whole) = (sums[0], sums[1])
        }
        guard !isRounding(left, of: whole, tangent.dtype) else { return nil }
        let product = delta.transposed().matmul(coordinates)
        return rows(ofCoordinates: shard?.sum(product) ?? product)
    }

    /// `X N^T` for coordinates X, `[r, d - k]`, in the null space.
    private func rows(ofCoordinates coordinates: Tensor) -> (weight: Tensor, bias: Tensor?) {
        (
            coordinates.matmul(basis.weight.transposed()),
            basis.bias.map { coordinates.matmul($0.transposed()) }
        )
    }

    /// The sums of the squared elements of what is left and of what there was. Waits for the device once.
    private static func energies(_ left: [Tensor?], _ whole: [Tensor?]) -> (left: Double, whole: Double) {
        let (left, whole) = (left.compactMap(\.self), whole.compactMap(\.self))
        let sums = Tensor.stacked((left + whole).map { $0.squaredNorm() }).doubles()
        return (sums[..<left.count].reduce(0, +), sums[left.count...].reduce(0, +))
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

/// The share of the energy of rows that is rounding. Each row is off by a few units in the last place; the decomposition of m equal
/// rows, which are added up, by a fraction of m units. Rows in `float32` are decomposed in `float64`, where that is nothing.
///
/// - Parameters:
///   - count: m.
///   - dtype: The element type of the rows.
func rowResolution(count: Int, _ dtype: DType) -> Double {
    let ofSum = dtype == .float64 ? Double(count) * Double(count) / 16 : 0
    return max(64, ofSum) * dtype.epsilon * dtype.epsilon
}

/// Throws if the energy of rows is not finite: a decomposition of such rows does not always fail.
func checkFinite(_ energy: Double) throws(TorchError) {
    guard energy.isFinite else { throw TorchError(description: "the inputs of an affine map are not finite") }
}
